import { expect, test } from 'vitest';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { anException, aReport, storedReports, take } from '../../../test/reports.ts';
import {
  reportCategories,
  reportOutcomes,
  reportPlatforms,
  reportSeverities,
} from '../../contract/report.ts';
import {
  ReportCategory,
  ReportOutcome,
  ReportPlatform,
  ReportSeverity,
} from '../../generated/prisma/enums.ts';
import { makeBucket } from './buckets.ts';
import { correctedInstant } from './clock.ts';
import { deleteOldReports } from './retention.ts';
import { bodiesPerHour } from './samples.ts';

const SAVE = `mutation ($input: SaveReportSettingsInput!) { saveReportSettings(input: $input) { __typename
  ... on ReportSettings { version } ... on Problem { code message } ... on InvalidInput { field }
  ... on ReportSettingsConflict { current { version } } } }`;

const settings = {
  expectedVersion: 0,
  filteredCategories: ['AUTH_EXPIRED'],
  filteredReleases: ['web@0.*'],
  filteredMessages: ['*ResizeObserver*'],
  filtersForeignScripts: true,
  groupingRules: 'type:RangeError -> fingerprint ranges',
};

test('the vocabulary of the wire is that of the database', () => {
  expect(Object.values(ReportCategory)).toEqual([...reportCategories]);
  expect(Object.values(ReportSeverity)).toEqual([...reportSeverities]);
  expect(Object.values(ReportPlatform)).toEqual([...reportPlatforms]);
  expect(Object.values(ReportOutcome)).toEqual([...reportOutcomes]);
});

test('a project filters by category, release, message and foreign scripts, and groups by its rules', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['ADMIN'], participant: null });
  const save = (input: object) => ask<Record<string, unknown>>(app, viewer, SAVE, { input });

  expect((await save(settings)).saveReportSettings).toMatchObject({ version: 1 });
  expect((await save(settings)).saveReportSettings).toMatchObject({ version: 1 });
  expect((await save({ ...settings, groupingRules: '' })).saveReportSettings).toMatchObject({
    code: 'REPORT_SETTINGS_CONFLICT',
    current: { version: 1 },
  });
  expect((await save({ ...settings, groupingRules: 'x -> y' })).saveReportSettings).toMatchObject({
    __typename: 'InvalidInput',
    field: 'input.groupingRules',
  });
  const foreign = [{ file: 'chrome-extension://abc/inject.js', function: 'run', line: 1 }];
  const { outcomes } = await take(app, viewer.projectId, [
    aReport({ category: 'AUTH_EXPIRED' }),
    aReport({ environment: { release: 'web@0.9.1' } }),
    aReport({ message: 'a ResizeObserver loop' }),
    aReport({ platform: 'PWA', exceptions: [anException({ frames: foreign })] }),
    aReport({
      platform: 'EXTENSION',
      exceptions: [anException({ type: 'RangeError', frames: foreign })],
    }),
    aReport({ exceptions: [anException({ type: 'RangeError' })] }),
  ]);

  expect(outcomes).toEqual([
    'FILTERED',
    'FILTERED',
    'FILTERED',
    'FILTERED',
    'ACCEPTED',
    'ACCEPTED',
  ]);
  expect(await app.db.errorIssue.findMany({ select: { count: true } })).toEqual([{ count: 2n }]);
});

test('a storm of equal errors makes one issue and exact counts, and keeps few bodies', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const calls = 30;

  await Promise.all(
    Array.from({ length: calls }, () =>
      take(
        app,
        projectId,
        Array.from({ length: 100 }, () => aReport()),
      ),
    ),
  );

  expect(await app.db.errorIssue.findMany({ select: { count: true } })).toEqual([
    { count: 3_000n },
  ]);
  const { rows } = await app.sql.query(
    'SELECT count(*)::int AS "all", count("chunkId")::int AS "kept" FROM "ErrorEvent"',
  );
  expect(rows).toEqual([{ all: 3_000, kept: bodiesPerHour }]);
});

test('repeats take no place among the bodies that are kept', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const first = aReport();
  for (let call = 0; call < 2; call += 1)
    await take(app, projectId, [...Array.from({ length: 60 }, () => first)]);

  const next = aReport();
  await take(app, projectId, [next]);

  const stored = await storedReports(app);
  expect(stored.find(({ id }) => id === next.id)?.report).toMatchObject({ platform: 'SERVER' });
});

