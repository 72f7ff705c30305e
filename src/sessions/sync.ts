import type { HealthSample } from '../contract/health.ts';
import type { OwnTake } from '../diagnostics/sync/digests.ts';
import { SyncClientTakenError } from '../diagnostics/sync/errors.ts';
import { reportSyncState, type SyncReceipt } from '../diagnostics/sync/report.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import { addItem, emptyDigest, itemHash } from '../lib/sync/digest.ts';
import { interactionItem } from '../lib/sync/interactions.ts';
import { waitingMost } from '../lib/sync/sequence.ts';
import type { App } from '../platform/app.ts';
import { deskOf } from './ingest.ts';

type Session = { projectId: string; sessionId: string };

/** Rows that are hashed before others get a turn. */
const atOnce = 1_000;

/**
 * Tells sync how a recorder is: each session's is a client as any other. Its sequence is judged
 * against what is stored, and its digest is compared with that of what is stored, up to where it was
 * acknowledged.
 *
 * @returns `null` for a key that is no participant's, and where another client came with the session's id
 */
export async function reportRecorder(
  app: App,
  viewer: Viewer,
  { projectId, sessionId }: Session,
  sample: HealthSample,
): Promise<SyncReceipt | null> {
  const { participantId } = viewer;
  if (participantId === null) return null;
  const { sync } = sample;
  const session = { projectId, sessionId };
  const applied = await deskOf(app).acknowledgements.advance(session, []);
  const stream = `session/${sessionId}`;
  const input = {
    reportId: newId(),
    client: {
      // A session has one recorder and one queue, whatever keys it comes with.
      ...{ id: sessionId, name: 'Recorder', platform: 'EXTENSION', isAuthority: false },
      token: sessionId, // its key has proved it
    },
    sampledAt: sample.sampledAt,
    telemetry: {
      ...{ isOnline: true, queueDepth: sample.queueDepth, oldestAgeMs: sample.oldestAgeMs },
      ...{ headAttempts: sample.attempts, lastError: sample.lastError, restarts: sample.restarts },
      headId: sync ? `${stream}/${sync.headSequence ?? 'uploads'}` : stream,
      ...{ attemptAgeMs: sync?.attemptAgeMs, retryIntervalMs: sync?.retryIntervalMs },
      ...{ storedBytes: sizeOf(sample.storedBytes), quotaBytes: sizeOf(sample.quotaBytes) },
      socket: sync ? { reconnects: sync.reconnects, missedPings: 0 } : null,
    },
    ...(sync ? await ofSync(app, { session, stream, applied, sync }) : {}),
  };
  const takes =
    sync?.digest && sync.isQueueEmpty ? [await takeOf(app, session, sync.digest.upTo)] : [];
  try {
    return await reportSyncState(app, { projectId, participantId }, input, { takes });
  } catch (error) {
    if (!(error instanceof SyncClientTakenError)) throw error;
    app.log.warn({ projectId }, error.message); // how it records is told all the same
    return null;
  }
}

async function ofSync(
  app: App,
  {
    session,
    stream,
    applied,
    sync,
  }: {
    session: Session;
    stream: string;
    applied: number;
    sync: NonNullable<HealthSample['sync']>;
  },
) {
  const { digest, isQueueEmpty, lastSequence } = sync;
  const beyond = await app.db.interaction.findMany({
    where: { ...session, sequence: { gt: applied } },
    orderBy: { sequence: 'asc' },
    take: waitingMost,
    select: { sequence: true },
  });
  const waiting = beyond.map(({ sequence }) => sequence);
  const pendingFrom = sync.headSequence ?? lastSequence + 1;
  const entity = { entityType: interactionEntity, entityId: session.sessionId };
  return {
    checkpoint: `${stream}/${digest?.upTo ?? lastSequence}`,
    isUploadQueueEmpty: isQueueEmpty,
    sequences: [{ stream, issued: lastSequence, pendingFrom, applied, waiting }],
    ...(digest
      ? {
          takenAt: digest.takenAt,
          digests: [{ ...entity, count: digest.count, sum: digest.sum }],
        }
      : {}),
  };
}

/** What kind of thing a session's interactions are to sync; the session is its id. */
const interactionEntity = 'SessionInteractions';

/** What is stored of a session, a page at a time. */
async function takeOf(app: App, session: Session, upTo: number): Promise<OwnTake> {
  let digest = emptyDigest;
  for (let after = 0; after < upTo; ) {
    const rows = await app.db.interaction.findMany({
      where: { ...session, sequence: { gt: after, lte: upTo } },
      orderBy: { sequence: 'asc' },
      take: atOnce,
      select: {
        ...{ sequence: true, id: true, type: true, occurredAt: true },
        ...{ sessionTimeMs: true, dropped: true },
      },
    });
    for (const { dropped, ...row } of rows) {
      const { sequence } = row;
      const item = interactionItem(dropped === null ? row : { sequence, dropped });
      digest = addItem(digest, itemHash(item));
    }
    after = rows.at(-1)?.sequence ?? upTo;
  }
  return { entityType: interactionEntity, entityId: session.sessionId, digest };
}

function sizeOf(bytes: bigint | null | undefined): number | null {
  return bytes == null ? null : Math.min(Number(bytes), Number.MAX_SAFE_INTEGER);
}
