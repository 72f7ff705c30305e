import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { makeChannel, makeRule, openAlerting } from '../../test/alerts.ts';
import { checkHealth, type Health } from './health.ts';
import { openHealthWatch } from './health-watch.ts';

const good = { ok: true, latencyMs: 1 };
const bad = { ok: false, latencyMs: 1, error: 'It refused; the log says why.' };
const late = { ok: false, latencyMs: 2_000, error: 'It did not answer.', isLate: true };
const healthOf = (over: Partial<Health['dependencies']>): Health => ({
  ok: Object.keys(over).length === 0,
  dependencies: { database: good, queue: good, storage: good, ...over },
});
const second = (at: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, at));

test('a dependency that goes raises an alert at once, and its return ends it; each once', async () => {
  const alerting = await openAlerting();
  const { app } = alerting;
  await makeRule(alerting, { trigger: 'HEALTH' });
  let health = healthOf({ storage: bad });
  const watch = openHealthWatch(app, async () => health);

  await watch.look(second(0));
  await watch.look(second(2));
  expect(await app.db.alert.findMany()).toMatchObject([
    {
      state: 'OPEN',
      subjectId: 'health/storage',
      title: 'The store of objects is away since 2026-01-01T00:00:00.000Z',
      category: 'SERVICE_UNAVAILABLE',
      severity: 'CRITICAL',
    },
  ]);
  health = healthOf({});
  await watch.look(second(4));
  await watch.look(second(6));

  expect(await app.db.alert.findMany()).toMatchObject([{ state: 'RESOLVED' }]);
  const said = await app.db.debugEvent.findMany({ orderBy: { sequence: 'asc' } });
  expect(said.map(({ body }) => (body as { detail: unknown }).detail)).toMatchObject([
    { ok: false },
    { ok: true, seconds: 4 },
  ]);
});

test('one that is late once is busy; late twice in a row it is away', async () => {
  const alerting = await openAlerting();
  await makeRule(alerting, { trigger: 'HEALTH' });
  const healths = [{ storage: late }, {}, { storage: late }, { storage: late }].map(healthOf);
  const alerts: number[] = [];
  const watch = openHealthWatch(alerting.app, async () => healths.shift() ?? healthOf({}));

  for (let at = 0; at < 4; at += 1) {
    await watch.look(second(at));
    alerts.push(await alerting.app.db.alert.count());
  }

  expect(alerts).toEqual([0, 0, 0, 1]);
});

test('an outage of the database is told within ten seconds of its return, with its instants', {
  timeout: 60_000,
}, async () => {
  const alerting = await openAlerting();
  const { app, channels } = alerting;
  await makeRule(alerting, { trigger: 'HEALTH', channelIds: [await makeChannel(alerting)] });
  await app.queue.work(app);
  const { rows } = await app.sql.query<{ name: string }>('SELECT current_database() AS name');
  const name = rows[0]?.name ?? '';
  const watch = openHealthWatch(app);

  await asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  await expect.poll(async () => (await checkHealth(app)).ok, { timeout: 10_000 }).toBe(false);
  await watch.look(new Date());
  await asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);

  const toldAfterReturn = async () => {
    await watch.look(new Date());
    return channels.taken.map(({ body }) => body);
  };
  await expect.poll(toldAfterReturn, { timeout: 30_000, interval: 1_000 }).toMatchObject([
    {
      type: 'alert.raised',
      data: { text: expect.stringMatching(/^The database is away since /) },
    },
    { type: 'alert.resolved' },
  ]);
});

async function asAdmin(statement: string): Promise<void> {
  const client = new Client(inject('adminDatabaseUrl'));
  await client.connect();
  await client.query(statement);
  await client.end();
}
