import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { type Database, openDatabase } from './db.ts';
import { type Faults, openFaults } from './faults.ts';
import { checkMasterKey, type Keys, openKeys } from './keys.ts';
import { lockDataDir } from './lock.ts';
import { type Log, openLog } from './log.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { migrate } from './migrate.ts';
import { openEmbeddedPostgres } from './postgres.ts';
import { openPubSub, type PubSub } from './pubsub.ts';
import { type JobDefinition, type Link, openQueue, type Queue } from './queue.ts';
import { makeSigner, type Signer } from './signing.ts';
import { openSlowLog, type SlowLog } from './slow.ts';
import { openFileStorage, type Storage } from './storage.ts';

/** Everything that is open. Functions take what they need of it. */
export type App = {
  config: Config;
  log: Log;
  /** Where parts tell of their faults. */
  faults: Faults;
  db: Database['db'];
  sql: Database['sql'];
  database: Database;
  queue: Queue;
  pubsub: PubSub;
  storage: Storage;
  keys: Keys;
  signer: Signer;
  metrics: Metrics;
  /** What took long, until it is stated. */
  slow: SlowLog;
  /** Lets work that uses the app end before anything of it closes. */
  beforeClose(end: () => Promise<void>): void;
  /** Closes in the reverse order of opening; the second call waits for the first. */
  close(): Promise<void>;
};

/** What the process does besides opening: the pipeline and the jobs that no fact causes. */
export type Work = { pipeline: Link[]; others: JobDefinition[] };

/**
 * Opens what a process needs, in order, and closes what is open when a step fails.
 *
 * @throws {DataDirInUseError} the embedded database's folder belongs to another process
 */
export async function openApp(
  config: Config,
  work: Work,
  log = openLog(config.logLevel),
): Promise<App> {
  const closers: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= (async () => {
      for (const closer of closers.reverse()) await closer();
    })();
    return closing;
  };
  try {
    // Not 0700: as root, Postgres runs as its own user and must be able to pass through.
    await mkdir(config.dataDir, { recursive: true, mode: 0o711 });
    const metrics = openMetrics();
    closers.push(() => metrics.close());
    const slow = openSlowLog();
    closers.push(() => slow.close());
    let url = config.databaseUrl;
    if (!url) {
      closers.push(await lockDataDir(config.dataDir));
      const postgres = await openEmbeddedPostgres({ dir: join(config.dataDir, 'postgres'), log });
      closers.push(() => postgres.stop());
      url = postgres.url;
    }
    const { applied } = await migrate(url, { log });
    if (applied.length > 0) log.info({ applied }, 'the database was migrated');
    const keys = await openKeys(config);
    const storage = await openFileStorage(join(config.dataDir, 'objects'));
    const faults = openFaults();
    const database = openDatabase(url, config.database, log, faults);
    closers.push(() => database.close());
    await checkMasterKey(database, keys);
    const pubsub = openPubSub(database, log, faults);
    closers.push(() => pubsub.close());
    const queue = await openQueue(url, config.jobs, { ...work, log, metrics, slow });
    closers.push(() => queue.stop(config.shutdownTimeoutSeconds * 1000));
    const signer = makeSigner(keys.derive('signed-urls'));
    return {
      config,
      log,
      faults,
      db: database.db,
      sql: database.sql,
      database,
      queue,
      pubsub,
      storage,
      keys,
      signer,
      metrics,
      slow,
      beforeClose: (end) => closers.push(end),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
