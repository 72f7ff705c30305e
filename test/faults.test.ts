import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { printSchema } from 'graphql';
import { expect, onTestFinished, test } from 'vitest';
import { createKey } from '../src/accounts/keys.ts';
import { play } from '../src/client/play.ts';
import { ownContracts, registerOwnContracts } from '../src/diagnostics/contracts/own.ts';
import { openSelfReports } from '../src/diagnostics/self/report.ts';
import { DebugStreamDocument, ViewerDocument } from '../src/generated/client/graphql.ts';
import type { Viewer } from '../src/graphql/context.ts';
import { deviationsOf } from '../src/lib/contracts/check.ts';
import { newId } from '../src/lib/ids.ts';
import { openReporter } from '../src/reporter/node.ts';
import { schema } from '../src/schema.ts';
import { makeChannel, makeRule } from './alerts.ts';
import { ask } from './app.ts';
import { type ChannelServer, openChannelServer } from './channel-server.ts';
import { startChild } from './children.ts';
import { makeDataDir } from './command.ts';
import { takeAway } from './database.ts';
import { closeGates } from './gates.ts';
import { openOpenAiServer } from './openai-server.ts';
import { aSource } from './product.ts';
import { openReporting, type Reporting } from './reporting.ts';
import { makeSuite } from './suites.ts';
import { makeClient, notes } from './sync.ts';
import { begin, providerEnv } from './training.ts';

type Seen = { title: string; signal: string; category: string | null; at: number };
type Watched = Reporting & { viewer: Viewer; channels: ChannelServer; seen: Seen[] };

const triggers = ['ISSUE_NEW', 'CONTRACT_BROKEN', 'SYNC_DIVERGED'];

/** A running CodeSight that reports into itself, with a follower of its debug stream and a channel for all that is found. */
async function openWatched(env: Record<string, string> = {}): Promise<Watched> {
  const channels = await openChannelServer();
  const product = await openReporting({
    ALERT_ALLOWED_HOSTS: channels.host,
    MAX_RETRIES: '0',
    ...env,
  });
  const { app, projectId } = product;
  const reporter = openSelfReports(app, 'server');
  onTestFinished(() => reporter.close());
  const scopes = new Set(['READ', 'ADMIN', 'REPORT', 'TRAIN'] as const);
  const viewer: Viewer = {
    ...{ kind: 'KEY', id: product.keyId, projectId, participantId: null, expiresAt: null },
    scopes,
  };
  const alerting = { app, viewer, projectId, channels };
  const channelIds = [await makeChannel(alerting)];
  for (const trigger of triggers) await makeRule(alerting, { trigger, channelIds });
  await app.queue.work(app);
  const seen = await followAll(product);
  return Object.assign(product, { viewer, channels, seen });
}

/** All that is in the debug stream from now on. */
async function followAll(product: Reporting): Promise<Seen[]> {
  const seen: Seen[] = [];
  const connection = product.connect({ patienceMs: 60_000 });
  const follow = async () => {
    const variables = { where: null, after: null };
    for await (const { debugStream } of connection.follow(DebugStreamDocument, variables))
      if (debugStream.__typename === 'DebugEntry') {
        const { title, signal, category } = debugStream;
        seen.push({ title, signal, category: category ?? null, at: Date.now() });
      }
  };
  void follow().catch(() => undefined); // ends with its connection
  await connection.ready(20_000);
  return seen;
}

/** The fault is one issue of its category, in the stream, and told at the channel. */
async function expectFound(
  { app, seen, channels }: Watched,
  category: string,
  { count }: { count?: number } = {},
) {
  const where = { category: category as 'OTHER' };
  await expect.poll(() => app.db.errorIssue.count({ where }), { timeout: 60_000 }).toBe(1);
  const inStream = () =>
    seen.find((one) => one.signal === 'issue.new' && one.category === category);
  await expect.poll(inStream, { timeout: 20_000 }).toBeDefined();
  const told = () => channels.taken.find(({ body }) => isAbout(body, 'New issue', category));
  await expect.poll(told, { timeout: 20_000 }).toBeDefined();
  const issue = await app.db.errorIssue.findFirstOrThrow({ where });
  if (count !== undefined) expect(Number(issue.count)).toBe(count);
  const event = await app.db.errorEvent.findFirstOrThrow({ where });
  process.stderr.write(
    `${category}: in the stream after ${(inStream()?.at ?? 0) - event.receivedAt.getTime()} ms, at the channel after ${(told()?.at.getTime() ?? 0) - event.receivedAt.getTime()} ms.\n`,
  );
  return { issue, event };
}

