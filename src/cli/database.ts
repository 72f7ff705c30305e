import { join } from 'node:path';
import type { App } from '../platform/app.ts';
import type { Config } from '../platform/config.ts';
import { openDatabase } from '../platform/db.ts';
import { lockDataDir } from '../platform/lock.ts';
import { openLog } from '../platform/log.ts';
import { migrate } from '../platform/migrate.ts';
import { findEmbeddedPostgres, openEmbeddedPostgres } from '../platform/postgres.ts';
import { openPubSub } from '../platform/pubsub.ts';

/** What commands that change rows need. */
export type Desk = Pick<App, 'config' | 'db' | 'pubsub'>;

/**
 * Opens the database for the time of a command: the one of `DATABASE_URL`, else the embedded one that a
 * server runs on the data folder, else the embedded one itself.
 */
export async function withDatabase<T>(config: Config, use: (desk: Desk) => Promise<T>): Promise<T> {
  if (config.databaseUrl) {
    await migrate(config.databaseUrl);
    return withUrl(config, config.databaseUrl, use);
  }
  const dir = join(config.dataDir, 'postgres');
  const running = await findEmbeddedPostgres(dir);
  if (running) return withUrl(config, running, use); // its server has brought it up to date

  const unlock = await lockDataDir(config.dataDir);
  try {
    const postgres = await openEmbeddedPostgres({ dir, log: openLog('warn') });
    try {
      await migrate(postgres.url);
      return await withUrl(config, postgres.url, use);
    } finally {
      await postgres.stop();
    }
  } finally {
    await unlock();
  }
}

async function withUrl<T>(
  config: Config,
  url: string,
  use: (desk: Desk) => Promise<T>,
): Promise<T> {
  const log = openLog('warn');
  const database = openDatabase(url, config.database, log);
  try {
    const pubsub = openPubSub(database, log);
    try {
      return await use({ config, db: database.db, pubsub });
    } finally {
      await pubsub.close();
    }
  } finally {
    await database.close();
  }
}
