import type { DropReason } from '../../src/contract/vocabulary.ts';
import { type BlobRow, type Database, StorageError, type Tx } from './database.ts';

/** Something that the participant should know. */
export type Problem = { message: string; advice: string };

export type RoomOptions = {
  onProblem?: (problem: Problem) => void;
  limitBytes?: () => Promise<number | null>;
  estimate?: () => Promise<StorageEstimate>;
};

type Kind = BlobRow['kind'];

/** Sees to it that what must be kept can be kept. Pictures go first, then pages, then sounds; the oldest of them. */
export type Room = {
  /** Makes room for so many bytes of a kind; `false` when there is nothing left that could go for it. */
  make(kind: Kind, bytes: number): Promise<boolean>;
  /** Runs a write, again with more room while there is none. @throws {StorageError} */
  writing<T>(write: () => Promise<T>): Promise<T>;
};

const fullShare = 0.8;
const spareBytes = 50 * 1024 * 1024;
/** Given up at once when the browser refuses to write: deleted bytes come free a little later. */
const atOnceBytes = 8 * 1024 * 1024;
const writeTries = 6;
const problemEveryMs = 60_000;
const order: Kind[] = ['screenshot', 'snapshot', 'audio'];
/** What may go for a new one: pictures for anything, and else only older ones of its own kind. */
const giving: Record<Kind, Kind[]> = {
  screenshot: ['screenshot'],
  snapshot: ['screenshot', 'snapshot'],
  audio: ['screenshot', 'audio'],
};

export function openRoom(
  database: Database,
  { onProblem, limitBytes = async () => null, estimate }: RoomOptions,
): Room {
  const ask = estimate ?? (() => navigator.storage.estimate());
  let saidAt = 0;

  const lackingBytes = async (bytes: number): Promise<number> => {
    const limit = await limitBytes();
    const overLimit = limit === null ? 0 : (await totalBytes(database)) + bytes - limit;
    const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await ask();
    const overGrant = usage + bytes - Math.min(quota * fullShare, quota - spareBytes);
    // What was deleted shows in `usage` later: no more than twice of what comes goes for it at once.
    return Math.max(overLimit, Math.min(overGrant, 2 * bytes));
  };

  const giveUp = async (kinds: Kind[], bytes: number): Promise<number> => {
    const { freed, count } = await dropOldest(database, kinds, bytes);
    if (count > 0 && Date.now() - saidAt > problemEveryMs) {
      saidAt = Date.now();
      onProblem?.({
        message: 'This device has no room left: the oldest pictures that wait are given up.',
        advice:
          'Free some disk space, or connect to the server so that what waits can be sent. Everything you do is still recorded.',
      });
    }
    return freed;
  };

  return {
    async make(kind, bytes) {
      const lacking = await lackingBytes(bytes);
      if (lacking <= 0 || (await giveUp(giving[kind], lacking)) >= lacking) return true;
      return (await lackingBytes(bytes)) <= 0;
    },
    async writing(write) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await write();
        } catch (error) {
          const isFull = error instanceof StorageError && error.isFull;
          if (!isFull || tries >= writeTries || (await giveUp(order, atOnceBytes)) === 0)
            throw error;
        }
      }
    },
  };
}

/** Bytes of all pictures, pages and sounds that are here. */
export function totalBytes(database: Database): Promise<number> {
  return database.read(
    ['totals'],
    async (tx) => (await tx.objectStore('totals').get('bytes')) ?? 0,
  );
}

/** Gives up the bytes of a blob that the server does not have, within a transaction. */
export async function dropRow(tx: Tx, row: BlobRow, reason: DropReason): Promise<void> {
  if (row.state === 'stored' || row.state === 'dropped') return;
  const { heldAt: _, ...rest } = row;
  await tx.objectStore('blobs').put({ ...rest, state: 'dropped', reason, bytes: 0 });
  await forgetBytes(tx, row);
  const owner = await tx.objectStore('sessions').get(row.sessionId);
  if (!owner) return;
  const { session } = owner;
  const { coverage } = session;
  await tx.objectStore('sessions').put({
    ...owner,
    session: {
      ...session,
      dropped: session.dropped + 1,
      coverage:
        reason === 'QUOTA'
          ? { ...coverage, droppedForQuota: coverage.droppedForQuota + 1 }
          : coverage,
    },
  });
}

/** Deletes the bytes and takes them off the total. */
export async function forgetBytes(tx: Tx, row: BlobRow): Promise<void> {
  if (row.bytes === 0) return;
  await tx.objectStore('bytes').delete(row.id);
  const total = (await tx.objectStore('totals').get('bytes')) ?? 0;
  await tx.objectStore('totals').put(total - row.bytes, 'bytes');
}

function dropOldest(
  database: Database,
  kinds: Kind[],
  bytes: number,
): Promise<{ freed: number; count: number }> {
  return database.write(['sessions', 'blobs', 'bytes', 'totals'], async (tx) => {
    let freed = 0;
    let count = 0;
    for (const kind of kinds) {
      const ofKind = IDBKeyRange.bound([kind], [kind, []]);
      const oldest = tx.objectStore('blobs').index('byAge').iterate(ofKind);
      for await (const { value: row } of oldest) {
        if (freed >= bytes) return { freed, count };
        freed += row.bytes;
        count += 1;
        await dropRow(tx, row, 'QUOTA');
      }
    }
    return { freed, count };
  });
}