test('a database that is killed is one issue, told when it is back; health says so at once', {
  timeout: 120_000,
}, async () => {
  const watched = await openWatched();
  const { app, server } = watched;
  const health = async () => (await fetch(`${server.url}/health/ready`)).status;

  const bringBack = await takeAway(app.sql);
  await expect.poll(health, { timeout: 10_000 }).toBe(503);
  await bringBack();

  const { issue } = await expectFound(watched, 'CONNECTION_LOST', { count: 1 });
  expect(issue).toMatchObject({ platform: 'DATABASE', severity: 'CRITICAL' });
});

test('a contract that a changed server breaks counts against it, and is one issue', {
  timeout: 120_000,
}, async () => {
  const watched = await openWatched();
  const { app, server, viewer, key, reportKey } = watched;
  await registerOwnContracts(app, schema, { projectId: viewer.projectId, version: '1' });
  const [contract] = ownContracts(printSchema(schema), [String(ViewerDocument)]);
  const { hash = '', response = {} } = contract ?? {};
  const changed = await openChanged(server.url);
  const reporter = openReporter({
    url: server.url,
    key: reportKey.secret,
    service: 'shop',
    platform: 'SERVER',
    folder: await makeDataDir(),
    automatic: { errors: false, breadcrumbs: false },
    contracts: [{ operation: 'Viewer', hash, response: (value) => deviationsOf(response, value) }],
  });
  onTestFinished(() => reporter.close());
  const call = (url: string) =>
    reporter.wrapFetch(fetch)(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query: String(ViewerDocument), operationName: 'Viewer' }),
    });

  await (await call(server.url)).json();
  await reporter.flush(5_000);
  expect(await app.db.errorEvent.count()).toBe(0);
  await (await call(changed)).json();
  await reporter.flush(5_000);

  const { event } = await expectFound(watched, 'CONTRACT_VIOLATION');
  expect(event.correlationId).toMatch(/^[0-9a-f]{32}$/);
  expect(await app.db.contractViolation.findMany({ where: { contract: { hash } } })).toMatchObject([
    {
      kind: 'RESPONSE_SCHEMA_ERROR',
      pointer: '/viewer/scopes',
      expected: 'array',
      actual: 'string',
    },
  ]);
});

test('a sequence gap and a diverged entity are one sync issue each, in the stream and at the channel', {
  timeout: 120_000,
}, async () => {
  const watched = await openWatched();
  const { app, viewer, seen, channels } = watched;
  const authority = makeClient(app, viewer, { name: 'Notes server', isAuthority: true });
  const page = makeClient(app, viewer, { name: 'Notes page' });
  const idle = { checkpoint: 'v0', isUploadQueueEmpty: true };

  await page.report({ ...idle, sequences: [{ stream: 'main', issued: 9, pendingFrom: 10 }] });
  await authority.report({
    ...idle,
    sequences: [{ stream: 'main', clientId: page.id, applied: 7, waiting: [9] }],
  });
  const held = notes(50).with(7, { key: 'note-7', value: 'changed' });
  for (const checkpoint of ['v1', 'v2', 'v3']) {
    await authority.compare(checkpoint, notes(50));
    await page.compare(checkpoint, held);
  }

  const issues = await app.db.syncIssue.findMany({ orderBy: { createdAt: 'asc' } });
  expect(issues.map(({ type }) => type)).toEqual(['MISSING_DATA', 'DIVERGENCE']);
  const inStream = () => seen.filter(({ signal }) => signal === 'sync.diverged').length;
  await expect.poll(inStream, { timeout: 20_000 }).toBe(2);
  for (const { type, createdAt } of issues) {
    const told = () => channels.taken.filter(({ body }) => isAbout(body, 'Copies diverged', type));
    await expect.poll(() => told().length, { timeout: 10_000 }).toBe(1);
    const inStreamMs =
      (seen.find(({ title }) => title.includes(type))?.at ?? 0) - Number(createdAt);
    const atChannelMs = Number(told()[0]?.at) - Number(createdAt);
    process.stderr.write(
      `${type}: in the stream after ${inStreamMs} ms, at the channel after ${atChannelMs} ms.\n`,
    );
  }
});

