import type { Database, Tx } from './db.ts';
import type { Faults } from './faults.ts';
import type { Log } from './log.ts';
import type { Transaction } from './transactions.ts';

/** "Look again": a thing changed. Read it anew with the subscriber's rights. */
export type Change = {
  /** Place in the order of commits; resumes a subscription. */
  cursor: string;
  projectId: string;
  topic: Topic;
  subjectId: string;
  sessionId: string | null;
};

/** Changes up to `after` are no longer known, so some may have been missed. */
export type Gap = { gap: true; cursor: string };

export type Topic =
  | 'session'
  | 'processing'
  | 'key'
  | 'dataset'
  | 'export'
  | 'training'
  | 'evaluation'
  | 'deployment'
  | 'request'
  | 'debug'
  | 'alert'
  | 'sync'
  | 'instructions';

export type Interest = { topic: Topic; projectId?: string; subjectId?: string; sessionId?: string };

type NewChange = { topic: Topic; projectId: string; subjectId: string; sessionId?: string };

export type PubSub = {
  /** Writes the change into the outbox, in the transaction that makes it true. */
  notify(tx: Tx, change: NewChange): Promise<void>;
  /** The same for many changes, in one statement. */
  notifyAll(tx: Tx, changes: NewChange[]): Promise<void>;
  /** The same in a transaction of plain statements. */
  notifyPlainly(tx: Transaction, changes: NewChange[]): Promise<void>;
  /**
   * Changes from now on, or after a cursor. Holds at most `bufferSize` unread changes of this
   * subscriber, then ends with `SubscriberTooSlowError`; the cursor of its last change resumes it.
   * @throws {InvalidCursorError}
   */
  subscribe(
    interest: Interest,
    options?: { after?: string | null; signal?: AbortSignal },
  ): AsyncIterableIterator<Change | Gap>;
  close(): Promise<void>;
};

export class InvalidCursorError extends Error {
  override name = 'InvalidCursorError';
  constructor(cursor: string) {
    super(
      `Expected a cursor of this subscription for after, got ${JSON.stringify(cursor.slice(0, 80))}.`,
    );
  }
}

export class SubscriberTooSlowError extends Error {
  override name = 'SubscriberTooSlowError';
  constructor(limit: number) {
    super(
      `The subscriber had ${limit} unread events and was let go; subscribe again with the last cursor.`,
    );
  }
}

const channel = 'codesight_changes';
const coalesceMs = 100; // one NOTIFY at most every 100 ms: more cost 60 % of ingest (shared STACK measurements)
const pollMs = 1_000; // a lost NOTIFY is made good within a second
const bufferSize = 1_000;
const pageSize = 1_000;

type Position = { xid: string; id: string };
type Row = Position & {
  projectId: string;
  topic: Topic;
  subjectId: string;
  sessionId: string | null;
};

