import type { Tombstone } from '../../src/contract/interaction.ts';
import type { DropReason } from '../../src/contract/vocabulary.ts';
import { addItem, digestFrom, itemHash, sumText } from '../../src/lib/sync/digest.ts';
import { interactionItem } from '../../src/lib/sync/interactions.ts';
import {
  allOf,
  type BlobRow,
  type Database,
  type InteractionRow,
  type SenderBook,
  type SessionRow,
} from './database.ts';
import { dropRow, forgetBytes } from './room.ts';
import { removeContent } from './store.ts';
import type { KeptRecord, LocalState, StoredSession } from './types.ts';

/** An interaction that the server refused. */
export type Refused = { sequence: number; code: string; message: string };

/** What the sender reads and notes. Each call is one transaction. */
export type Backlog = ReturnType<typeof openBacklog>;

/** These take more: what is not decided yet may still change. */
const going: ReadonlySet<LocalState> = new Set(['recording', 'paused']);

const listedMost = 50;
const listedDays = 30;

export function openBacklog(database: Database) {
  const changeRow = (id: string, change: (row: SessionRow) => SessionRow) =>
    database.write(['sessions'], async (tx) => {
      const row = await tx.objectStore('sessions').get(id);
      if (row) await tx.objectStore('sessions').put(change(row));
    });

  const removing = (id: string, isTo: (row: SessionRow) => boolean): Promise<void> =>
    database.write(
      ['sessions', 'drafts', 'numbered', 'interactions', 'blobs', 'bytes', 'totals'],
      async (tx) => {
        const row = await tx.objectStore('sessions').get(id);
        if (!row || !isTo(row)) return;
        await removeContent(tx, id);
        await tx.objectStore('sessions').delete(id);
      },
    );

  return {
    /** In the order in which they were started. */
    rows: (): Promise<SessionRow[]> =>
      database.read(['sessions'], (tx) => tx.objectStore('sessions').index('byStart').getAll()),

    row: (id: string): Promise<SessionRow | null> =>
      database.read(['sessions'], async (tx) => (await tx.objectStore('sessions').get(id)) ?? null),

    changeBook: (id: string, change: (book: SenderBook) => Partial<SenderBook>): Promise<void> =>
      changeRow(id, (row) => ({ ...row, book: { ...row.book, ...change(row.book) } })),

    /** From now on the server may know of it. @returns whether it is still to be sent */
    noteHome: (id: string, home: string): Promise<boolean> =>
      database.write(['sessions'], async (tx) => {
        const row = await tx.objectStore('sessions').get(id);
        if (!row || row.session.state === 'discarding') return false;
        await tx.objectStore('sessions').put({ ...row, book: { ...row.book, home } });
        return true;
      }),

    unstick: (id: string): Promise<void> =>
      changeRow(id, ({ session, book }) => ({
        session: { ...session, remote: null },
        book: { ...book, stuck: null },
      })),

    /** @returns the session as it is now; `null` when it is gone */
    async setRemote(
      id: string,
      remote: NonNullable<StoredSession['remote']>,
    ): Promise<StoredSession | null> {
      let session: StoredSession | null = null;
      await changeRow(id, (row) => {
        session = { ...row.session, remote };
        return { ...row, session };
      });
      return session;
    },

    /** Waiting interactions after a sequence, as many as fit into one call. */
    nextInteractions: (
      sessionId: string,
      after: number,
      { count, chars }: { count: number; chars: number },
    ): Promise<InteractionRow[]> =>
      database.read(['interactions'], async (tx) => {
        const rest = IDBKeyRange.bound([sessionId, after], [sessionId, []], true);
        const rows = await tx.objectStore('interactions').getAll(rest, count);
        let sum = 0;
        const end = rows.findIndex((row) => {
          sum += row.chars;
          return sum > chars;
        });
        return end < 0 ? rows : rows.slice(0, Math.max(1, end));
      }),

    /** The server has everything up to there: it is forgotten here. */
    acknowledge: (sessionId: string, acknowledged: number): Promise<void> =>
      database.write(['sessions', 'interactions'], async (tx) => {
        const row = await tx.objectStore('sessions').get(sessionId);
        if (!row || acknowledged <= 0) return;
        const stored = IDBKeyRange.bound([sessionId], [sessionId, acknowledged]);
        const rows = await tx.objectStore('interactions').getAll(stored);
        if (rows.length > 0) await tx.objectStore('interactions').delete(stored);
        if (acknowledged <= row.session.acknowledged && rows.length === 0) return;
        const session = {
          ...row.session,
          acknowledged: Math.max(acknowledged, row.session.acknowledged),
        };
        const book = { ...row.book, ...digestWith(row.book, rows) };
        await tx.objectStore('sessions').put({ session, book });
      }),

    /** Tombstones stand for interactions from now on, and wait to be sent. */
    bury: (sessionId: string, tombstones: Tombstone[], refused: Refused[] = []): Promise<void> =>
      database.write(['sessions', 'interactions'], async (tx) => {
        const row = await tx.objectStore('sessions').get(sessionId);
        if (!row) return;
        for (const item of tombstones) {
          const { sequence } = item;
          const chars = JSON.stringify(item).length;
          const keptAt = Date.now();
          await tx.objectStore('interactions').put({ sessionId, sequence, item, chars, keptAt });
        }
        const book = { ...row.book, refused: [...row.book.refused, ...refused] };
        await tx.objectStore('sessions').put({ ...row, book });
      }),

    /**
     * The next pictures, pages or sounds to send, oldest first. From now on nothing that is said of them
     * changes: the server may know of them.
     */
    claimBlobs: (sessionId: string, kind: KeptRecord['kind'], count: number): Promise<BlobRow[]> =>
      database.write(['sessions', 'blobs'], async (tx) => {
        const owner = await tx.objectStore('sessions').get(sessionId);
        if (!owner) return [];
        const isOver = !going.has(owner.session.state);
        const rows: BlobRow[] = [];
        for (const state of ['announced', 'kept'] as const) {
          const inState = IDBKeyRange.bound([sessionId, state], [sessionId, state, []]);
          const found = tx.objectStore('blobs').index('byState').iterate(inState);
          for await (const { value } of found) {
            if (value.kind !== kind || !(isOver || isDecided(value))) continue;
            const row: BlobRow = { ...value, state: 'announced' };
            if (state === 'kept') await tx.objectStore('blobs').put(row);
            rows.push(row);
            if (rows.length === count) return rows;
          }
        }
        return rows;
      }),

    bytesOf: (id: string): Promise<ArrayBuffer | null> =>
      database.read(['bytes'], async (tx) => (await tx.objectStore('bytes').get(id)) ?? null),

    /** The server has their bytes: they are forgotten here. */
    storedBlobs: (ids: string[]): Promise<void> =>
      database.write(['blobs', 'bytes', 'totals'], async (tx) => {
        for (const id of ids) {
          const row = await tx.objectStore('blobs').get(id);
          if (!row) continue;
          const { heldAt: _, ...rest } = row;
          await forgetBytes(tx, row);
          await tx.objectStore('blobs').put({ ...rest, state: 'stored', reason: null, bytes: 0 });
        }
      }),

    dropBlobs: (ids: string[], reason: DropReason): Promise<void> =>
      database.write(['sessions', 'blobs', 'bytes', 'totals'], async (tx) => {
        for (const id of ids) {
          const row = await tx.objectStore('blobs').get(id);
          if (row) await dropRow(tx, row, reason);
        }
      }),

    /** The server lost what it had said to have: nobody has it any more. */
    loseBlobs: (ids: string[]): Promise<void> =>
      database.write(['sessions', 'blobs', 'bytes', 'totals'], async (tx) => {
        for (const id of ids) {
          const row = await tx.objectStore('blobs').get(id);
          if (row?.state === 'stored')
            await dropRow(tx, { ...row, state: 'announced' }, 'CAPTURE_FAILED');
        }
      }),

    /** All that was kept of a session, the dropped things too. */
    blobs: (sessionId: string): Promise<BlobRow[]> =>
      database.read(['blobs'], (tx) =>
        tx.objectStore('blobs').index('bySession').getAll(allOf(sessionId)),
      ),

    /** The server has ended it: only what the list of sessions shows stays here. */
    finish: (id: string, state: string): Promise<StoredSession | null> =>
      database.write(
        ['sessions', 'drafts', 'numbered', 'interactions', 'blobs', 'bytes', 'totals'],
        async (tx) => {
          const row = await tx.objectStore('sessions').get(id);
          if (row?.session.state !== 'sending') return null; // it is to be removed
          await removeContent(tx, id);
          const session: StoredSession = {
            ...row.session,
            state: 'sent',
            acknowledged: row.session.lastSequence,
            remote: { state, site: null, stages: [], quality: null, advice: [] },
          };
          const book = { ...row.book, stuck: null, sentAt: Date.now() };
          await tx.objectStore('sessions').put({ session, book });
          return session;
        },
      ),

    remove: (id: string): Promise<void> => removing(id, () => true),

    /** Removes what is to be removed and was never sent. */
    removeUnsent: (id: string): Promise<void> =>
      removing(id, ({ session, book }) => session.state === 'discarding' && !book.home),

    /** Sent sessions are listed for 30 days, and at most 50 of them. */
    prune: (): Promise<void> =>
      database.write(['sessions'], async (tx) => {
        const rows = await tx.objectStore('sessions').index('byStart').getAll();
        const sent = rows.filter(({ session }) => session.state === 'sent').reverse();
        const oldest = Date.now() - listedDays * 24 * 3_600_000;
        for (const [place, { session, book }] of sent.entries())
          if (place >= listedMost || (book.sentAt ?? 0) < oldest)
            await tx.objectStore('sessions').delete(session.id);
      }),

    /** The sender was opened anew. */
    countRestart: (): Promise<void> =>
      database.write(['sessions'], async (tx) => {
        for (const row of await tx.objectStore('sessions').getAll()) {
          if (row.session.state === 'sent') continue;
          const book = { ...row.book, restarts: row.book.restarts + 1 };
          await tx.objectStore('sessions').put({ ...row, book });
        }
      }),

    /** Counts of what waits for the server, and since when. */
    waitingOf: (sessionId: string): Promise<Waiting> =>
      database.read(['interactions', 'blobs'], async (tx) => {
        const interactions = tx.objectStore('interactions');
        const byState = tx.objectStore('blobs').index('byState');
        const ranges = (['kept', 'announced'] as const).map((state) =>
          IDBKeyRange.bound([sessionId, state], [sessionId, state, []]),
        );
        const counts = await Promise.all(ranges.map((range) => byState.count(range)));
        const oldest = await Promise.all([
          interactions.get(allOf(sessionId)),
          ...ranges.map((range) => byState.get(range)),
        ]);
        const times = oldest.flatMap((row) => (row ? [row.keptAt] : []));
        return {
          interactions: await interactions.count(allOf(sessionId)),
          uploads: counts.reduce((sum, count) => sum + count, 0),
          oldestAt: times.length > 0 ? Math.min(...times) : null,
        };
      }),
  };
}

/** What is forgotten stays in the digest. Reckoned at once: the transaction would be over while one waits. */
function digestWith({ digest }: SenderBook, rows: InteractionRow[]): Pick<SenderBook, 'digest'> {
  if (!digest) return {};
  const sum = rows
    .map(({ item }) => itemHash(interactionItem(item)))
    .reduce(addItem, digestFrom(digest));
  return { digest: { count: sum.count, sum: sumText(sum) } };
}

export type Waiting = { interactions: number; uploads: number; oldestAt: number | null };

/** Pictures wait for the interaction they belong to; `null` belongs to none. */
function isDecided({ kind, record }: BlobRow): boolean {
  return kind !== 'screenshot' || record.interactionSequence !== undefined;
}