test('an expired token is an issue of its own category', { timeout: 120_000 }, async () => {
  const watched = await openWatched();
  const { server, reportKey, app, projectId } = watched;
  const reporter = openReporter({
    url: server.url,
    key: reportKey.secret,
    service: 'shop',
    platform: 'SERVER',
    folder: await makeDataDir(),
    automatic: { errors: false, breadcrumbs: false },
  });
  onTestFinished(() => reporter.close());
  const expired = await createKey(
    app,
    { projectId, scopes: new Set(['REPORT']) },
    { id: newId(), name: 'old', scopes: ['REPORT'], now: new Date() },
  );
  await app.db.apiKey.update({
    where: { id: expired.id },
    data: { expiresAt: new Date(Date.now() - 1_000) },
  });

  for (let time = 0; time < 3; time += 1) {
    const answer = await reporter.wrapFetch(fetch)(`${server.url}/api/reports`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${expired.secret}` },
      body: '{}',
    });
    expect(answer.status).toBe(401);
  }
  await reporter.flush(5_000);

  await expectFound(watched, 'AUTH_EXPIRED', { count: 3 });
});

test('a provider that refuses with 429 is an issue of its own category', {
  timeout: 120_000,
}, async () => {
  const fake = await openOpenAiServer();
  const watched = await openWatched({
    ...providerEnv(fake),
    OPENAI_RETRIES: '0',
    TRAINING_POLL_MS: '100',
  });
  const { app, projectId } = watched;
  const sites = { train: ['fellside.example'], validation: ['copperpot.example'], test: [] };
  const datasetId = await makeSuite(app, projectId, sites);
  fake.fail(/^POST/, { how: 'status', status: 429 }, 1_000);

  await begin(app, projectId, datasetId, {
    trainer: 'OPENAI',
    baseModel: 'gpt-4.1-mini-2025-04-14',
  });

  await expectFound(watched, 'RATE_LIMIT_EXCEEDED');
});

test('a worker that is killed in the middle of a job, the only one, is told within ten seconds, and one issue with its job', {
  timeout: 180_000,
}, async () => {
  const channels = await openChannelServer();
  const product = await openReporting({ ALERT_ALLOWED_HOSTS: channels.host, MAX_RETRIES: '0' });
  const { app, projectId } = product;
  const scopes = new Set(['READ', 'ADMIN', 'CAPTURE'] as const);
  const viewer: Viewer = {
    ...{ kind: 'KEY', id: product.keyId, projectId, participantId: null, expiresAt: null },
    scopes,
  };
  const alerting = { app, viewer, projectId, channels };
  await makeRule(alerting, { channelIds: [await makeChannel(alerting)] });
  const env = { MAX_RETRIES: '0', PORT: '0', ALERT_ALLOWED_HOSTS: channels.host };
  await startChild(app, 'serve', env);
  const seen = await followAll(product);
  await closeGates(app);
  const source = aSource({});
  await play(source, product.connect({ patienceMs: 60_000 }));
  const worker = await startChild(app, 'work', env);
  const running = () => app.db.processingStep.count({ where: { state: 'RUNNING' } });
  await expect.poll(running, { timeout: 60_000, interval: 20 }).toBe(1);
  await worker.kill();
  const killedAt = Date.now();

  const inStream = () => seen.filter(({ signal }) => signal === 'issue.new');
  await expect.poll(inStream, { timeout: 10_000 }).toHaveLength(1);
  const leftMs = () => Math.max(1, killedAt + 10_000 - Date.now());
  await expect.poll(() => channels.taken.length, { timeout: leftMs() }).toBe(1);
  process.stderr.write(
    `The worker was killed: in the stream after ${(inStream()[0]?.at ?? 0) - killedAt} ms, at the channel after ${(channels.taken[0]?.at.getTime() ?? 0) - killedAt} ms.\n`,
  );

  await startChild(app, 'work', env); // and buries the job
  const failed = () => ask(app, viewer, `{ session(id: "${source.head.id}") { state } }`);
  await expect.poll(failed, { timeout: 60_000 }).toEqual({ session: { state: 'FAILED' } });
  await expect.poll(() => app.db.errorEvent.count(), { timeout: 20_000 }).toBe(2);
  const events = await app.db.errorEvent.findMany({ orderBy: { receivedAt: 'asc' } });
  const common = { projectId, platform: 'WORKER', service: 'codesight-worker' };
  expect(events).toMatchObject([
    { ...common, severity: 'CRITICAL', category: 'SERVICE_UNAVAILABLE' },
    { ...common, correlationId: source.head.id.replaceAll('-', '') },
  ]);
  await expect.poll(() => app.db.errorIssue.findMany()).toMatchObject([{ count: 2n }]);
  expect(channels.taken).toHaveLength(1);
});

function isAbout(message: object, ...words: string[]): boolean {
  const text = JSON.stringify(message);
  return words.every((word) => text.includes(word));
}

/** A server whose answers came to lack what was promised. */
async function openChanged(behind: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const answer = await fetch(`${behind}${request.url}`, {
      method: request.method ?? 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: request.headers.authorization ?? '',
      },
      body,
    });
    const result = (await answer.json()) as { data: { viewer: object } };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ ...result, data: { viewer: { ...result.data.viewer, scopes: 'ALL' } } }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
