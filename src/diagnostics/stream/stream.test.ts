import { expect, test } from 'vitest';
import { makeProject, makeViewer, openReplica, openTestApp } from '../../../test/app.ts';
import { takeAway } from '../../../test/database.ts';
import { follow } from '../../../test/follow.ts';
import { aReport, take as takeAll } from '../../../test/reports.ts';
import { aSignal, state } from '../../../test/signals.ts';
import { makeClient } from '../../../test/sync.ts';
import type { Viewer } from '../../graphql/context.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { reportContractChecks } from '../contracts/checks.ts';
import { registerContracts } from '../contracts/register.ts';
import { stateSignals } from '../state-signals.ts';
import { DebugBuffer, type DebugItem, isGap } from './buffer.ts';
import type { DebugEvent } from './event.ts';
import { type DebugFilter, fitsFilter } from './filter.ts';
import { followDebugEvents } from './follow.ts';
import { trimRing } from './ring.ts';

const stream = `subscription ($where: DebugStreamFilter, $after: String) {
  debugStream(where: $where, after: $after) { __typename
    ... on DebugEntry { cursor sequence kind signal title severity category source correlationId clientId detail
      sync { pendingOperations lastSyncTimestamp conflictCount offlineQueue }
      contract { checked violations lastViolation }
      performance { durationMs memoryDeltaBytes cpuEstimate } }
    ... on DebugGap { cursor from to dropped } } }`;

type Item = { debugStream: Record<string, unknown> & { cursor: string; title?: string } };

/** Writes an event and answers with its cursor: whoever resumes after it misses nothing that follows. */
async function anchor(app: App, projectId: string): Promise<string> {
  await state(app, aSignal(projectId, { title: 'anchor' }));
  const last = await app.db.debugEvent.findFirstOrThrow({
    where: { projectId },
    orderBy: { sequence: 'desc' },
  });
  return String(last.sequence);
}

async function open(options: Parameters<typeof openTestApp>[0] = {}) {
  const app = await openTestApp(options);
  const viewer = await makeViewer(app, { participant: null });
  return { app, viewer, projectId: viewer.projectId };
}

/** Follows through GraphQL, and misses nothing from the call on. */
async function followNow(
  app: App,
  viewer: Viewer,
  where: object | null = null,
  options?: Parameters<typeof follow>[4],
) {
  const after = await anchor(app, viewer.projectId);
  return follow<Item>(app, viewer, stream, { where, after }, options);
}

const titles = (came: Item[]) => came.map(({ debugStream }) => debugStream.title);

test('an event reaches the follower after its commit, and only those of its project', async () => {
  const { app, viewer, projectId } = await open();
  const other = await makeProject(app);
  const came = await followNow(app, viewer);

  await state(app, aSignal(other, { title: 'of another project' }));
  await state(app, aSignal(projectId, { title: 'first' }), aSignal(projectId, { title: 'second' }));
  await state(app, aSignal(projectId, { title: 'third' }));

  await expect.poll(() => titles(came)).toEqual(['first', 'second', 'third']);
  const sequences = came.map(({ debugStream }) => Number(debugStream.sequence));
  expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  expect(new Set(sequences).size).toBe(3);
});

