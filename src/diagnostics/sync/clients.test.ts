import { expect, test } from 'vitest';
import { makeRule } from '../../../test/alerts.ts';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { makeClient, notes } from '../../../test/sync.ts';
import { trimSync } from './retention.ts';
import { findStalls } from './stalls.ts';

const CLIENTS = `query ($where: SyncClientFilter) { syncClients(where: $where) { totalCount nodes {
  name health isOnline stall openIssues
  telemetry { queueDepth headAttempts lastError isStoreSound socket { roundTripMs reconnects missedPings } peers { connected failed } }
  worst { queueDepth headAttempts roundTripMs missedPings failedPeers } } } }`;
type Client = Record<string, unknown> & { health: string; stall: string | null };

const calm = { isOnline: true, queueDepth: 0, headAttempts: 0, restarts: 0 };
const waiting = { ...calm, queueDepth: 2, headId: 'op-1', headAttempts: 1 };

async function openPlace() {
  const app = await openTestApp();
  const project = await makeProject(app);
  const reporter = await makeViewer(app, { project, scopes: ['REPORT'], participant: null });
  const reader = await makeViewer(app, { project, scopes: ['READ'], participant: null });
  const page = makeClient(app, reporter, { name: 'Notes page' });
  const tell = (telemetry: object, at = Date.now()) =>
    page.report({ telemetry, sampledAt: new Date(at).toISOString() });
  const clients = async (where: object = {}) =>
    (await ask<{ syncClients: { nodes: Client[] } }>(app, reader, CLIENTS, { where })).syncClients
      .nodes;
  const signals = async (): Promise<unknown[]> =>
    (await app.db.debugEvent.findMany({ orderBy: { sequence: 'asc' } })).map(({ body }) => body);
  /** As if the client's queue were as it is since then. */
  const age = (minutes: number) =>
    app.db.syncClient.updateMany({ data: { headSince: new Date(Date.now() - minutes * 60_000) } });
  return { app, reporter, page, tell, clients, signals, age };
}

test('the latest sample is kept and the worst of each number, in whatever order they come', async () => {
  const { tell, clients } = await openPlace();
  const now = Date.now();
  const socket = { roundTripMs: 900, reconnects: 3, missedPings: 1 };

  await tell(
    { ...calm, queueDepth: 1, socket: { ...socket, roundTripMs: 20, missedPings: 0 } },
    now,
  );
  await tell(
    {
      ...calm,
      queueDepth: 90,
      headAttempts: 4,
      lastError: 'x',
      socket,
      peers: { connected: 0, failed: 5 },
    },
    now - 60_000,
  );

  expect(await clients()).toMatchObject([
    {
      ...{ name: 'Notes page', health: 'HEALTHY', isOnline: true, openIssues: 0 },
      telemetry: { queueDepth: 1, headAttempts: 0, lastError: null, socket: { roundTripMs: 20 } },
      worst: { queueDepth: 90, headAttempts: 4, roundTripMs: 900, missedPings: 1, failedPeers: 5 },
    },
  ]);
});

test('what a client says of an error is redacted', async () => {
  const { tell, clients } = await openPlace();

  await tell({ ...waiting, lastError: 'Refused for anna@example.org' });

  expect((await clients())[0]).toMatchObject({ telemetry: { lastError: 'Refused for [EMAIL]' } });
});

test('a queue stands still when its head is unchanged for five minutes online, and is told once', async () => {
  const { tell, clients, signals, age } = await openPlace();
  await tell(waiting);
  await age(4);
  await tell(waiting);
  const before = await clients();
  await age(5);

  await tell(waiting);
  await tell(waiting);

  expect(before[0]).toMatchObject({ stall: null, health: 'HEALTHY' });
  expect((await clients())[0]).toMatchObject({ stall: 'HEAD_UNCHANGED', health: 'STALLED' });
  expect(await signals()).toMatchObject([
    {
      ...{ title: 'The queue of Notes page stands still', severity: 'HIGH' },
      ...{ category: 'SYNC_TIMEOUT', source: 'Notes page' },
    },
  ]);
  await tell({ ...waiting, headId: 'op-2' });
  expect((await clients())[0]).toMatchObject({ stall: null, health: 'HEALTHY' });
});

test('a queue stands still without an attempt in twice the retry interval', async () => {
  const { tell, clients, age } = await openPlace();
  await tell({ ...waiting, retryIntervalMs: 1_000, attemptAgeMs: 100 });
  await age(1);

  await tell({ ...waiting, retryIntervalMs: 1_000, attemptAgeMs: 2_500 });

  expect((await clients())[0]).toMatchObject({ stall: 'NO_ATTEMPT' });
});

test('what a client was silent for says nothing of its attempts', async () => {
  const { app, tell } = await openPlace();
  await tell({ ...waiting, retryIntervalMs: 1_000, attemptAgeMs: 100 });
  const tried = (seconds: number) =>
    app.db.syncClient.updateMany({
      data: Object.fromEntries(
        ['headSince', 'attemptedAt'].map((name) => [name, new Date(Date.now() - seconds * 1_000)]),
      ),
    });

  await tried(110);
  const early = await findStalls(app);
  await tried(125);

  expect([early, await findStalls(app)]).toEqual([0, 1]);
});

