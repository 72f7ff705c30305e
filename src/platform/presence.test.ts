import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openTestApp } from '../../test/app.ts';
import { newId } from '../lib/ids.ts';
import type { App } from './app.ts';
import { openPresence, type Peer } from './presence.ts';

const patience = { timeout: 30_000 };

/** A process on the app's database; answers with those that it misses. */
function enter(app: App, onGone: (peer: Peer) => Promise<void> = async () => undefined) {
  const missed: string[] = [];
  const presence = openPresence(app.database, {
    ...{ service: 'worker', log: app.log },
    onGone: async (peer) => {
      await onGone(peer);
      missed.push(peer.id);
    },
  });
  onTestFinished(() => presence.close());
  return { missed, close: () => presence.close() };
}

/** A row of a process that was killed: nobody holds its lock. */
async function leaveBehind(app: App, where = { host: 'elsewhere', pid: 4_711 }): Promise<string> {
  const id = newId();
  await app.db.process.create({ data: { id, service: 'worker', ...where } });
  return id;
}

test('a process that was killed is missed, and forgotten then; one that said goodbye is not', async () => {
  const app = await openTestApp();
  const [one, other] = [enter(app), enter(app)];
  await expect.poll(() => app.db.process.count(), patience).toBe(2);
  await other.close();
  expect(await app.db.process.count()).toBe(1);

  const id = await leaveBehind(app);

  await expect.poll(() => one.missed, patience).toEqual([id]);
  await expect.poll(() => app.db.process.count(), patience).toBe(1);
  expect(one.missed).toEqual([id]);
});

test('one of the same machine is missed sooner, as soon as it runs no more', async () => {
  const app = await openTestApp();
  const { missed } = enter(app);
  const child = spawn(process.execPath, ['--eval', '0']);
  await once(child, 'exit');

  const elsewhere = await leaveBehind(app);
  const here = await leaveBehind(app, { host: hostname(), pid: child.pid ?? 0 });
  const alive = await leaveBehind(app, { host: hostname(), pid: process.pid });

  await expect.poll(() => missed, patience).toEqual([here, elsewhere, alive]);
});

test('one that could not be told is heard of again', async () => {
  const app = await openTestApp();
  let tries = 0;
  const { missed } = enter(app, async () => {
    tries += 1;
    if (tries < 3) throw new Error('no room');
  });

  const id = await leaveBehind(app);

  await expect.poll(() => missed, patience).toEqual([id]);
  expect(tries).toBe(3);
});

test('a process whose connection is cut comes back, and is not missed', async () => {
  const app = await openTestApp();
  const [one, other] = [enter(app), enter(app)];
  const client = new pg.Client({ connectionString: app.config.databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  const shown = async () => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.mode = 'ExclusiveLock'
       WHERE a.application_name = 'codesight-presence' AND a.datname = current_database() ORDER BY a.pid`,
    );
    return rows.map(({ pid }) => pid);
  };
  await expect.poll(shown, patience).toHaveLength(2);
  const [cut] = await shown();

  await client.query('SELECT pg_terminate_backend($1)', [cut]);

  await expect.poll(shown, patience).not.toContain(cut);
  const id = await leaveBehind(app); // by then each has looked at the other often enough
  const missed = () => [...new Set([...one.missed, ...other.missed])];
  await expect.poll(missed, patience).toEqual([id]);
  await expect.poll(shown, patience).toHaveLength(2);
  expect(await app.db.process.count()).toBe(2);
});
