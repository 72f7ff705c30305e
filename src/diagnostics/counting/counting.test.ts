import { expect, test } from 'vitest';
import { makeProject, openReplica, openTestApp } from '../../../test/app.ts';
import { aReport, take } from '../../../test/reports.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { takeReports } from '../intake/take.ts';
import { countBatches } from './count.ts';
import { openReportCounting } from './counter.ts';
import { type CountedReport, packSummary, type Summary, unpackSummary } from './summary.ts';

/** A report that is stored and not counted. */
const aCounted = (projectId: string, fingerprintId: string): CountedReport => ({
  source: {
    projectId,
    receivedAt: new Date('2026-11-26T10:20:31Z'),
    category: 'OTHER',
    severity: 'MEDIUM',
    platform: 'SERVER',
    service: 'api',
    release: null,
    environment: null,
  },
  fingerprintId,
  occurredAt: new Date('2026-11-26T10:20:30.456Z'),
  user: null,
  correlationId: null,
  tags: null,
  contract: null,
});

/** What a process leaves that dies after it stored reports. */
const leave = async ({ db }: App, summary: Buffer, repeats: number[] = []): Promise<string> => {
  const id = newId();
  await db.reportBatch.create({ data: { id, summary: new Uint8Array(summary), repeats } });
  return id;
};

const open = async (env: Record<string, string> = {}) => {
  const app = await openTestApp({ env });
  const projectId = await makeProject(app);
  await take(app, projectId, [aReport()]);
  const { id: fingerprintId } = await app.db.fingerprint.findFirstOrThrow();
  const reports = Array.from({ length: 20 }, () => aCounted(projectId, fingerprintId));
  return { app, projectId, summary: packSummary({ reports, lines: [], accounts: [] }) };
};

const countsOf = async ({ db }: App) => {
  const lines = await db.reportLedger.groupBy({ by: ['outcome'], _sum: { count: true } });
  return {
    issue: Number((await db.errorIssue.findFirstOrThrow()).count),
    ...Object.fromEntries(lines.map(({ outcome, _sum }) => [outcome, Number(_sum.count)])),
  };
};

test('a summary comes back as it was', () => {
  const [projectId, fingerprintId] = [newId(), newId()];
  const report = aCounted(projectId, fingerprintId);
  const summary: Summary = {
    reports: [
      report,
      {
        ...report,
        fingerprintId: newId(),
        user: 'ABEiMw==',
        correlationId: '0af7651916cd43dd8448eb211c80319c',
        tags: { region: 'eu' },
        contract: { hash: 'h', violation: 'TIMEOUT' },
      },
    ],
    lines: [
      {
        projectId,
        hour: new Date('2026-11-26T10:00:00Z'),
        outcome: 'INVALID',
        reason: 'malformed',
        category: 'OTHER',
        count: 3,
      },
    ],
    accounts: [
      {
        id: newId(),
        projectId,
        receivedAt: new Date('2026-11-26T10:20:30Z'),
        discarded: [{ reason: 'closed', category: 'OTHER', count: 2 }],
      },
    ],
  };

  expect(unpackSummary(packSummary(summary))).toEqual(summary);
});

test('what a process left that died is counted once, though several count', async () => {
  const { app, summary } = await open();
  const replica = await openReplica(app);
  for (let batch = 0; batch < 12; batch += 1) await leave(app, summary, batch === 0 ? [3, 7] : []);

  const countAll = async (by: App) => {
    while ((await countBatches(by, 2)) > 0);
  };
  await Promise.all([countAll(app), countAll(replica), countAll(app)]);

  expect(await countsOf(app)).toEqual({ issue: 239, ACCEPTED: 239, DUPLICATE: 2 });
  expect(await app.db.reportBatch.count()).toBe(0);
});

test('a batch that cannot be counted stops no other, and is tried again later', async () => {
  const { app, summary } = await open();
  await app.sql.query('VACUUM (ANALYZE) "ReportBatch"'); // empty, as the planner nearly always knows it
  const broken = await leave(app, Buffer.from('{"version":99}'));
  await leave(app, summary);
  await leave(app, summary);

  const counting = openReportCounting(app);

  await expect.poll(() => countsOf(app)).toEqual({ issue: 41, ACCEPTED: 41 });
  const left = await app.db.reportBatch.findMany({ omit: { summary: true } });
  expect(left).toMatchObject([{ id: broken, attempts: expect.any(Number) }]);
  expect(left[0]?.attempts).toBeGreaterThan(0);
  expect(left[0]?.countableAt.getTime()).toBeGreaterThan(Date.now());
  await counting.close();
});

test('a process that ends counts what it stored', async () => {
  const { app, projectId } = await open();
  const replica = await openReplica(app);

  await takeReports(
    app,
    { projectId, keyId: null },
    { reports: [aReport(), aReport()], clientReports: [], sentAt: null, receivedAt: new Date() },
  );
  await app.close();

  expect(await countsOf(replica)).toEqual({ issue: 3, ACCEPTED: 3 });
});

test('while counting is far behind no more is taken, and all is counted in the end', async () => {
  const { app, projectId } = await open({ MAX_POOL_WAIT_MS: '50' });
  const send = async () => {
    const call = { reports: [aReport()], clientReports: [], sentAt: null, receivedAt: new Date() };
    return (await takeReports(app, { projectId, keyId: null }, call)).outcomes[0];
  };
  const outcomes: (string | undefined)[] = [];
  const holding = await app.sql.connect();
  await holding.query('BEGIN');
  await holding.query('SELECT FROM "ErrorIssue" FOR UPDATE');

  await expect
    .poll(async () => outcomes.push(await send()) && outcomes.at(-1))
    .toBe('RATE_LIMITED');
  await holding.query('ROLLBACK');
  holding.release();
  await expect.poll(async () => outcomes.push(await send()) && outcomes.at(-1)).toBe('ACCEPTED');

  const accepted = 1 + outcomes.filter((outcome) => outcome === 'ACCEPTED').length;
  await expect
    .poll(() => countsOf(app))
    .toEqual({ issue: accepted, ACCEPTED: accepted, RATE_LIMITED: outcomes.length + 1 - accepted });
});
