import type * as z from 'zod';
import { openIssue } from '../diagnostics/sync/issues.ts';
import type { SessionState } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { findUnstorable, isStorableInstant } from '../lib/storable.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { sameBytes } from '../platform/keys.ts';
import { SessionEndedError, SessionNotFoundError } from './errors.ts';
import { resumeIdleSession, touchSession } from './idle.ts';
import { deskOf } from './ingest.ts';
import { refuseWhenOverloaded } from './overload.ts';
import { openSessionFor } from './session-keys.ts';
import { slotsOf, type Upload, type UploadRejection, type UploadSlots } from './slots.ts';
import { type UploadKind, uploadColumns, uploadKinds } from './upload-kinds.ts';

/** Something that is announced before its bytes come: the contract of each kind has these. */
type Announceable = {
  id: string;
  sha256: string;
  bytes: number;
  capturedAt?: string;
  startedAt?: string;
};

/** An announcement that may be stored. */
export type Announced<T> = { record: T; hash: Uint8Array<ArrayBuffer> };

/** Whose it is. */
export type Owner = { projectId: string; sessionId: string };

/**
 * Takes note of things whose bytes follow by `PUT`. Repeats give the same answer.
 *
 * @param write stores what is new, for a session that cannot end meanwhile
 * @throws {InvalidInputError} @throws {SessionNotFoundError} @throws {SessionEndedError} @throws {OverloadedError}
 */
export async function announce<T extends Announceable>(
  app: App,
  viewer: Viewer,
  call: { kind: UploadKind; sessionId: string; items: { id: string }[]; contract: z.ZodType<T> },
  write: (tx: Tx, announced: Announced<T>[], owner: Owner) => Promise<unknown>,
): Promise<UploadSlots> {
  const { kind, sessionId, items, contract } = call;
  const { projectId } = await admit(app, viewer, sessionId, kind, items.length);
  const owner = { projectId, sessionId };
  const { good, rejected } = parseEach(app, kind, contract, items);
  await whileOpen(app, sessionId, (tx) => write(tx, good, owner));
  return answer(app, owner, kind, good, rejected);
}

async function admit(
  app: App,
  viewer: Viewer,
  sessionId: string,
  kind: UploadKind,
  count: number,
): Promise<{ projectId: string }> {
  const { field, many, perCall } = uploadKinds[kind];
  if (count > perCall)
    throw new InvalidInputError(
      `input.${field}`,
      `Expected at most ${perCall} ${many} in one call, got ${count}.`,
    );
  const { writer } = deskOf(app);
  refuseWhenOverloaded(app, {
    waitingRows: writer.waiting(),
    waitedMs: writer.waitedMs(),
    isNewSession: false,
  });
  return openSessionFor(app, viewer, sessionId);
}

/** Writes for a session that cannot end meanwhile, so that an ended one holds nothing unaccounted. */
async function whileOpen(
  app: App,
  sessionId: string,
  write: (tx: Tx) => Promise<unknown>,
): Promise<void> {
  const state = await app.db.$transaction(async (tx) => {
    const [session] = await tx.$queryRaw<{ state: SessionState }[]>`
      SELECT "state"::text AS "state" FROM "Session" WHERE "id" = ${sessionId}::uuid FOR KEY SHARE`;
    if (!session) throw new SessionNotFoundError(sessionId);
    const { state } = session;
    if (state !== 'ACTIVE' && state !== 'PAUSED') throw new SessionEndedError(state);
    await write(tx);
    return state;
  });
  if (state === 'PAUSED') await resumeIdleSession(app, sessionId);
  touchSession(app, sessionId);
}

function parseEach<T extends Announceable>(
  { config }: Pick<App, 'config'>,
  kind: UploadKind,
  contract: z.ZodType<T>,
  items: { id: string }[],
) {
  const { one, maxBytes, setting } = uploadKinds[kind];
  const most = maxBytes(config);
  const good: Announced<T>[] = [];
  const rejected: UploadRejection[] = [];
  for (const item of items) {
    const parsed = contract.safeParse(item);
    const problem = parsed.success ? findProblem(parsed.data) : parsed.error.issues[0];
    if (!parsed.success || problem) {
      const message = `${problem?.path.join('.')}: ${problem?.message}`;
      rejected.push({ id: item.id, code: 'INVALID', message });
    } else if (parsed.data.bytes > most) {
      const message = `Expected at most ${most} bytes for a ${one}${setting ? ` (${setting})` : ''}, got ${parsed.data.bytes}.`;
      rejected.push({ id: item.id, code: 'TOO_LARGE', message });
    } else
      good.push({
        record: { ...parsed.data, id: parsed.data.id.toLowerCase() }, // as the database says it
        hash: new Uint8Array(Buffer.from(parsed.data.sha256, 'hex')),
      });
  }
  return { good, rejected };
}

/** What fits the contract and yet not the database, where it would fail the whole call. */
function findProblem(record: Announceable): { path: PropertyKey[]; message: string } | null {
  const field = findUnstorable(record, '');
  if (field)
    return { path: [field], message: 'expected text without NUL and half surrogate pairs' };
  for (const name of ['capturedAt', 'startedAt'] as const) {
    const instant = record[name];
    if (instant !== undefined && !isStorableInstant(new Date(instant)))
      return { path: [name], message: 'expected an instant of the years 1 to 9999' };
  }
  return null;
}

/** Tells new and repeated announcements from other things under a used id, which stay as they are. */
async function answer<T extends { id: string }>(
  app: App,
  { projectId, sessionId }: Owner,
  kind: UploadKind,
  announced: Announced<T>[],
  rejected: UploadRejection[],
): Promise<UploadSlots> {
  const { rows, model } = uploadKinds[kind];
  const hashes = new Map(announced.map(({ record, hash }) => [record.id, hash]));
  const held = await rows(app.db).findMany({
    where: { id: { in: [...hashes.keys()] } },
    select: uploadColumns,
  });
  const same: Upload[] = [];
  for (const row of held) {
    const hash = hashes.get(row.id);
    if (hash && row.sessionId === sessionId && sameBytes(hash, row.sha256)) {
      same.push({ id: row.id, upload: row.upload, kind });
      continue;
    }
    rejected.push({
      id: row.id,
      code: 'ID_TAKEN',
      message: `Expected an id of its own, ${row.id} was announced with other bytes or for another session.`,
    });
    const disagreement = {
      projectId,
      type: 'CONFLICT',
      entityType: model,
      entityId: `${sessionId}/${row.id}`,
      message: 'Another announcement came under an id that is in use; the first one stays.',
    } as const;
    await app.db.$transaction((tx) => openIssue(app, tx, disagreement));
  }
  return slotsOf(app, sessionId, same, rejected);
}