test('a spike of what is well known is refused and counted; a new trouble is taken all the same', async () => {
  const app = await openTestApp({ env: { REPORTS_SPIKE_FLOOR: '150' } });
  const projectId = await makeProject(app);
  const storm = () =>
    take(
      app,
      projectId,
      Array.from({ length: 100 }, () => aReport()),
    );

  const receipts = [await storm(), await storm()];
  const other = await take(app, projectId, [
    aReport({ exceptions: [anException({ type: 'Other' })] }),
  ]);

  expect(receipts).toMatchObject([
    { accepted: 100, retryAfterSeconds: null },
    { accepted: 50, rateLimited: 50, retryAfterSeconds: 60 },
  ]);
  expect(other.accepted).toBe(1);
  const counted = await app.db.reportLedger.findFirst({ where: { reason: 'spike' } });
  expect(counted).toMatchObject({ outcome: 'RATE_LIMITED', count: 50n });
});

test('reports go after their retention, counts after theirs; issues stay', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  await take(app, projectId, [aReport({ user: { id: 'a' } }), aReport()]);
  const day = 86_400_000;
  const rows = async () => ({
    reports: await app.db.errorEvent.count(),
    users: await app.db.reportUserHour.count(),
    counts: [
      await app.db.reportHour.count(),
      await app.db.reportLedger.count(),
      await app.db.fingerprintHour.count(),
      await app.db.fingerprintUser.count(),
    ],
    issues: await app.db.errorIssue.count(),
  });
  const counts = [1, 1, 1, 1];

  await deleteOldReports(app, new Date(Date.now() + 29 * day));
  expect(await rows()).toEqual({ reports: 2, users: 1, counts, issues: 1 });
  await deleteOldReports(app, new Date(Date.now() + 31 * day));
  expect(await rows()).toEqual({ reports: 0, users: 0, counts, issues: 1 });
  await deleteOldReports(app, new Date(Date.now() + 402 * day));
  expect(await rows()).toEqual({ reports: 0, users: 0, counts: [0, 0, 0, 0], issues: 1 });
});

test('the number of statements does not grow with the reports', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const many = (count: number) =>
    Array.from({ length: count }, (_none, n) =>
      aReport({ exceptions: [anException({ type: `E${n}` })], user: { id: `u${n}` } }),
    );
  await take(app, projectId, many(100));
  const count = async (reports: unknown[]) => {
    const before = app.database.statements();
    await take(app, projectId, reports);
    return app.database.statements() - before;
  };

  const ofOne = await count(many(1));
  // The settings are read anew every five seconds, and counting looks whether more has come.
  expect(await count(many(100))).toBeLessThanOrEqual(ofOne + 4);
});

test('a bucket gives its burst at once and then its rate', () => {
  const bucket = makeBucket({ perSecond: 10, burst: 50 });

  expect(bucket.take(60, 0)).toBe(50);
  expect(bucket.take(1, 50)).toBe(0);
  expect(bucket.take(60, 1_000)).toBe(10);
  expect(bucket.waitSeconds(1_000)).toBe(1);
  expect(bucket.take(100, 1_000_000)).toBe(50);
});

test('a corrected clock is bounded', () => {
  const receivedAt = new Date('2026-11-26T12:00:00Z');
  const at = (text: string, sent: string | null) =>
    correctedInstant(new Date(text), {
      sentAt: sent === null ? null : new Date(sent),
      receivedAt,
    }).toISOString();

  expect(at('2026-11-26T11:59:00Z', null)).toBe('2026-11-26T11:59:00.000Z');
  expect(at('2026-11-26T11:59:00Z', '2026-11-26T11:59:57Z')).toBe('2026-11-26T11:59:00.000Z');
  expect(at('2030-01-01T00:00:00Z', '2030-01-01T00:10:00Z')).toBe('2026-11-26T11:50:00.000Z');
  expect(at('2030-01-01T00:00:00Z', null)).toBe('2026-11-26T12:00:00.000Z');
  expect(at('1970-01-01T00:00:00Z', null)).toBe('2026-10-27T12:00:00.000Z');
});
