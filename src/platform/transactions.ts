import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import type { PrismaClient } from '../generated/prisma/client.ts';
import type { Tx } from './db.ts';

/** A transaction of plain statements, which Prisma's models can join. */
export type Transaction = {
  /** Give hot statements a name: they are prepared once a connection. */
  query<R extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<R>>;
  /** Work with Prisma's models in this transaction. It costs a millisecond: for what is rare. */
  models<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
};

/** Commits when the work is done; what it throws undoes all of it. */
export type Transact = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;

type Callback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: boolean | Error) => void,
) => void;

/** The connection that a transaction of Prisma's is to join. */
const joining = new AsyncLocalStorage<pg.PoolClient>();

/** A pool for Prisma, whose transactions can join one that is open. */
export class TransactionPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | undefined {
    if (callback) {
      super.connect(callback);
      return undefined;
    }
    const open = joining.getStore();
    return open ? Promise.resolve(joined(open)) : super.connect();
  }
}

/**
 * Transactions of plain prepared statements: one through Prisma's engine costs half a millisecond more,
 * and a statement in it as much again (CPU of the server, Node 26).
 *
 * @param pool the one that `db` takes its connections from
 * @param onStatement called for each plain statement that is sent
 */
export function transactOn(
  pool: TransactionPool,
  db: PrismaClient,
  onStatement: () => void,
): Transact {
  return async (work) => {
    const client = await pool.connect();
    let lost: Error | null = null;
    const lose = (error: Error) => {
      lost = error; // whoever waits for a statement gets it as well
    };
    client.on('error', lose);
    const release = (error?: Error) => {
      client.off('error', lose);
      client.release(error);
    };
    try {
      await client.query('BEGIN');
      const result = await work({
        query(statement) {
          onStatement();
          return client.query(statement);
        },
        models: (inner) =>
          joining.run(client, () => db.$transaction((tx) => joining.exit(() => inner(tx)))),
      });
      const { command } = await client.query('COMMIT');
      if (command !== 'COMMIT') throw new Error(`Expected a commit, got ${command}.`);
      release();
      return result;
    } catch (error) {
      try {
        await client.query('ROLLBACK');
        release(lost ?? undefined);
      } catch (failure) {
        release(failure instanceof Error ? failure : new Error(String(failure)));
      }
      throw error;
    }
  };
}

const boundaries = new Set(['BEGIN', 'COMMIT', 'ROLLBACK']);

/** The connection for a transaction within the one that is open: it neither begins, ends nor gives it back. */
function joined(client: pg.PoolClient): pg.PoolClient {
  const none = { command: '', rowCount: 0, oid: 0, fields: [], rows: [] };
  return new Proxy(client, {
    get(target, name) {
      if (name === 'release') return () => undefined;
      if (name === 'query')
        return (statement: pg.QueryConfig) =>
          boundaries.has(statement.text) ? Promise.resolve(none) : target.query(statement);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