/** Opens the exchange. The listening connection comes with the first subscriber and heals by itself. */
export function openPubSub({ sql }: Pick<Database, 'sql'>, log: Log, faults?: Faults): PubSub {
  const subscribers = new Set<Subscriber>();
  let position: Position | null = null;
  /** Lets the listening connection go; `null` without one. */
  let listener: (() => void) | null = null;
  let listening: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let pending: NodeJS.Timeout | null = null;
  let reading: Promise<void> | null = null;
  let again = false;
  let closed = false;

  // One connection at most, and a lost one goes back to the pool: ingest needs the others.
  const listen = async () => {
    const client = await sql.connect();
    let isOpen = true;
    const drop = () => {
      if (!isOpen) return;
      isOpen = false;
      if (listener === drop) listener = null;
      client.release(true);
    };
    client.on('notification', () => wake());
    client.on('error', (error) => {
      log.warn({ err: error }, 'the connection for notifications was lost');
      faults?.report({ place: 'notifications', error });
      drop();
    });
    try {
      await client.query(`LISTEN ${channel}`);
    } catch (error) {
      drop();
      throw error;
    }
    if (closed) drop();
    else if (isOpen) listener = drop;
  };

  // Only rows below the oldest running transaction are final: a lower id may still commit later.
  const readAfter = async (from: Position): Promise<Row[]> => {
    const { rows } = await sql.query<Row>({
      name: 'outbox-after',
      // `ORDER BY "xid"` without its table would be the order of the text in the answer.
      text: `SELECT o."xid"::text AS "xid", o."id"::text AS "id", o."projectId", o."topic", o."subjectId", o."sessionId"
             FROM "Outbox" o
             WHERE (o."xid", o."id") > ($1::xid8, $2::bigint) AND o."xid" < pg_snapshot_xmin(pg_current_snapshot())
             ORDER BY o."xid", o."id" LIMIT ${pageSize}`,
      values: [from.xid, from.id],
    });
    return rows;
  };

  const readNow = async (): Promise<Position> => {
    const { rows } = await sql.query<{ xid: string }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid',
    );
    return { xid: rows[0]?.xid ?? '0', id: '0' }; // everything below xmin is in the past
  };

  const begin = async (): Promise<Position> => {
    const now = position ?? (await readNow());
    position ??= now; // somebody else may have begun meanwhile, and gone on
    return position;
  };

  const readAll = async () => {
    let from = await begin();
    for (;;) {
      const rows = await readAfter(from);
      for (const row of rows) {
        from = { xid: row.xid, id: row.id };
        position = from;
        for (const subscriber of subscribers) subscriber.offer(row);
      }
      if (rows.length < pageSize) return;
    }
  };

  const wake = () => {
    if (closed) return;
    if (reading) {
      again = true;
      return;
    }
    reading = readAll()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'the outbox could not be read; trying again'),
      )
      .finally(() => {
        reading = null;
        if (again) {
          again = false;
          wake();
        }
      });
  };

  const tell = () => {
    pending ??= setTimeout(() => {
      pending = null;
      wake();
      sql
        .query(`NOTIFY ${channel}`)
        .catch((error: unknown) => log.warn({ err: error }, 'a notification was not sent'));
    }, coalesceMs);
  };

  const beat = () => {
    if (!listener && subscribers.size > 0)
      listening ??= listen()
        .catch((error: unknown) =>
          log.warn({ err: error }, 'notifications are off; polling instead'),
        )
        .finally(() => {
          listening = null;
        });
    if (subscribers.size > 0) wake();
    else position = null;
  };

  return {
    async notify(tx, { topic, projectId, subjectId, sessionId }) {
      await tx.outbox.create({
        data: { topic, projectId, subjectId, sessionId: sessionId ?? null },
        select: { id: true },
      });
      tell();
    },
    async notifyAll(tx, changes) {
      if (changes.length === 0) return;
      await tx.outbox.createMany({
        data: changes.map((change) => ({ sessionId: null, ...change })),
      });
      tell();
    },
    async notifyPlainly(tx, changes) {
      if (changes.length === 0) return;
      await tx.query({
        name: 'outbox-notify',
        text: `INSERT INTO "Outbox" ("topic", "projectId", "subjectId", "sessionId")
          SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[])`,
        values: [
          changes.map(({ topic }) => topic),
          changes.map(({ projectId }) => projectId),
          changes.map(({ subjectId }) => subjectId),
          changes.map(({ sessionId }) => sessionId ?? null),
        ],
      });
      tell();
    },
    async *subscribe(interest, { after, signal } = {}) {
      const from = after ? parseCursor(after) : null;
      const subscriber = new Subscriber(interest, from);
      const end = () => subscriber.end();
      if (signal?.aborted || closed) return;
      signal?.addEventListener('abort', end, { once: true });
      if (!timer) {
        timer = setInterval(beat, pollMs);
        timer.unref();
      }
      try {
        const now = await begin();
        if (closed) return;
        subscribers.add(subscriber);
        beat();
        if (from) {
          const oldest = await sql.query<Position>(
            'SELECT o."xid"::text AS xid, o."id"::text AS id FROM "Outbox" o ORDER BY o."xid", o."id" LIMIT 1',
          );
          const first = oldest.rows[0];
          // From before the database was restored or moved: all that follows would seem to be seen already.
          const latest = await readNow();
          const isAhead = isBefore(latest, from);
          // An empty outbox may have held anything.
          if (isAhead) yield { gap: true, cursor: cursorOf(latest) };
          else if (!first || isBefore(from, first))
            yield { gap: true, cursor: cursorOf(first ?? now) };
          let next = isAhead ? latest : from;
          for (;;) {
            const rows = await readAfter(next);
            for (const row of rows) {
              next = row;
              if (subscriber.wants(row)) yield changeOf(row);
            }
            if (rows.length < pageSize) break;
          }
          subscriber.skipUpTo(next);
        }
        yield* subscriber.read();
      } finally {
        subscribers.delete(subscriber);
        signal?.removeEventListener('abort', end);
      }
    },
    async close() {
      closed = true;
      if (timer) clearInterval(timer);
      if (pending) clearTimeout(pending);
      for (const subscriber of subscribers) subscriber.end();
      await Promise.allSettled([reading, listening]);
      listener?.();
    },
  };
}

class Subscriber {
  readonly #interest: Interest;
  #queue: Row[] = [];
  #wake: (() => void) | null = null;
  #ended = false;
  #overflown = false;
  #skip: Position | null;

  constructor(interest: Interest, skip: Position | null) {
    this.#interest = interest;
    this.#skip = skip;
  }

  wants(row: Row): boolean {
    const { topic, projectId, subjectId, sessionId } = this.#interest;
    return (
      row.topic === topic &&
      (!projectId || row.projectId === projectId) &&
      (!subjectId || row.subjectId === subjectId) &&
      (!sessionId || row.sessionId === sessionId)
    );
  }

  offer(row: Row): void {
    if (this.#ended || !this.wants(row)) return;
    if (this.#queue.length >= bufferSize) {
      this.#overflown = true;
      this.end();
      return;
    }
    this.#queue.push(row);
    this.#wake?.();
  }

  skipUpTo(position: Position): void {
    this.#skip = position;
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *read(): AsyncIterableIterator<Change> {
    for (;;) {
      const rows = this.#queue;
      this.#queue = [];
      for (const row of rows) {
        if (this.#skip && !isBefore(this.#skip, row)) continue;
        yield changeOf(row);
      }
      if (this.#queue.length > 0) continue;
      if (this.#overflown) throw new SubscriberTooSlowError(bufferSize);
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}

function changeOf(row: Row): Change {
  const { projectId, topic, subjectId, sessionId } = row;
  return { cursor: cursorOf(row), projectId, topic, subjectId, sessionId };
}

function cursorOf({ xid, id }: Position): string {
  return `${xid}.${id}`;
}

function parseCursor(cursor: string): Position {
  const match = /^(\d{1,20})\.(\d{1,19})$/.exec(cursor);
  if (!match?.[1] || !match[2]) throw new InvalidCursorError(cursor);
  const [xid, id] = [BigInt(match[1]), BigInt(match[2])];
  if (xid >= 2n ** 64n || id >= 2n ** 63n) throw new InvalidCursorError(cursor);
  return { xid: match[1], id: match[2] };
}

function isBefore(a: Position, b: Position): boolean {
  const [ax, bx] = [BigInt(a.xid), BigInt(b.xid)];
  return ax === bx ? BigInt(a.id) < BigInt(b.id) : ax < bx;
}
