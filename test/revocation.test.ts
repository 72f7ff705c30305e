import { expect, onTestFinished, test } from 'vitest';
import { authenticate } from '../src/accounts/authenticate.ts';
import { ensureFirstKey, revokeKey } from '../src/accounts/keys.ts';
import { openServer } from '../src/graphql/server.ts';
import { schema } from '../src/schema.ts';
import { openReplica, openTestApp } from './app.ts';
import { Talk } from './tiny-server.ts';

test('a revoked key loses its idle sockets on every server within 5 s, for good', async () => {
  const here = await openTestApp({ env: { PORT: '0' } });
  const there = await openReplica(here);
  const servers = [];
  for (const app of [here, there]) {
    const server = await openServer(app, { schema, authenticate });
    onTestFinished(() => server.close());
    servers.push(server);
  }
  const key = await ensureFirstKey(here, new Date());
  if (!key) throw new Error('Expected a first key, got none.');
  const talks = await Promise.all(servers.map((server) => Talk.open({ server }, key.secret)));
  expect(talks.map(({ closed }) => closed)).toEqual([null, null]);

  const begunAt = performance.now();
  await revokeKey(here, { projectId: key.projectId, keyId: key.id, now: new Date() });

  for (const talk of talks)
    await expect.poll(() => talk.closed, { timeout: 8_000 }).toMatchObject({ code: 4401 });
  expect(performance.now() - begunAt).toBeLessThan(5_000);
  expect(
    (await Talk.open({ server: servers[0] as (typeof servers)[0] }, key.secret)).closed,
  ).toMatchObject({
    code: 4401,
  });
});
