import { expect, test } from 'vitest';
import { ask, makeViewer, openTestApp } from '../../test/app.ts';
import { aChange, anEnd, makeSession, upTo } from '../../test/sessions.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { discardSession, endSession } from './lifecycle.ts';

const HEALTH = `queueDepth oldestAgeMs attempts lastError restarts storedBytes quotaBytes
  maxQueueDepth maxOldestAgeMs maxAttempts maxRestarts maxStoredBytes`;
const REPORT = `mutation ($input: ReportCaptureHealthInput!) { reportCaptureHealth(input: $input) {
  __typename ... on CaptureHealth { sampledAt reportedAt ${HEALTH} } ... on Problem { code } ... on InvalidInput { field } } }`;
const READ = `query ($id: ID!) { session(id: $id) { captureHealth { ${HEALTH} } } }`;

const seconds = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString();

const aSample = (sessionId: string, second: number, more: object = {}) => ({
  sessionId,
  sampledAt: seconds(second),
  queueDepth: 3,
  oldestAgeMs: 2_000,
  attempts: 1,
  lastError: null,
  restarts: 0,
  storedBytes: 1_000,
  quotaBytes: 5_000_000_000,
  ...more,
});

async function openPlace() {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['CAPTURE'] });
  return { app, viewer, sessionId: await makeSession(app, viewer) };
}

const report = async (app: App, viewer: Viewer, input: object) =>
  (await ask<{ reportCaptureHealth: Record<string, unknown> }>(app, viewer, REPORT, { input }))
    .reportCaptureHealth;
const healthOf = async (app: App, viewer: Viewer, id: string) =>
  (await ask<{ session: { captureHealth: unknown } }>(app, viewer, READ, { id })).session
    .captureHealth;

test('a report is answered and read as it came, large sizes and all, its error redacted', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const before = await healthOf(app, viewer, sessionId);

  const answer = await report(
    app,
    viewer,
    aSample(sessionId, 1, { lastError: 'Refused for mail@person.example' }),
  );

  expect(before).toBeNull();
  expect(answer).toMatchObject({
    __typename: 'CaptureHealth',
    sampledAt: new Date(seconds(1)),
    reportedAt: expect.any(Date),
    lastError: 'Refused for [EMAIL]',
  });
  expect(await healthOf(app, viewer, sessionId)).toEqual({
    queueDepth: 3,
    oldestAgeMs: 2_000,
    attempts: 1,
    lastError: 'Refused for [EMAIL]',
    restarts: 0,
    storedBytes: 1_000,
    quotaBytes: 5_000_000_000,
    maxQueueDepth: 3,
    maxOldestAgeMs: 2_000,
    maxAttempts: 1,
    maxRestarts: 0,
    maxStoredBytes: 1_000,
  });
});

test('in whatever order samples come, the newest is shown and the greatest of each number stays', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const samples = [
    aSample(sessionId, 1, { queueDepth: 90, storedBytes: 7 }),
    aSample(sessionId, 2, { oldestAgeMs: 60_000, attempts: 8, lastError: 'offline', restarts: 1 }),
    aSample(sessionId, 3, { queueDepth: 0, oldestAgeMs: null, attempts: 0, quotaBytes: null }),
  ];

  for (const order of [
    [2, 0, 1, 1],
    [0, 1, 2, 0],
  ])
    for (const index of order) await report(app, viewer, samples[index] ?? {});
  await Promise.all(samples.map((sample) => report(app, viewer, sample)));

  expect(await healthOf(app, viewer, sessionId)).toEqual({
    queueDepth: 0,
    oldestAgeMs: null,
    attempts: 0,
    lastError: null,
    restarts: 0,
    storedBytes: 1_000,
    quotaBytes: null,
    maxQueueDepth: 90,
    maxOldestAgeMs: 60_000,
    maxAttempts: 8,
    maxRestarts: 1,
    maxStoredBytes: 1_000,
  });
  expect(await app.db.captureHealth.count()).toBe(1);
});

test('a report costs ever the same few statements, and is told in the metrics', async () => {
  const { app, viewer, sessionId } = await openPlace();
  await report(app, viewer, aSample(sessionId, 0)); // the key of the session is known from here

  const costs = [];
  for (const second of upTo(3)) {
    const before = app.database.statements();
    await report(app, viewer, aSample(sessionId, second));
    costs.push(app.database.statements() - before);
  }

  expect(new Set(costs).size).toBe(1);
  expect(costs[0]).toBeLessThan(12);
  expect(await app.metrics.registry.metrics()).toContain(
    'codesight_capture_oldest_seconds_bucket{le="10"} 4',
  );
});

test('nobody reports on another’s session, nor on one that is gone', async () => {
  const { app, viewer, sessionId } = await openPlace();
  const { projectId: project } = viewer;
  const other = await makeViewer(app, { project, participant: 'P-2', scopes: ['CAPTURE'] });
  const stranger = await makeViewer(app, { scopes: ['CAPTURE', 'ADMIN'] });
  await report(app, viewer, aSample(sessionId, 1));

  for (const who of [other, stranger])
    expect(await report(app, who, aSample(sessionId, 2))).toMatchObject({
      code: 'SESSION_NOT_FOUND',
    });
  expect(await report(app, viewer, aSample(newId(), 2))).toMatchObject({
    code: 'SESSION_NOT_FOUND',
  });
  await endSession(app, viewer, anEnd(sessionId, 0));
  expect(await report(app, viewer, aSample(sessionId, 3))).toMatchObject({ queueDepth: 3 });
  await discardSession(app, viewer, aChange(sessionId));
  expect(await report(app, viewer, aSample(sessionId, 4))).toMatchObject({
    code: 'SESSION_NOT_FOUND',
  });
  expect(await app.db.captureHealth.count()).toBe(0);
});

test('what does not fit is refused by the name of its field', async () => {
  const { app, viewer, sessionId } = await openPlace();

  for (const [field, more] of [
    ['queueDepth', { queueDepth: -1 }],
    ['oldestAgeMs', { oldestAgeMs: -1 }],
    ['lastError', { lastError: 'e'.repeat(1_025) }],
    ['lastError', { lastError: '\0' }],
    ['storedBytes', { storedBytes: -1 }],
    ['quotaBytes', { quotaBytes: '9223372036854775808' }],
    ['sampledAt', { sampledAt: '0000-01-01T00:00:00.000Z' }],
  ] as const)
    expect(await report(app, viewer, aSample(sessionId, 1, more))).toMatchObject({
      __typename: 'InvalidInput',
      field: `input.${field}`,
    });
  expect(await app.db.captureHealth.count()).toBe(0);
});
