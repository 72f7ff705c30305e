import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import WebSocket from 'ws';
import * as z from 'zod';
import { makeProject, openTestApp } from '../../../test/app.ts';
import { takeAway } from '../../../test/database.ts';
import { openProduct } from '../../../test/product.ts';
import { bodyOf } from '../../../test/reporting.ts';
import { counted, storedReports } from '../../../test/reports.ts';
import { newId } from '../../lib/ids.ts';
import { defineJob } from '../../platform/queue.ts';
import { withTrace } from '../../platform/trace.ts';
import { detailsOf, isDatabaseAway } from './known.ts';
import { openSelfReports } from './report.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
const failJob = defineJob({
  name: 'test.fail',
  payload: z.object({ projectId: z.uuid() }),
  run: async () => {
    throw new RangeError('the page has no price');
  },
});

test('a failing job is reported to its project, attempts and end, in the trace that sent it', async () => {
  const app = await openTestApp({ others: [failJob], env: { MAX_RETRIES: '0' } });
  await makeProject(app, 'first');
  const projectId = await makeProject(app, 'second');
  const reporter = openSelfReports(app, 'worker');
  onTestFinished(() => reporter.close());
  await app.queue.work(app);

  await withTrace(traceparent, () =>
    app.db.$transaction((tx) => app.queue.send(tx, failJob, { projectId })),
  );

  await expect.poll(() => app.db.errorEvent.count(), { timeout: 20_000 }).toBe(2);
  const stored = await storedReports(app);
  expect(stored).toMatchObject([
    { projectId, correlationId: trace, platform: 'WORKER', service: 'codesight-worker' },
    { projectId, correlationId: trace, severity: 'CRITICAL' },
  ]);
  expect(bodyOf(stored[0])).toMatchObject({
    source: { function: 'test.fail' },
    exceptions: [{ type: 'RangeError', message: 'the page has no price' }],
    tags: { place: 'job' },
  });
});

test('an outage of the database is told once, by the installation’s project, when it is over', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const reporter = openSelfReports(app, 'server');
  onTestFinished(() => reporter.close());
  const lost = Object.assign(new Error('Connection terminated unexpectedly'), { code: '57P01' });

  for (let time = 0; time < 50; time += 1) app.faults.report({ place: 'operation', error: lost });

  await expect.poll(() => app.db.errorEvent.count()).toBe(1);
  app.faults.report({ place: 'job', error: lost }); // a straggler
  await reporter.flush(5_000);
  expect(await app.db.errorEvent.findMany()).toMatchObject([
    { projectId, category: 'CONNECTION_LOST', severity: 'CRITICAL', platform: 'DATABASE' },
  ]);
});

test('an outage of the database is told as soon as it is over, however long the reporter would pause', {
  timeout: 60_000,
}, async () => {
  const app = await openTestApp();
  await makeProject(app);
  vi.spyOn(Math, 'random').mockReturnValue(40); // jitter of a long outage: 20 s after the first failure
  onTestFinished(() => void vi.restoreAllMocks());
  const reporter = openSelfReports(app, 'server');
  onTestFinished(() => reporter.close());
  const bringBack = await takeAway(app.sql);
  const begunAt = performance.now();
  await expect.poll(async () => (await reporter.ledger()).queued, { timeout: 10_000 }).toBe(1);
  await expect.poll(() => performance.now() - begunAt, { timeout: 20_000 }).toBeGreaterThan(3_000);

  await bringBack();

  const stored = () => app.db.errorEvent.count().catch(() => 0);
  await expect.poll(stored, { timeout: 10_000 }).toBe(1);
});

test('connections that the database cuts are one report', async () => {
  const app = await openTestApp();
  await makeProject(app);
  const reporter = openSelfReports(app, 'server');
  onTestFinished(() => reporter.close());
  await Promise.all([1, 2, 3].map(() => app.db.$queryRaw`SELECT pg_sleep(0.05)::text`));
  const killer = new pg.Client({ connectionString: app.config.databaseUrl });
  await killer.connect();

  await killer.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await killer.end();

  await expect.poll(() => app.db.errorEvent.count()).toBe(1);
  await reporter.flush(5_000);
  await counted(app);
  expect(await app.db.errorIssue.findMany()).toMatchObject([
    { count: 1n, category: 'CONNECTION_LOST' },
  ]);
});

