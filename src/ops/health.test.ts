import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { openTestApp } from '../../test/app.ts';
import { openTinyServer, Talk, type Tiny } from '../../test/tiny-server.ts';
import { openRoutes } from '../graphql/server.ts';
import { checkHealth, opsRoutes } from './health.ts';

const get = async ({ server }: Pick<Tiny, 'server'>, path: string) => {
  const response = await fetch(`${server.url}${path}`);
  return { status: response.status, text: await response.text() };
};

test('every dependency answers with its latency', async () => {
  const app = await openTestApp();

  const health = await checkHealth(app);

  const good = { ok: true, latencyMs: expect.any(Number) };
  expect(health).toEqual({
    ok: true,
    dependencies: { database: good, queue: good, storage: good },
  });
});

test('many who ask at once are one question', async () => {
  const app = await openTestApp();

  expect(checkHealth(app)).toBe(checkHealth(app));
});

test('when Postgres goes the process is live and not ready, and ready again when it is back', async () => {
  const tiny = await openTinyServer({ routes: opsRoutes });
  const talk = await Talk.open(tiny);
  const { rows } = await tiny.app.sql.query<{ name: string }>('SELECT current_database() AS name');
  const name = rows[0]?.name ?? '';
  expect((await get(tiny, '/health/ready')).status).toBe(200);

  await asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  await expect
    .poll(async () => (await get(tiny, '/health/ready')).status, { timeout: 8_000 })
    .toBe(503);
  const { text } = await get(tiny, '/health/ready');
  expect(JSON.parse(text)).toMatchObject({
    ok: false,
    dependencies: { database: { ok: false }, storage: { ok: true } },
  });
  expect(text).not.toContain(name);
  expect((await get(tiny, '/health/live')).status).toBe(200);
  expect((await talk.ask('mutation { touch }')).data).toEqual({ touch: 1 });
  await asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);

  await expect
    .poll(async () => (await get(tiny, '/health/ready')).status, { timeout: 20_000 })
    .toBe(200);
  expect((await talk.ask('{ database }')).data).toEqual({ database: 1 });
  expect(talk.closed).toBeNull();
});

test('a dependency that hangs is given up after two seconds', async () => {
  const app = await openTestApp();

  const health = await checkHealth({
    ...app,
    storage: { ...app.storage, ping: () => new Promise(() => undefined) },
  });

  expect(health.ok).toBe(false);
  expect(health.dependencies.storage).toMatchObject({
    ok: false,
    error: 'It did not answer within 2000 ms.',
  });
});

test('metrics come in the format of Prometheus, also from a process without an API', async () => {
  const app = await openTestApp();
  const server = await openRoutes(app, opsRoutes, { host: '127.0.0.1', port: 0 });

  const { status, text } = await get({ server }, '/metrics');
  const refused = await fetch(`${server.url}/metrics`, { method: 'POST' });
  await server.close();

  expect([status, refused.status]).toEqual([200, 405]);
  expect(text).toMatch(/^# TYPE codesight_sockets gauge$/m);
});

async function asAdmin(statement: string): Promise<void> {
  const client = new Client(inject('adminDatabaseUrl'));
  await client.connect();
  await client.query(statement);
  await client.end();
}
