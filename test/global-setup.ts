import { chmod, mkdtemp, rm } from 'node:fs/promises';
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

/** One Postgres per run, with a template that holds our schema and the queue's. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-test-'));
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

async function createTemplate(adminUrl: string): Promise<void> {
  const admin = new Client(adminUrl);
  admin.on('error', () => undefined); // when a step fails, what failed is what counts, not that Postgres stops
  await admin.connect();
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
