import type { CoverageAccount } from '../../src/contract/coverage.ts';
import {
  coverageCounts,
  frameCounts,
  mapWords,
  missedScreenshots,
} from '../../src/contract/vocabulary.ts';
import { emptyDigest, sumText } from '../../src/lib/sync/digest.ts';
import {
  allOf,
  type Database,
  type Names,
  openDatabase,
  type SessionRow,
  StorageError,
  type Tx,
} from './database.ts';
import { dropRow, openRoom, type Problem } from './room.ts';
import type { KeptBlob, LocalState, NewSession, Store, StoredSession } from './types.ts';

export type StoreOptions = {
  name?: string;
  /** Hears what the participant should know. */
  onProblem?: (problem: Problem) => void;
  /** Most bytes of pictures, pages and sounds; `null` for what the browser grants. */
  limitBytes?: () => Promise<number | null>;
  /** What the browser says of its storage. */
  estimate?: () => Promise<StorageEstimate>;
};

/** The store with what the sender needs of it. */
export type OpenedStore = Store & {
  database: Database;
  /** Hears after every change that is on disk. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
};

/** The session is gone, or takes nothing more. */
export class SessionClosedError extends Error {
  override name = 'SessionClosedError';
}

const taking: ReadonlySet<LocalState> = new Set(['recording', 'paused']);

/** What is captured, on the disk of this browser profile. May be open several times. */
export async function openStore(options: StoreOptions = {}): Promise<OpenedStore> {
  const database = openDatabase(options.name ?? 'codesight');
  const room = openRoom(database, options);
  const listeners = new Set<() => void>();
  let lastKept = 0;

  /** Makes room when there is none, and tells of the change. */
  const write = async <T>(names: Names[], work: (tx: Tx) => Promise<T>): Promise<T> => {
    const answer = await room.writing(() => database.write(names, work));
    for (const listener of listeners) listener();
    return answer;
  };

  const change: Store['changeSession'] = (id, make) =>
    write(['sessions'], async (tx) => {
      const row = await tx.objectStore('sessions').get(id);
      if (!row) return null;
      const session = { ...row.session, ...make(row.session), id };
      await tx.objectStore('sessions').put({ ...row, session });
      return session;
    });

  const keep = (sessionId: string, { kind, record, bytes }: KeptBlob, isFull: boolean) =>
    write(['sessions', 'blobs', 'bytes', 'totals'], async (tx) => {
      const row = await takingRow(tx, sessionId);
      if (await tx.objectStore('blobs').getKey(record.id)) return;
      lastKept = Math.max(Date.now(), lastKept + 0.001); // in the order in which they came
      const held = isFull ? 0 : bytes.byteLength;
      const about = { kind, record } as KeptBlob; // the union says it of both at once
      await tx.objectStore('blobs').put({
        ...about,
        id: record.id,
        sessionId,
        state: isFull ? 'dropped' : 'kept',
        reason: isFull ? 'QUOTA' : null,
        bytes: held,
        keptAt: lastKept,
        ...(isFull ? {} : { heldAt: lastKept }),
      });
      if (!isFull) {
        await tx.objectStore('bytes').put(bytes, record.id);
        const total = (await tx.objectStore('totals').get('bytes')) ?? 0;
        await tx.objectStore('totals').put(total + held, 'bytes');
      }
      await tx.objectStore('sessions').put({ ...row, session: counted(row.session, kind, isFull) });
    });

  return {
    database,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => database.close(),

    startSession: (session) =>
      write(['sessions'], async (tx) => {
        const there = await tx.objectStore('sessions').get(session.id);
        if (there) return there.session;
        const row = newRow(session);
        await tx.objectStore('sessions').put(row);
        return row.session;
      }),
    session: (id) =>
      database.read(['sessions'], async (tx) => {
        const row = await tx.objectStore('sessions').get(id);
        return row?.session ?? null;
      }),
    sessions: () =>
      database.read(['sessions'], async (tx) => {
        const rows = await tx.objectStore('sessions').index('byStart').getAll();
        return rows.map(({ session }) => session).reverse();
      }),
    changeSession: change,
    removeSession: (id) =>
      write(
        ['sessions', 'drafts', 'numbered', 'interactions', 'blobs', 'bytes', 'totals'],
        async (tx) => {
          await removeContent(tx, id);
          await tx.objectStore('sessions').delete(id);
        },
      ),

    async keepDrafts(drafts) {
      if (drafts.length === 0) return;
      await write(['sessions', 'drafts', 'numbered'], async (tx) => {
        for (const id of new Set(drafts.map(({ sessionId }) => sessionId))) await takingRow(tx, id);
        for (const draft of drafts) {
          const key: [string, string] = [draft.sessionId, draft.draftId];
          if (await tx.objectStore('numbered').getKey(key)) continue;
          await tx.objectStore('drafts').put(draft);
        }
      });
    },
    changeDraft: (sessionId, draftId, changed) =>
      write(['drafts'], async (tx) => {
        const draft = await tx.objectStore('drafts').get([sessionId, draftId]);
        if (draft) await tx.objectStore('drafts').put({ ...draft, ...changed, sessionId, draftId });
      }),
    removeDraft: (sessionId, draftId) =>
      write(['drafts'], (tx) => tx.objectStore('drafts').delete([sessionId, draftId])),
    drafts: (sessionId) =>
      database.read(['drafts'], (tx) =>
        tx.objectStore('drafts').index('byStart').getAll(allOf(sessionId)),
      ),
    async number(sessionId, draftIds, make) {
      if (draftIds.length === 0) return;
      await write(['sessions', 'drafts', 'numbered', 'interactions'], async (tx) => {
        const row = await takingRow(tx, sessionId);
        let { lastSequence } = row.session;
        for (const draftId of draftIds) {
          const draft = await tx.objectStore('drafts').get([sessionId, draftId]);
          if (!draft) continue; // it has its number already, or was taken back
          const sequence = lastSequence + 1;
          const item = { ...make(draft, sequence), sequence };
          const chars = JSON.stringify(item).length;
          const keptAt = Date.now();
          await tx.objectStore('interactions').add({ sessionId, sequence, item, chars, keptAt });
          await tx.objectStore('numbered').put({ sessionId, draftId, sequence });
          await tx.objectStore('drafts').delete([sessionId, draftId]);
          lastSequence = sequence;
        }
        await tx.objectStore('sessions').put({ ...row, session: { ...row.session, lastSequence } });
      });
    },

    async keepBlob(sessionId, blob) {
      const isThere = await database.read(['blobs'], (tx) =>
        tx.objectStore('blobs').getKey(blob.record.id),
      );
      if (isThere) return; // a repeat must not cost another one its place
      const hasRoom = await room.make(blob.kind, blob.bytes.byteLength);
      if (!hasRoom) return keep(sessionId, blob, true);
      try {
        await keep(sessionId, blob, false);
      } catch (error) {
        if (!(error instanceof StorageError && error.isFull)) throw error;
        await keep(sessionId, blob, true);
      }
    },
    changeScreenshot: (id, changed) =>
      write(['blobs'], async (tx) => {
        const row = await tx.objectStore('blobs').get(id);
        if (row?.kind !== 'screenshot' || (row.state !== 'kept' && row.state !== 'dropped'))
          return false;
        await tx.objectStore('blobs').put({ ...row, record: { ...row.record, ...changed, id } });
        return true;
      }),
    dropBlob: (id, reason) =>
      write(['sessions', 'blobs', 'bytes', 'totals'], async (tx) => {
        const row = await tx.objectStore('blobs').get(id);
        if (row) await dropRow(tx, row, reason);
      }),

    interactions: (sessionId) =>
      database.read(['interactions'], async (tx) => {
        const rows = await tx.objectStore('interactions').getAll(allOf(sessionId));
        return rows.map(({ item }) => item);
      }),
    blobs: (sessionId) =>
      database.read(['blobs'], (tx) =>
        tx.objectStore('blobs').index('bySession').getAll(allOf(sessionId)),
      ),
    bytes: (id) =>
      database.read(['bytes'], async (tx) => (await tx.objectStore('bytes').get(id)) ?? null),
  };
}

/** An account in which nothing was missed. */
export function emptyCoverage(): CoverageAccount {
  const none = () => 0;
  return {
    ...mapWords(coverageCounts, none),
    frames: mapWords(frameCounts, none),
    missedScreenshots: mapWords(missedScreenshots, none),
    notes: [],
  };
}

/** Deletes all of a session but the session itself. */
export async function removeContent(tx: Tx, sessionId: string): Promise<void> {
  for (const name of ['drafts', 'numbered', 'interactions'] as const)
    await tx.objectStore(name).delete(allOf(sessionId));
  let freed = 0;
  const blobs = tx.objectStore('blobs').index('bySession');
  for await (const cursor of blobs.iterate(allOf(sessionId))) {
    const { id, bytes } = cursor.value;
    freed += bytes;
    await tx.objectStore('bytes').delete(id);
    await cursor.delete();
  }
  const total = (await tx.objectStore('totals').get('bytes')) ?? 0;
  await tx.objectStore('totals').put(total - freed, 'bytes');
}

/** @throws {SessionClosedError} */
async function takingRow(tx: Tx, sessionId: string): Promise<SessionRow> {
  const row = await tx.objectStore('sessions').get(sessionId);
  if (row && taking.has(row.session.state)) return row;
  throw new SessionClosedError(
    row
      ? `Expected a session that goes on, ${sessionId} is ${row.session.state}.`
      : `Expected a session on this device, there is none with id ${sessionId}.`,
  );
}

function newRow(session: NewSession): SessionRow {
  return {
    session: {
      ...session,
      state: 'recording',
      endedAt: null,
      lastSequence: 0,
      acknowledged: 0,
      screenshots: 0,
      snapshots: 0,
      dropped: 0,
      coverage: emptyCoverage(),
      remote: null,
    },
    book: {
      home: null,
      stuck: null,
      conflicting: [],
      refused: [],
      restarts: 0,
      sentAt: null,
      digest: { count: 0, sum: sumText(emptyDigest) },
    },
  };
}

function counted(
  session: StoredSession,
  kind: KeptBlob['kind'],
  isDropped: boolean,
): StoredSession {
  const { coverage } = session;
  return {
    ...session,
    screenshots: session.screenshots + (kind === 'screenshot' ? 1 : 0),
    snapshots: session.snapshots + (kind === 'snapshot' ? 1 : 0),
    dropped: session.dropped + (isDropped ? 1 : 0),
    coverage: isDropped ? { ...coverage, droppedForQuota: coverage.droppedForQuota + 1 } : coverage,
  };
}
