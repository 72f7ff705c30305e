import { expect, test } from 'vitest';
import { ask, makeViewer, openTestApp } from '../../../test/app.ts';
import { anException, aReport, take } from '../../../test/reports.ts';
import { newId } from '../../lib/ids.ts';

const day = 86_400_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const database = (over: Record<string, unknown> = {}) =>
  aReport({
    exceptions: [anException({ type: 'DatabaseError', message: 'gone', frames: [] })],
    database: { code: '57P01' },
    ...over,
  });

test('counts and users by category over time stand against the week before', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ'], participant: null });
  const user = (id: string) => ({ user: { id } });
  await take(app, viewer.projectId, [
    aReport({ occurredAt: ago(day), ...user('a') }),
    aReport({ occurredAt: ago(day), ...user('a') }),
    aReport({ occurredAt: ago(2 * day), ...user('b') }),
    aReport({ occurredAt: ago(8 * day), ...user('c') }),
    database({ occurredAt: ago(day) }),
  ]);

  const { errorTrends, all } = await ask(
    app,
    viewer,
    `{ errorTrends(by: CATEGORY) { key count users countBefore usersBefore change points { count users } }
       all: errorTrends(where: { categories: [SERVICE_UNAVAILABLE] }) { key count change } }`,
  );

  expect(errorTrends).toEqual([
    {
      key: 'OTHER',
      count: 3,
      users: 2,
      countBefore: 1,
      usersBefore: 1,
      change: 2,
      points: [
        { count: 1, users: 1 },
        { count: 2, users: 1 },
      ],
    },
    {
      key: 'SERVICE_UNAVAILABLE',
      count: 1,
      users: 0,
      countBefore: 0,
      usersBefore: 0,
      change: null,
      points: [{ count: 1, users: 0 }],
    },
  ]);
  expect(all).toEqual([{ key: null, count: 1, change: null }]);
});

test('top movers are the issues that changed most against the week before', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ'], participant: null });
  const many = (count: number, make: () => Record<string, unknown>) =>
    Array.from({ length: count }, make);
  await take(app, viewer.projectId, [
    ...many(10, () => aReport({ occurredAt: ago(8 * day) })),
    ...many(11, () => aReport({ occurredAt: ago(day) })),
    ...many(6, () => database({ occurredAt: ago(day) })),
  ]);

  const { errorMovers } = await ask(
    app,
    viewer,
    '{ errorMovers { issue { title } count countBefore change } }',
  );

  expect(errorMovers).toEqual([
    { issue: { title: 'DatabaseError: gone' }, count: 6, countBefore: 0, change: null },
    {
      issue: { title: expect.stringContaining('TypeError') },
      count: 11,
      countBefore: 10,
      change: expect.closeTo(0.1),
    },
  ]);
});

test('cascades are issues whose reports share traces, and say which came first', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ'], participant: null });
  const trace = (n: number) => n.toString(16).padStart(32, '0');
  await take(
    app,
    viewer.projectId,
    [1, 2, 3].flatMap((n) => [
      database({ occurredAt: ago(60_000), correlationId: trace(n) }),
      aReport({ occurredAt: ago(58_000), correlationId: trace(n) }),
    ]),
  );
  await take(app, viewer.projectId, [aReport({ correlationId: trace(4) }), aReport()]);

  const { errorCascades } = await ask(
    app,
    viewer,
    '{ errorCascades { cause { category } effect { category } traces share medianDelayMs } }',
  );

  expect(errorCascades).toEqual([
    {
      cause: { category: 'SERVICE_UNAVAILABLE' },
      effect: { category: 'OTHER' },
      traces: 3,
      share: 0.75,
      medianDelayMs: expect.closeTo(2_000, -2),
    },
  ]);
});

test('the mean time to resolve counts from the first report or the regression', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ', 'ADMIN'], participant: null });
  await take(app, viewer.projectId, [aReport({ occurredAt: ago(10 * 60_000) })]);
  const issue = await app.db.errorIssue.findFirstOrThrow();
  const resolve = () =>
    ask(
      app,
      viewer,
      'mutation ($input: ResolveErrorIssueInput!) { resolveErrorIssue(input: $input) { __typename } }',
      {
        input: { issueId: issue.id, operationId: newId() },
      },
    );
  await resolve();

  const { errorResolutionTimes } = await ask<{ errorResolutionTimes: { meanSeconds: number }[] }>(
    app,
    viewer,
    '{ errorResolutionTimes { category resolved meanSeconds medianSeconds } }',
  );

  expect(errorResolutionTimes).toMatchObject([
    { category: null, resolved: 1 },
    { category: 'OTHER', resolved: 1 },
  ]);
  expect(errorResolutionTimes[0]?.meanSeconds).toBeGreaterThan(590);
});

test('the ledger is read by what became of reports', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ'], participant: null });
  const discarded = [{ reason: 'queue_overflow', count: 4 }];
  await take(app, viewer.projectId, [aReport(), { id: 1 }], {
    clientReports: [{ id: newId(), discarded }],
  });

  const { reportLedger } = await ask(
    app,
    viewer,
    '{ reportLedger { outcome reason category count } }',
  );

  expect(reportLedger).toEqual([
    { outcome: 'ACCEPTED', reason: '', category: 'OTHER', count: 1 },
    { outcome: 'DISCARDED', reason: 'queue_overflow', category: 'OTHER', count: 4 },
    { outcome: 'INVALID', reason: 'malformed', category: 'OTHER', count: 1 },
  ]);
});
