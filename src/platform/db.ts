import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import * as z from 'zod';
import { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import type { Config } from './config.ts';
import type { Faults } from './faults.ts';
import type { Log } from './log.ts';
import { type Transact, TransactionPool, transactOn } from './transactions.ts';

const Refusal = z.object({
  driverAdapterError: z.object({ cause: z.object({ originalCode: z.string() }) }),
});

export type Db = PrismaClient;

/** A transaction of the `Db`. */
export type Tx = Prisma.TransactionClient;

/** A host by name or IP address, without brackets; a folder for a Unix socket. */
export type DatabaseAddress = { host: string; port: number };

export type Database = {
  db: Db;
  /** Plain connections for the hot path of ingest and for notifications. */
  sql: pg.Pool;
  /** Where the database is. */
  address: DatabaseAddress;
  /** Transactions of plain statements, on the connections of the `db`. */
  transact: Transact;
  /**
   * A connection beside the pools, for what lives as long as it does. Not connected yet.
   *
   * @param answerMs longest wait for a connection, and for the answer to a statement
   */
  openClient(options: { name: string; answerMs: number }): pg.Client;
  /** Answers with the milliseconds of a round trip. */
  ping(): Promise<number>;
  /** Statements sent so far, for tests and metrics. */
  statements(): number;
  close(): Promise<void>;
};

/** Opens the pools. Nothing connects before the first statement, so that an outage does not stop a start. */
export function openDatabase(
  url: string,
  config: Config['database'],
  log: Log,
  faults?: Faults,
): Database {
  const options: pg.PoolConfig = {
    connectionString: url,
    connectionTimeoutMillis: config.connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    options: `-c statement_timeout=${config.statementTimeoutMs} -c timezone=UTC`,
    onConnect: endWithProcess,
  };
  let sent = 0;
  let isClosing = false;
  // Never the error itself: pg hangs its client on it, with the key that cancels its statements.
  const warn = ({ code, message }: Error & { code?: string }) => {
    if (isClosing) return;
    log.warn({ code, reason: message }, 'a database connection failed');
    faults?.report({ place: 'database', error: Object.assign(new Error(message), { code }) });
  };
  const pool = new TransactionPool({
    ...options,
    max: config.poolSize,
    application_name: 'codesight-api',
  });
  const adapter = new PrismaPg(pool, { onPoolError: warn, disposeExternalPool: true });
  const db = new PrismaClient({
    adapter,
    errorFormat: 'minimal',
    log: [{ emit: 'event', level: 'query' }],
    transactionOptions: { maxWait: config.connectTimeoutMs, timeout: config.statementTimeoutMs },
  });
  db.$on('query', () => {
    sent += 1;
  });
  const sql = new pg.Pool({ ...options, max: 4, application_name: 'codesight-ingest' });
  sql.on('error', warn);
  return {
    db,
    sql,
    address: addressOf(url),
    transact: transactOn(pool, db, () => {
      sent += 1;
    }),
    statements: () => sent,
    openClient: ({ name, answerMs }) =>
      new pg.Client({
        connectionString: url,
        connectionTimeoutMillis: answerMs,
        query_timeout: answerMs,
        keepAlive: true,
        application_name: name,
      }),
    async ping() {
      const begun = performance.now();
      await sql.query('SELECT 1');
      return performance.now() - begun;
    },
    async close() {
      isClosing = true;
      await db.$disconnect();
      await sql.end();
    },
  };
}

/**
 * Lets Postgres end what a process was doing within a second of its death: else a statement that waits
 * for a lock keeps its transaction open, and the streams, which end below the oldest one, stand still.
 */
async function endWithProcess(client: pg.ClientBase): Promise<void> {
  const setting = `SELECT set_config('client_connection_check_interval', '1s', false)`;
  await client.query(setting).catch(() => undefined); // a Postgres on Windows cannot
}

function addressOf(url: string): DatabaseAddress {
  const { hostname, port, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? decodeURIComponent(hostname).replace(/^\[|\]$/g, '');
  return { host, port: Number(searchParams.get('port') ?? (port || 5432)) };
}

/** Whether an error is the database's refusal of a duplicate. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}

/**
 * SQLSTATEs of a value that cannot be stored or compared: NUL in a text, half a surrogate pair in
 * JSON, an instant in the year 0.
 */
const unstorable = new Set(['22021', '22P05', '22007', '22008']);

/** Whether an error is the database's refusal of what a client sent: a malformed id or cursor, NUL, the year 0. */
export function isMalformedValue(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return error.code === 'P2007' || unstorable.has(sqlStateOf(error.meta));
}

function sqlStateOf(meta: unknown): string {
  const parsed = Refusal.safeParse(meta);
  return parsed.success ? parsed.data.driverAdapterError.cause.originalCode : '';
}