test('kinds are error, warning, info, sync_update, contract_check and performance, and state rides along', async () => {
  const { app, viewer, projectId } = await open();
  const came = await followNow(app, viewer);

  await state(
    app,
    aSignal(projectId, { severity: 'CRITICAL' }),
    aSignal(projectId, { severity: 'LOW' }),
    aSignal(projectId, { severity: 'INFO' }),
    aSignal(projectId, {
      kind: 'sync.updated',
      detail: {
        pendingOperations: 3,
        lastSyncTimestamp: '2026-11-26T10:00:00.000Z',
        conflictCount: 1,
        offlineQueue: 12,
      },
    }),
    aSignal(projectId, {
      kind: 'contract.broken',
      detail: { checked: 20, violations: 2, lastViolation: 'response_schema_error at /data/user' },
    }),
    aSignal(projectId, {
      kind: 'performance',
      detail: { durationMs: 1520.5, memoryDeltaBytes: -1024, cpuEstimate: 0.4 },
    }),
  );

  await expect.poll(() => came.length).toBe(6);
  const none = { sync: null, contract: null, performance: null };
  expect(came.map(({ debugStream }) => debugStream)).toMatchObject([
    { kind: 'ERROR', ...none },
    { kind: 'WARNING', ...none },
    { kind: 'INFO', ...none },
    {
      kind: 'SYNC_UPDATE',
      ...none,
      sync: {
        pendingOperations: 3,
        lastSyncTimestamp: new Date('2026-11-26T10:00:00.000Z'),
        conflictCount: 1,
        offlineQueue: 12,
      },
    },
    {
      kind: 'CONTRACT_CHECK',
      ...none,
      contract: {
        checked: 20,
        violations: 2,
        lastViolation: 'response_schema_error at /data/user',
      },
    },
    {
      kind: 'PERFORMANCE',
      ...none,
      performance: { durationMs: 1520.5, memoryDeltaBytes: -1024, cpuEstimate: 0.4 },
    },
  ]);
});

const wanted: DebugEvent = {
  sequence: 1n,
  at: new Date(),
  kind: 'ERROR',
  signal: 'report',
  subjectId: '01890000-0000-7000-8000-000000000001',
  title: 'TypeError: Cart is not iterable',
  severity: 'HIGH',
  category: 'VALIDATION_FAILED',
  source: 'checkout',
  correlationId: 'a'.repeat(32),
  clientId: 'phone',
  detail: { module: 'Basket', count: 2 },
};

test.each<[string, DebugFilter, DebugFilter]>([
  ['kind', { kinds: ['INFO', 'ERROR'] }, { kinds: ['INFO'] }],
  ['category', { categories: ['VALIDATION_FAILED'] }, { categories: ['SYNC_CONFLICT'] }],
  ['severity', { severities: ['HIGH'] }, { severities: ['CRITICAL', 'LOW'] }],
  ['source', { sources: ['checkout', 'cart'] }, { sources: ['check'] }],
  ['text of the title', { text: 'cart IS' }, { text: 'cart was' }],
  ['text of a detail', { text: 'basket' }, { text: 'baskets' }],
  ['issue', { issueId: wanted.subjectId }, { issueId: 'another' }],
  ['correlation id', { correlationId: 'a'.repeat(32) }, { correlationId: 'b'.repeat(32) }],
  ['client', { clientId: 'phone' }, { clientId: 'tablet' }],
])('events are filtered by %s', (_what, fits, doesNot) => {
  expect(fitsFilter({}, wanted)).toBe(true);
  expect(fitsFilter(fits, wanted)).toBe(true);
  expect(fitsFilter(doesNot, wanted)).toBe(false);
});

test('filters run on the server', async () => {
  const { app, viewer, projectId } = await open();
  const came = await followNow(app, viewer, { severities: ['CRITICAL'], text: 'disk' });

  await state(
    app,
    aSignal(projectId, { severity: 'CRITICAL', title: 'Out of memory' }),
    aSignal(projectId, { severity: 'HIGH', title: 'Disk is slow' }),
    aSignal(projectId, { severity: 'CRITICAL', title: 'Disk is full' }),
  );

  await expect.poll(() => titles(came)).toEqual(['Disk is full']);
});

test('what one client tells is followed by its name: reports, checks and sync', async () => {
  const { app, projectId } = await open();
  const viewer = await makeViewer(app, { project: projectId, scopes: ['READ', 'REPORT'] });
  const client = makeClient(app, viewer, { name: 'Notes page' });
  const [hash = ''] = await registerContracts(app, projectId, [
    { service: 'shop', operation: 'price', version: '1', kind: 'HTTP' },
  ]);
  const check = (clientId: string | null) =>
    reportContractChecks(
      app,
      { projectId, keyId: null },
      [{ id: newId(), contractHash: hash, checked: 1 }],
      clientId,
    );
  const came = await followNow(app, viewer, { clientId: client.id });

  await takeAll(app, projectId, [aReport(), aReport({ tags: { client: client.id } })]);
  await check(null);
  await check(client.id);
  await client.report({
    telemetry: { isOnline: true, queueDepth: 1, headAttempts: 9, restarts: 0 },
  });

  const signals = () => came.map(({ debugStream }) => debugStream.signal);
  await expect.poll(signals).toEqual(['report', 'issue.new', 'contract.checked', 'sync.updated']);
});

