import { expect, test } from 'vitest';
import { ask, makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { anException, aReport, storedReports, take } from '../../../test/reports.ts';
import { newId } from '../../lib/ids.ts';

const REPORT = `mutation ($input: ReportErrorsInput!) { reportErrors(input: $input) {
  accepted duplicate filtered rateLimited retryAfterSeconds outcomes clientReports invalid { index id field message }
} }`;

test('equal reports become one issue with exact counts', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);

  const receipts = await Promise.all(
    Array.from({ length: 10 }, () =>
      take(
        app,
        projectId,
        Array.from({ length: 25 }, () => aReport()),
      ),
    ),
  );

  expect(receipts.every(({ accepted }) => accepted === 25)).toBe(true);
  const issues = await app.db.errorIssue.findMany({ include: { fingerprints: true } });
  expect(issues).toMatchObject([
    {
      projectId,
      title: "TypeError: Cannot read properties of undefined (reading 'total')",
      culprit: 'totalOf (total.ts)',
      count: 250n,
      state: 'NEW',
      fingerprints: [{ count: 250n }],
    },
  ]);
  expect(await app.db.errorEvent.count()).toBe(250);
});

test('every report is validated by itself: a bad one harms none', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['REPORT'], participant: null });
  const reports = [
    aReport(),
    aReport({ id: 'mine' }),
    aReport({ occurredAt: 'yesterday' }),
    aReport({ message: 'nul \0' }),
    aReport({ exceptions: [anException({ message: 'x'.repeat(9_000) })] }),
    aReport(),
  ];

  const { reportErrors } = await ask<{ reportErrors: Record<string, unknown> }>(
    app,
    viewer,
    REPORT,
    {
      input: { reports, sentAt: new Date().toISOString() },
    },
  );

  expect(reportErrors).toMatchObject({
    accepted: 2,
    outcomes: ['ACCEPTED', 'INVALID', 'INVALID', 'INVALID', 'INVALID', 'ACCEPTED'],
    invalid: [
      { index: 1, id: null, field: 'id' },
      { index: 2, field: 'occurredAt' },
      { index: 3, field: 'message' },
      { index: 4, field: 'exceptions.0.message' },
    ],
  });
});

test('a report that is sent again is a duplicate, also within one call', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const report = aReport();

  const first = await take(app, projectId, [report, report]);
  const second = await take(app, projectId, [report]);

  expect(first.outcomes).toEqual(['ACCEPTED', 'DUPLICATE']);
  expect(second.outcomes).toEqual(['DUPLICATE']);
  expect(await app.db.errorIssue.findMany({ select: { count: true } })).toEqual([{ count: 1n }]);
});

test('another project may use the same id', async () => {
  const app = await openTestApp();
  const [one, other] = [await makeProject(app), await makeProject(app)];
  const report = aReport();

  await take(app, one, [report]);
  const receipt = await take(app, other, [report]);

  expect(receipt.accepted).toBe(1);
  expect(await app.db.errorIssue.count()).toBe(2);
});

test('every string is redacted before it is stored; headers by an allow list; the user is a digest', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const secret = 'jane.doe@example.org';
  await take(app, projectId, [
    aReport({
      message: `Mail to ${secret} failed`,
      exceptions: [anException({ message: `Key (email)=(${secret}) already exists.` })],
      request: {
        url: `https://shop.test/reset?token=abc123abc123&mail=${secret}`,
        headers: {
          Authorization: 'Bearer abc',
          Cookie: 'sid=1',
          'User-Agent': 'Firefox',
          Referer: `https://a.test/?mail=${secret}`,
        },
      },
      database: {
        code: '23505',
        queryShape: "SELECT * FROM users WHERE name = 'Jane' AND age > 41 AND id = $1",
      },
      user: { id: secret },
      tags: { mail: secret },
      debug: { breadcrumbs: [{ at: new Date().toISOString(), kind: 'console', message: secret }] },
    }),
  ]);

  const [event] = await storedReports(app);
  const fingerprints = await app.db.fingerprint.findMany({ include: { issue: true } });
  expect(
    JSON.stringify([event, fingerprints], (_key, value) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  ).not.toContain('jane');
  expect(event?.report).toMatchObject({
    request: { headers: { 'user-agent': 'Firefox' } },
    database: { queryShape: 'SELECT * FROM users WHERE name = ? AND age > ? AND id = $1' },
    exceptions: [{ message: 'Key (email)=(?) already exists.' }],
  });
  expect(event?.report).not.toHaveProperty('user');
  expect(event?.report).not.toHaveProperty('request.headers.authorization');
  expect(event?.userHash).toHaveLength(16);
});

test('clocks are corrected by the instant of the transmission', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const receivedAt = new Date();
  const hour = 3_600_000;
  const theirs = new Date(receivedAt.getTime() - 5 * hour);

  await take(
    app,
    projectId,
    [aReport({ occurredAt: new Date(theirs.getTime() - 60_000).toISOString() })],
    {
      sentAt: theirs,
      receivedAt,
    },
  );

  const [event] = await app.db.errorEvent.findMany();
  expect(event?.occurredAt).toEqual(new Date(receivedAt.getTime() - 60_000));
});

test('the ledger says what became of every report, and a client’s account counts once', async () => {
  const app = await openTestApp({ env: { REPORTS_BURST_KEY: '5', REPORTS_PER_SECOND_KEY: '1' } });
  const projectId = await makeProject(app);
  await app.db.reportSettings.create({ data: { projectId, filteredMessages: ['*boring*'] } });
  const report = aReport();
  const account = {
    id: newId(),
    discarded: [{ reason: 'queue_overflow', category: 'OTHER', count: 7 }],
  };
  const call = [
    report,
    report,
    aReport({ message: 'a boring one' }),
    aReport({ id: 'x' }),
    aReport(),
    aReport(),
    aReport(),
  ];

  const receipt = await take(app, projectId, call, { keyId: newId(), clientReports: [account] });
  await take(app, projectId, [], { clientReports: [account] });

  expect(receipt).toMatchObject({ accepted: 2, duplicate: 1, filtered: 1, rateLimited: 2 });
  expect(receipt.retryAfterSeconds).toBeGreaterThan(0);
  const ledger = await app.db.reportLedger.findMany({
    select: { outcome: true, reason: true, count: true },
  });
  const sums = Object.fromEntries(
    ledger.map(({ outcome, reason, count }) => [`${outcome} ${reason}`.trim(), Number(count)]),
  );
  expect(sums).toEqual({
    ACCEPTED: 2,
    DUPLICATE: 1,
    'FILTERED message': 1,
    'INVALID malformed': 1,
    'RATE_LIMITED key_limit': 2,
    'DISCARDED queue_overflow': 7,
  });
});

test('a message that is cut in the middle of a character is stored like any other', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const message = `${'x'.repeat(2_047)}😀 and more`;

  const receipt = await take(app, projectId, [aReport({ message, exceptions: [] }), aReport()]);

  expect(receipt).toMatchObject({ accepted: 2 });
});
