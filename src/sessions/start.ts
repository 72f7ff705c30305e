import { SessionRecord } from '../contract/recording.ts';
import type { Session } from '../generated/prisma/client.ts';
import type { Viewer } from '../graphql/context.ts';
import { parseInput } from '../graphql/input.ts';
import { newId } from '../lib/ids.ts';
import { siteOf } from '../lib/site.ts';
import { refuseUnstorable, refuseUnstorableInstant } from '../lib/storable.ts';
import type { App } from '../platform/app.ts';
import { requireConsent } from '../privacy/consents.ts';
import { redactAddress, redactJson, redactWords } from '../privacy/redact.ts';
import { SessionIdTakenError, TooManySessionsError } from './errors.ts';
import { deskOf } from './ingest.ts';
import { refuseWhenOverloaded } from './overload.ts';
import { mayWrite } from './session-keys.ts';

const retryAfterSeconds = 30;

/**
 * Starts a session, or finds the one that was started with this id: a repeat resumes it.
 *
 * @throws {InvalidInputError}
 * @throws {SessionIdTakenError} the id is another participant's session
 * @throws {ConsentMissingError} the consent that is named does not hold
 * @throws {TooManySessionsError} too many of this participant's sessions are active now
 * @throws {OverloadedError}
 */
export async function startSession(app: App, viewer: Viewer, input: unknown): Promise<Session> {
  const record = parseStart(input);
  const { writer } = deskOf(app);
  const { projectId, participantId } = viewer;
  const known = await app.db.session.findUnique({ where: { id: record.id } });
  if (known) return resumable(known, viewer);
  refuseWhenOverloaded(app, {
    waitingRows: writer.waiting(),
    waitedMs: writer.waitedMs(),
    isNewSession: true,
  });

  const startUrl = redactAddress(record.startUrl);
  return app.db.$transaction(async (tx) => {
    // One start of a participant at a time, so that two do not pass the cap together.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`start/${participantId ?? projectId}`}, 0))`;
    const raced = await tx.session.findUnique({ where: { id: record.id } });
    if (raced) return resumable(raced, viewer);
    if (record.consentId) await requireConsent(tx, viewer, record.consentId);
    const active = await tx.session.count({ where: { projectId, participantId, state: 'ACTIVE' } });
    const limit = app.config.sessions.maxPerUser;
    if (active >= limit) throw new TooManySessionsError(limit, retryAfterSeconds);

    const session = await tx.session.create({
      data: {
        id: record.id,
        projectId,
        participantId,
        consentId: record.consentId ?? null,
        kind: record.kind,
        task: redactWords(record.task),
        site: siteOf(startUrl),
        startUrl,
        startedAt: record.startedAt,
        client: redactJson(record.client) as object,
      },
    });
    await tx.sessionKey.create({
      data: { sessionId: record.id, ...keyColumns(app, record.id) },
      select: { sessionId: true },
    });
    await tx.sessionEvent.create({
      data: { id: newId(), sessionId: record.id, state: 'ACTIVE', version: 1 },
      select: { id: true },
    });
    await app.pubsub.notify(tx, {
      topic: 'session',
      projectId,
      subjectId: record.id,
      sessionId: record.id,
    });
    return session;
  });
}

/** @throws {InvalidInputError} */
function parseStart(input: unknown): SessionRecord {
  refuseUnstorable(input, 'input');
  const record = parseInput(SessionRecord, input, 'input');
  refuseUnstorableInstant(new Date(record.startedAt), 'input.startedAt');
  return { ...record, id: record.id.toLowerCase() }; // as the database says it: the key is bound to it
}

function keyColumns({ keys }: Pick<App, 'keys'>, sessionId: string) {
  const { generation, wrapped } = keys.create(sessionId);
  return { generation, wrapped: new Uint8Array(wrapped) };
}

function resumable(session: Session, viewer: Viewer): Session {
  if (session.projectId !== viewer.projectId || !mayWrite(viewer, session))
    throw new SessionIdTakenError(session.id);
  return session;
}
