import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openReplica, openTestApp } from '../../test/app.ts';
import { createTestDatabase } from '../../test/database.ts';
import { openApp } from './app.ts';
import { loadConfig } from './config.ts';

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-app-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('an app has everything open, and its folder holds keys and objects', async () => {
  const app = await openTestApp();
  const { dataDir } = app.config;

  expect(await app.database.ping()).toBeGreaterThan(0);
  expect(await app.storage.ping()).toBeGreaterThan(0);
  expect(await app.queue.stats()).toEqual([
    { name: 'dead-letters', waiting: 0, active: 0, failed: 0 },
  ]);
  expect((await readdir(dataDir)).sort()).toEqual(['keys.json', 'objects']);
  expect((await stat(join(dataDir, 'keys.json'))).mode & 0o077).toBe(0);
});

test('closing twice closes once, leaves no connection behind, and the next app finds what was stored', async () => {
  const app = await openTestApp();
  const { databaseUrl: connectionString } = app.config;
  await app.db.project.create({
    data: { id: '01900000-0000-7000-8000-000000000000', name: 'kept' },
  });
  await app.sql.query('SELECT 1');

  await Promise.all([app.close(), app.close()]);
  await app.close();

  const client = new pg.Client({ connectionString });
  await client.connect();
  onTestFinished(() => client.end());
  const others = async () => {
    const { rows } = await client.query(
      'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return rows.length;
  };
  await expect.poll(others).toBe(0);
  const next = await openReplica(app);
  expect(await next.db.project.findMany()).toMatchObject([{ name: 'kept' }]);
});

test('a start that fails half-way closes what was open and says why', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const dir = await makeDir();
  const job = { name: 'bad name!', payload: undefined as never, run: async () => undefined };
  const config = loadConfig({ DATABASE_URL: database.url, DATA_DIR: dir, LOG_LEVEL: 'silent' });

  const opened = openApp(config, { pipeline: [], others: [job] });

  await expect(opened).rejects.toThrow(/[Nn]ame/);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  const others = async () => {
    const { rows } = await client.query(
      'SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return rows;
  };
  await expect.poll(others).toEqual([]);
});

test('a database that cannot be reached fails the start with its error', async () => {
  const dir = await makeDir();
  const config = loadConfig({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    DATA_DIR: dir,
    LOG_LEVEL: 'silent',
  });

  await expect(openApp(config, { pipeline: [], others: [] })).rejects.toThrow();
});
