import { chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import type { TestProject } from 'vitest/node';
import { migrate } from '../src/platform/migrate.ts';
import { openEmbeddedPostgres } from '../src/platform/postgres.ts';
import { TEMPLATE_DATABASE } from './database.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** May create databases; of the one Postgres that all tests of a run share. */
    adminDatabaseUrl: string;
  }
}

/** A run has used 1 GB at most. */
const MIN_MEMORY_BYTES = 6 * 2 ** 30;

/** One Postgres per run, with a template that holds our schema and the queue's. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(await findFastDir(), 'codesight-test-'));
  await chmod(dir, 0o711); // for root, whose Postgres runs as another user
  const log = { info: () => undefined, warn: console.warn };
  const postgres = await openEmbeddedPostgres({ dir, log, durable: false });
  const close = async () => {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await createTemplate(postgres.url);
  } catch (error) {
    await close();
    throw error;
  }
  project.provide('adminDatabaseUrl', postgres.url);
  return close;
}

/** Memory, where there is enough of it: each test copies a template of 600 files, which a disk does 20 times slower. */
async function findFastDir(): Promise<string> {
  const memory = '/dev/shm';
  const room = await statfs(memory).catch(() => null); // there is none on other systems
  return room && room.bavail * room.bsize >= MIN_MEMORY_BYTES ? memory : tmpdir();
}

async function createTemplate(adminUrl: string): Promise<void> {
  const admin = new Client(adminUrl);
  admin.on('error', () => undefined); // when a step fails, what failed is what counts, not that Postgres stops
  await admin.connect();
  // Each test connects anew, some ten times; what slows a guesser down would only slow the tests.
  await admin.query('SET scram_iterations = 1');
  await admin.query(`ALTER ROLE postgres PASSWORD '${new URL(adminUrl).password}'`);
  await admin.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);

  const url = new URL(adminUrl);
  url.pathname = TEMPLATE_DATABASE;
  await migrate(url.href);
  const boss = new PgBoss({ connectionString: url.href, supervise: false, schedule: false });
  await boss.start();
  await boss.stop({ graceful: false });

  // A connection to the template would keep others from copying it.
  await admin.query(`ALTER DATABASE ${TEMPLATE_DATABASE} IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  await admin.end();
}
