import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from '../src/client/connection.ts';
import { contractHashOf } from '../src/client/watch.ts';
import { DebugStreamDocument } from '../src/generated/client/graphql.ts';
import { newId } from '../src/lib/ids.ts';
import { openEmbeddedPostgres } from '../src/platform/postgres.ts';
import { openTestApp } from './app.ts';
import { openChannelServer, testSecret } from './channel-server.ts';
import { startChild } from './children.ts';
import { makeDataDir } from './command.ts';
import { storedReports } from './reports.ts';

/** Something in the process that nobody handles, at a signal. */
const planted = `--import=data:text/javascript,${encodeURIComponent(
  `process.on('SIGUSR2', () => setTimeout(() => { throw new RangeError('planted in the process'); }));`,
)}`;

test.each([
  ['serve', 'SERVER'],
  ['work', 'WORKER'],
] as const)(
  'a fault that ends %s is told once, before it ends',
  {
    timeout: 240_000,
  },
  async (door, platform) => {
    const app = await openTestApp();
    const env = { PORT: '0' };
    if (door === 'work') await (await startChild(app, 'serve', env)).stop(); // makes the first project
    const first = await startChild(app, door, { ...env, NODE_OPTIONS: planted });
    first.signal('SIGUSR2');
    expect(await first.ended).toBe(1);

    const [event, ...more] = await storedReports(app);
    expect(event).toMatchObject({ severity: 'CRITICAL', platform });
    expect(more).toEqual([]);
    expect(await app.db.process.count()).toBe(0); // nobody will miss it
    await (await startChild(app, door, env)).stop(); // what it kept for the next start is nothing new
    expect(await app.db.errorEvent.count()).toBe(1);
    expect(JSON.stringify(event?.report)).toContain('planted in the process');
  },
);

test('Postgres that is stopped under serve and work: health says so, and one alert when it is back', {
  timeout: 300_000,
}, async () => {
  const dir = await makeDataDir();
  const log = { info: () => undefined, warn: () => undefined };
  const open = () => openEmbeddedPostgres({ dir: join(dir, 'own'), log, durable: false });
  let postgres = await open();
  onTestFinished(() => postgres.stop());
  const config = { databaseUrl: postgres.url, dataDir: join(dir, 'data') };
  const channels = await openChannelServer();
  const env = { PORT: '0', ALERT_ALLOWED_HOSTS: channels.host };
  const serve = await startChild({ config }, 'serve', env);
  await startChild({ config }, 'work', env);
  const url = /http:\/\/[\d.:]+/.exec(serve.said())?.[0] ?? '';
  const token = /cs_\w+/.exec(serve.said())?.[0] ?? '';
  const channel = { kind: 'WEBHOOK', name: 'ops', url: `${channels.url}/webhook` };
  const ids = { channel: newId(), rule: newId() };
  const rule = { id: ids.rule, name: 'new', trigger: 'ISSUE_NEW', channelIds: [ids.channel] };
  const ask = async (query: string, variables: object): Promise<unknown> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    return response.json();
  };
  const made = await ask(
    `mutation ($channel: SaveChannelInput!, $rule: SaveAlertRuleInput!) {
      saveChannel(input: $channel) { __typename } saveAlertRule(input: $rule) { __typename } }`,
    { channel: { ...channel, id: ids.channel, secret: testSecret }, rule },
  );
  expect(made).toMatchObject({ data: { saveAlertRule: { __typename: 'AlertRule' } } });
  const { came, ends } = followStream(url, token);
  // Whoever has seen one event misses none of those that follow, whatever happens between.
  const check = () => ({ id: newId(), contractHash: contractHashOf('query Viewer'), checked: 1 });
  const anchor = () =>
    ask(
      `mutation ($input: ReportContractChecksInput!) { reportContractChecks(input: $input) { __typename } }`,
      { input: { checks: [check()] } },
    ).then(() => came.length);
  await expect.poll(anchor, { timeout: 20_000, interval: 500 }).toBeGreaterThan(0);
  const health = async () => (await fetch(`${url}/health/ready`)).status;
  await expect.poll(health, { timeout: 20_000 }).toBe(200);

  await postgres.stop();
  await expect.poll(health, { timeout: 10_000 }).toBe(503);
  // So long that a reporter which only doubles its pauses would mostly be late.
  const answers: number[] = [];
  const look = async () => answers.push(await health());
  await expect.poll(look, { timeout: 90_000, interval: 1_000 }).toBeGreaterThan(15);
  expect(new Set(answers)).toEqual(new Set([503]));
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  postgres = await open();
  const backAt = Date.now();

  const inStream = () => came.find(({ signal }) => signal === 'issue.new');
  await expect.poll(inStream, { timeout: 10_000 }).toMatchObject({ category: 'CONNECTION_LOST' });
  await expect.poll(() => channels.taken.length, { timeout: 10_000 }).toBeGreaterThan(0);
  process.stderr.write(
    `The database came back: in the stream after ${(inStream()?.at ?? 0) - backAt} ms, at the channel after ${(channels.taken[0]?.at.getTime() ?? 0) - backAt} ms.\n`,
  );
  expect(ends).toEqual([]); // the follower from before heard nothing for a while, and goes on
  await expect.poll(health, { timeout: 20_000 }).toBe(200);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  onTestFinished(() => client.end());
  const told = async () => {
    const { rows } = await client.query(
      'SELECT "service", count(*)::int FROM "ErrorEvent" GROUP BY "service" ORDER BY "service"',
    );
    return rows;
  };
  // Each of the two processes tells of it once.
  await expect.poll(told, { timeout: 20_000 }).toEqual([
    { service: 'codesight-server', count: 1 },
    { service: 'codesight-worker', count: 1 },
  ]);
  const issues = async () => {
    const { rows } = await client.query(
      'SELECT "category"::text, "platform"::text, "severity"::text, "count"::int FROM "ErrorIssue"',
    );
    return rows;
  };
  await expect
    .poll(issues)
    .toEqual([
      { category: 'CONNECTION_LOST', platform: 'DATABASE', severity: 'CRITICAL', count: 2 },
    ]);
  expect(channels.taken).toHaveLength(1);
  expect(JSON.stringify(channels.taken[0]?.body)).toContain('CONNECTION_LOST');
});

type Came = { signal: string; category: string | null; at: number };

/** What comes in one subscription to the debug stream, and why it ended. */
function followStream(url: string, token: string): { came: Came[]; ends: unknown[] } {
  const came: Came[] = [];
  const ends: unknown[] = [];
  const connection = openConnection({ url, token, patienceMs: 120_000 });
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
    return connection.close();
  });
  const follow = async (): Promise<void> => {
    const variables = { where: null, after: null };
    for await (const { debugStream } of connection.follow(
      DebugStreamDocument,
      variables,
      stop.signal,
    ))
      if (debugStream.__typename === 'DebugEntry')
        came.push({ ...debugStream, category: debugStream.category ?? null, at: Date.now() });
  };
  follow().catch((error: unknown) => ends.push(error));
  return { came, ends };
}