test('clients that fell silent while online are found; offline ones and empty queues are left alone', async () => {
  const { app, reporter, tell, clients, signals, age } = await openPlace();
  await tell(waiting);
  await makeClient(app, reporter, { name: 'Off' }).report({
    telemetry: { ...waiting, isOnline: false },
  });
  await makeClient(app, reporter, { name: 'Idle' }).report({ telemetry: calm });
  await age(6);

  const found = await findStalls(app);
  const again = await findStalls(app);

  expect([found, again]).toEqual([1, 0]);
  expect(await clients({ health: ['STALLED'] })).toMatchObject([{ name: 'Notes page' }]);
  expect(
    (await signals()).filter((one) => JSON.stringify(one).includes('stands still')),
  ).toHaveLength(1);
});

test('a local store whose checksum fails is corrupt, and that is critical', async () => {
  const { tell, clients, signals } = await openPlace();

  await tell({ ...calm, isStoreSound: false });

  expect((await clients())[0]).toMatchObject({ health: 'CORRUPT' });
  expect(await signals()).toMatchObject([
    { title: 'The local store of Notes page is corrupt', severity: 'CRITICAL' },
  ]);
});

test('a corrupt store raises an alert, which is over when the store is sound again', async () => {
  const { app, reporter, tell, age } = await openPlace();
  const admin = await makeViewer(app, {
    ...{ project: reporter.projectId, scopes: ['ADMIN'], participant: null },
  });
  await makeRule({ app, viewer: admin }, { trigger: 'SYNC_DIVERGED' });
  await makeRule({ app, viewer: admin }, { trigger: 'QUEUE_STALLED' });
  const alerts = async () =>
    (await app.db.alert.findMany({ orderBy: { raisedAt: 'asc' } })).map(
      ({ trigger, state, title }) => `${trigger} ${state}: ${title}`,
    );
  await tell({ ...waiting, isStoreSound: true });
  await age(6);

  await tell({ ...waiting, isStoreSound: false });
  const both = await alerts();
  await tell({ ...waiting, headId: 'op-2' }); // it says nothing of its store
  const moved = await alerts();
  await tell({ ...waiting, headId: 'op-2', isStoreSound: true });

  expect(both.sort()).toEqual([
    'QUEUE_STALLED OPEN: The queue of Notes page stands still',
    'SYNC_DIVERGED OPEN: The local store of Notes page is corrupt',
  ]);
  expect(moved.sort()).toEqual([
    'QUEUE_STALLED RESOLVED: The queue of Notes page stands still',
    'SYNC_DIVERGED OPEN: The local store of Notes page is corrupt',
  ]);
  expect((await alerts()).every((alert) => alert.includes('RESOLVED'))).toBe(true);
});

test('a clock that ran ahead and was set right keeps no later sample out', async () => {
  const { tell, clients } = await openPlace();

  await tell({ ...calm, queueDepth: 1, headId: 'a' }, Date.now() + 365 * 86_400_000);
  await tell({ ...calm, queueDepth: 7, headId: 'a' });

  expect((await clients())[0]).toMatchObject({ telemetry: { queueDepth: 7 } });
});

test.each([
  ['a slow WebSocket', { socket: { roundTripMs: 3_000, reconnects: 0, missedPings: 0 } }],
  ['missed pings', { socket: { reconnects: 0, missedPings: 2 } }],
  ['no peer left', { peers: { connected: 0, failed: 2 } }],
  ['a store that is nearly full', { storedBytes: 96, quotaBytes: 100 }],
  ['many attempts', { queueDepth: 1, headId: 'a', headAttempts: 5 }],
])('%s makes a client degraded', async (_name, telemetry) => {
  const { tell, clients } = await openPlace();

  await tell({ ...calm, ...telemetry });

  expect((await clients())[0]).toMatchObject({ health: 'DEGRADED' });
});

test('an issue is said in the transaction that stores it, with the state of the client', async () => {
  const { app, reporter, page, signals } = await openPlace();
  const server = makeClient(app, reporter, { name: 'Notes server', isAuthority: true });
  for (const checkpoint of ['v1', 'v2', 'v3']) {
    await server.compare(checkpoint, notes(checkpoint === 'v3' ? 2 : 3));
    await page.compare(checkpoint, notes(2));
  }

  expect(await signals()).toMatchObject([
    {
      ...{ title: 'DIVERGENCE of Note on Notes page', category: 'SYNC_CONFLICT' },
      detail: { pendingOperations: 0, conflictCount: 0, offlineQueue: 0, lastSyncTimestamp: null },
    },
    { severity: 'INFO', detail: { state: 'CLOSED' } },
  ]);
});

test('what sync keeps is bounded: takes by count and age, clients and issues by age', async () => {
  const { app, page } = await openPlace();
  for (let place = 0; place < 12; place += 1) await page.compare(`v${place}`, notes(1));
  await page.report({ issues: [{ type: 'VALIDATION_FAILED', entityType: 'Note', entityId: 'n' }] });
  const kept = await app.db.syncDigest.count();
  const fresh = await trimSync(app);

  const days = (count: number) => new Date(Date.now() - count * 86_400_000);
  await app.db.syncDigest.updateMany({ data: { createdAt: days(8) } });
  await trimSync(app);
  const afterWeek = [await app.db.syncDigest.count(), await app.db.syncClient.count()];
  await app.db.syncClient.updateMany({ data: { lastSeenAt: days(91) } });
  await app.db.syncIssue.updateMany({ data: { lastSeenAt: days(91) } });
  await trimSync(app);

  expect([kept, fresh]).toEqual([8, 0]);
  expect(afterWeek).toEqual([0, 1]);
  expect([await app.db.syncClient.count(), await app.db.syncIssue.count()]).toEqual([0, 0]);
});
