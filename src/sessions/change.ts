import { createHash } from 'node:crypto';
import type { CoverageAccount } from '../contract/coverage.ts';
import { Prisma, type Session } from '../generated/prisma/client.ts';
import type { SessionState } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { sameBytes } from '../platform/keys.ts';
import { OperationReusedError, SessionNotFoundError, VersionConflictError } from './errors.ts';
import { mayWrite } from './session-keys.ts';

/** What every change of a session carries. */
export type ChangeInput = {
  sessionId: string;
  /** Made by the client, new for each change; a repeat of the same change does nothing more. */
  operationId: string;
  /** Version the client last saw; `null` to change whatever is there. */
  expectedVersion?: number | null;
};

/** Fields that a change sets, with the reason for the history. */
export type Change = Partial<
  Pick<
    Session,
    'task' | 'startUrl' | 'endedAt' | 'lastActivityAt' | 'lastSequence' | 'hold' | 'dropped'
  >
> & {
  state?: SessionState;
  coverage?: CoverageAccount | null;
  reason?: string | null;
};

/**
 * Changes a session for a client: finds it, looks the operation up before the version is compared,
 * locks the row, applies, writes the history and tells subscribers, all in one transaction.
 *
 * @param decide gets the locked row, refuses by throwing, answers with what to set; what else it writes
 *   through `tx` shares the transaction
 * @throws {SessionNotFoundError}
 * @throws {VersionConflictError}
 * @throws {OperationReusedError}
 */
export async function changeSession(
  app: Pick<App, 'db' | 'pubsub'>,
  viewer: Viewer,
  input: ChangeInput & Record<string, unknown>,
  decide: (tx: Tx, session: Session) => Promise<Change>,
): Promise<void> {
  const { sessionId, operationId, expectedVersion, ...what } = input;
  const inputHash = createHash('sha256')
    .update(canonicalJson({ sessionId, ...what }))
    .digest();
  await app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, sessionId);
    if (!session || session.projectId !== viewer.projectId || !mayWrite(viewer, session))
      throw new SessionNotFoundError(sessionId);
    const before = await tx.sessionOperation.findUnique({
      where: { sessionId_operationId: { sessionId, operationId } },
      select: { inputHash: true },
    });
    if (before) {
      if (!sameBytes(before.inputHash, inputHash)) throw new OperationReusedError(operationId);
      return;
    }
    if (expectedVersion != null && expectedVersion !== session.version)
      throw new VersionConflictError(sessionId, expectedVersion, session.version);
    const change = await decide(tx, session);
    const version = await applyChange(app, tx, session, change);
    await tx.sessionOperation.create({
      data: { sessionId, operationId, inputHash, version },
      select: { version: true },
    });
  });
}

/** Takes the session's row for this transaction: ingest waits, other changes wait. */
export async function lockSession(tx: Tx, sessionId: string): Promise<Session | null> {
  await tx.$queryRaw`SELECT 1 FROM "Session" WHERE "id" = ${sessionId}::uuid FOR UPDATE`;
  return tx.session.findUnique({ where: { id: sessionId } });
}

/** Sets the fields of a locked session, raises its version, appends to the history and tells subscribers. */
export async function applyChange(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  { id, projectId, state, version }: Pick<Session, 'id' | 'projectId' | 'state' | 'version'>,
  change: Change,
): Promise<number> {
  const next = version + 1;
  const { dropped, coverage, ...fields } = change;
  await tx.session.update({
    where: { id },
    data: {
      ...fields,
      ...(dropped === undefined || dropped === null ? {} : { dropped }),
      ...(coverage === undefined ? {} : { coverage: coverage ?? Prisma.DbNull }),
      version: next,
    },
    select: { id: true },
  });
  await tx.sessionEvent.create({
    data: {
      id: newId(),
      sessionId: id,
      state: change.state ?? state,
      version: next,
      reason: change.reason ?? null,
    },
    select: { id: true },
  });
  await pubsub.notify(tx, { topic: 'session', projectId, subjectId: id, sessionId: id });
  return next;
}