test('a follower resumes after the last event that it saw, on any replica', async () => {
  const { app, viewer, projectId } = await open();
  const replica = await openReplica(app);
  const first = await anchor(app, projectId);
  for (let count = 0; count < 1_200; count += 300)
    await state(
      app,
      ...Array.from({ length: 300 }, (_, index) =>
        aSignal(projectId, { title: `missed ${count + index}` }),
      ),
    );
  const came = await follow<Item>(replica, viewer, stream, { after: first });

  await state(app, aSignal(projectId, { title: 'live' }));

  const missed = Array.from({ length: 1_200 }, (_, index) => `missed ${index}`);
  await expect.poll(() => titles(came), { timeout: 10_000 }).toEqual([...missed, 'live']);
});

test('what commits later with a lower sequence is not skipped', async () => {
  const { app, viewer, projectId } = await open();
  const came = await followNow(app, viewer);
  const [written, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = app.db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_current_xact_id()`; // the lower id is taken now
    written.resolve();
    await mayCommit.promise;
    await stateSignals(app, tx, [aSignal(projectId, { title: 'slow' })]);
  });
  await written.promise;

  await state(app, aSignal(projectId, { title: 'fast' }));
  mayCommit.resolve();
  await slow;

  await expect.poll(() => titles(came)).toEqual(['slow', 'fast']);
});

test('a cursor from before the ring begins gives a gap, and the stream goes on', async () => {
  const { app, viewer, projectId } = await open();
  const old = await anchor(app, projectId);
  await state(app, aSignal(projectId, { title: 'trimmed' }));
  await app.db.debugEvent.updateMany({ data: { createdAt: new Date(Date.now() - 7 * 60_000) } });
  expect(await trimRing(app, new Date())).toBe(2);
  await state(app, aSignal(projectId, { title: 'kept' }));

  const came = await follow<Item>(app, viewer, stream, { after: old });

  await expect.poll(() => came.length).toBe(2);
  expect(came.map(({ debugStream }) => debugStream)).toMatchObject([
    { __typename: 'DebugGap', from: Number(old) + 1, dropped: null },
    { __typename: 'DebugEntry', title: 'kept' },
  ]);
});

test('a cursor that is none is refused', async () => {
  const { app, viewer } = await open();
  const errors: unknown[] = [];

  await follow<Item>(app, viewer, stream, { after: 'x' }, { errors });

  await expect.poll(() => errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('the ring keeps five minutes', async () => {
  const { app, projectId } = await open();
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  const at = [7, 6.1, 5.1, 1];
  await state(app, ...at.map((minutes) => aSignal(projectId, { title: `${minutes}` })));
  for (const row of await app.db.debugEvent.findMany())
    await app.db.debugEvent.updateMany({
      where: { sequence: row.sequence },
      data: { createdAt: minutesAgo(Number((row.body as { title: string }).title)) },
    });

  expect(await trimRing(app, new Date())).toBe(2);

  expect(await app.db.debugEvent.count()).toBe(2);
});

const event = (sequence: number): DebugEvent => ({ ...wanted, sequence: BigInt(sequence) });

async function take(buffer: DebugBuffer, count: number): Promise<DebugItem[]> {
  const items: DebugItem[] = [];
  for await (const item of buffer.read()) if (items.push(item) === count) break;
  return items;
}

test.each([
  [499, null],
  [500, null],
  [501, { from: 501n, to: 501n, dropped: 1 }],
  [700, { from: 501n, to: 700n, dropped: 200 }],
])('%i unread events: what is over 500 becomes a gap', async (count, gap) => {
  const buffer = new DebugBuffer(() => true);
  for (let sequence = 1; sequence <= count; sequence += 1) buffer.offer(event(sequence));

  const items = await take(buffer, Math.min(count, 500) + (gap ? 1 : 0));

  expect(items.filter((item) => !isGap(item))).toHaveLength(Math.min(count, 500));
  expect(items.filter(isGap)).toEqual(gap ? [gap] : []);
});

test('after a gap the stream goes on with what comes then', async () => {
  const buffer = new DebugBuffer(({ sequence }) => sequence % 2n === 0n);
  for (let sequence = 1; sequence <= 1_010; sequence += 1) buffer.offer(event(sequence));
  const [first] = await take(buffer, 1);

  for (let sequence = 1_011; sequence <= 1_014; sequence += 1) buffer.offer(event(sequence));
  const rest = await take(buffer, 499 + 3);

  expect(first).toMatchObject({ sequence: 2n });
  expect(rest.slice(-3)).toMatchObject([
    { from: 1002n, to: 1010n, dropped: 5 },
    { sequence: 1012n },
    { from: 1014n, to: 1014n, dropped: 1 },
  ]);
});

test('a follower that reads nothing holds 500 events and the process lives', async () => {
  const { app, projectId } = await open();
  const after = await anchor(app, projectId);
  const isOver = new AbortController();
  const items = followDebugEvents(app, { projectId, where: {}, after, signal: isOver.signal });
  await state(app, aSignal(projectId, { title: 'first' }));
  expect((await items.next()).value).toMatchObject({ title: 'first' });
  const next = items.next(); // it follows live
  await state(app, aSignal(projectId, { title: 'second' }));
  await next;

  const reader = await followNow(app, {
    ...(await makeViewer(app, { project: projectId, participant: null })),
  });
  for (let count = 0; count < 3; count += 1)
    await state(
      app,
      ...Array.from({ length: 300 }, (_, index) =>
        aSignal(projectId, { title: `${count * 300 + index}` }),
      ),
    );
  await expect.poll(() => titles(reader).at(-1), { timeout: 10_000 }).toBe('899');

  const came: DebugItem[] = [];
  for await (const item of items) {
    came.push(item);
    if (isGap(item)) break;
  }
  expect(came).toHaveLength(501);
  expect(came.at(-1)).toMatchObject({ dropped: 901 - 500 });
});

test('rights are checked again at every event', async () => {
  const { app, viewer, projectId } = await open();
  let now: Viewer | null = viewer;
  const errors: unknown[] = [];
  const came = await followNow(app, viewer, null, { recheck: async () => now, errors });
  await state(app, aSignal(projectId, { title: 'seen' }));
  await expect.poll(() => titles(came)).toEqual(['seen']);

  now = { ...viewer, scopes: new Set(['REPORT']) };
  await state(app, aSignal(projectId, { title: 'not seen' }));

  await expect.poll(() => errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  expect(titles(came)).toEqual(['seen']);
});

test('whoever begins to follow while the database is away hears from it when it is back', async () => {
  const { app, viewer, projectId } = await open();
  const after = await anchor(app, projectId);
  const bringBack = await takeAway(app.sql);
  const errors: unknown[] = [];

  const came = await follow<Item>(app, viewer, stream, { where: null, after }, { errors });
  const begunAt = performance.now();
  await expect.poll(() => performance.now() - begunAt, { timeout: 10_000 }).toBeGreaterThan(1_500);
  await bringBack();
  await state(app, aSignal(projectId, { title: 'the first after it' }));

  await expect.poll(() => titles(came), { timeout: 10_000 }).toEqual(['the first after it']);
  expect(errors).toEqual([]);
});

test('an event waits for the database when the rights of its follower cannot be looked up', async () => {
  const { app, viewer, projectId } = await open();
  let isAway = true;
  let tries = 0;
  const recheck = async () => {
    tries += 1;
    if (isAway) throw Object.assign(new Error('gone'), { code: '57P01' });
    return viewer;
  };
  const came = await followNow(app, viewer, null, { recheck });
  await state(app, aSignal(projectId, { title: 'waits' }));
  await expect.poll(() => tries, { timeout: 10_000 }).toBeGreaterThan(1);
  expect(came).toEqual([]);

  isAway = false;

  await expect.poll(() => titles(came), { timeout: 10_000 }).toEqual(['waits']);
});