test('what another service is away for is not the database’s, nor is a provider’s', async () => {
  const away = async (connectionString: string) => {
    const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 5_000 });
    const error: unknown = await pool.query('SELECT 1').catch((failed: unknown) => failed);
    await pool.end();
    return error;
  };
  const resets = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  resets.listen(0, '127.0.0.1');
  await once(resets, 'listening');
  onTestFinished(() => void resets.close());
  const { port } = resets.address() as AddressInfo;
  const database = { host: '127.0.0.1', port: 9 };
  const closed = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:8'), {
    ...{ code: 'ECONNREFUSED', address: '127.0.0.1', port: 8 },
  });
  const of = (error: unknown, isOfDatabase = false) =>
    isDatabaseAway(error, { database, isOfDatabase });

  expect(of(await away('postgres://a:b@127.0.0.1:9/c'))).toBe(true);
  expect(of(await away(`postgres://a:b@127.0.0.1:${port}/c`))).toBe(true); // cut, and the driver says so
  const reset: unknown = await fetch(`http://127.0.0.1:${port}`).catch((failed: unknown) => failed);
  expect(String((reset as Error).cause)).toContain('ECONNRESET');
  expect(of(reset)).toBe(false);
  expect(of(closed)).toBe(false);
  expect(of(new AggregateError([closed], 'away'))).toBe(false);
  expect(of(new AggregateError([{ ...closed, port: 9 }], 'away'))).toBe(true);
  expect(of(new Error('the storage is away', { cause: closed }))).toBe(false);
  expect(of(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))).toBe(false);
  expect(of(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), true)).toBe(true);
});

test('what the database refuses is told with its code and table, never with a value', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const reporter = openSelfReports(app, 'server');
  onTestFinished(() => reporter.close());
  const refused = await app.db
    .$executeRaw`INSERT INTO "Project" ("id", "name") VALUES (${projectId}::uuid, 'hunter2')`.catch(
    (error: unknown) => error,
  );

  app.faults.report({ place: 'operation', name: 'MakeProject', error: refused });

  await expect.poll(() => app.db.errorEvent.count()).toBe(1);
  const [stored] = await storedReports(app);
  expect(stored).toMatchObject({ category: 'CONSTRAINT_VIOLATION', platform: 'DATABASE' });
  expect(bodyOf(stored).database?.code).toBe('23505');
  expect(JSON.stringify(stored?.report)).not.toMatch(new RegExp(`${projectId}|hunter2`));
});

test('what a model refuses is told with its table and its columns or constraint', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const failed = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const twice = await failed(app.db.project.create({ data: { id: projectId, name: 'again' } }));
  const nobody = { id: newId(), projectId: newId(), label: 'P-9' };
  const stray = await failed(app.db.participant.create({ data: nobody }));

  expect(detailsOf(twice)).toEqual({
    platform: 'DATABASE',
    database: { code: '23505', table: 'Project', constraint: 'Project_pkey' },
  });
  expect(detailsOf(stray)).toEqual({
    platform: 'DATABASE',
    database: { code: '23503', table: 'Participant', constraint: 'Participant_projectId_fkey' },
  });
});

test('a WebSocket that ends without a word while it is used is told with its close code', async () => {
  const product = await openProduct();
  const reporter = openSelfReports(product.app, 'server');
  onTestFinished(() => reporter.close());
  const socket = new WebSocket(
    `${product.server.url.replace('http', 'ws')}/graphql`,
    'graphql-transport-ws',
  );
  const say = (message: object) => socket.send(JSON.stringify(message));
  await once(socket, 'open');
  say({ type: 'connection_init', payload: { token: product.key } });
  await once(socket, 'message');
  const query = 'subscription { debugStream { __typename } }';
  say({ type: 'subscribe', id: '1', payload: { query, extensions: { traceparent } } });
  say({ type: 'ping' });
  await once(socket, 'message');

  socket.terminate();

  await expect.poll(() => product.app.db.errorEvent.count(), { timeout: 10_000 }).toBe(1);
  const [stored] = await storedReports(product.app);
  expect(stored).toMatchObject({
    ...{ category: 'CONNECTION_LOST', severity: 'INFO', platform: 'SERVER' },
    correlationId: trace,
  });
  expect(bodyOf(stored).response).toMatchObject({ closeCode: 1006 });
});

test('a provider that refuses is told with status and code', () => {
  const busy = Object.assign(new Error('busy'), {
    name: 'ModelServerError',
    status: 429,
    code: 'slow_down',
  });
  const down = Object.assign(new Error('down'), {
    name: 'ModelServerError',
    status: 500,
    code: null,
  });

  expect(detailsOf(new Error('the training failed', { cause: busy }))).toEqual({
    category: 'RATE_LIMIT_EXCEEDED',
    response: { status: 429, code: 'slow_down' },
  });
  expect(detailsOf(down)).toMatchObject({
    category: 'AI_PROVIDER_ERROR',
    response: { status: 500 },
  });
});
