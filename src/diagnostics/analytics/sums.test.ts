import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeProject, makeViewer, openTestApp } from '../../../test/app.ts';
import { anException, aReport, take } from '../../../test/reports.ts';
import type { Viewer } from '../../graphql/context.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { mergeErrorIssues, splitErrorIssue } from '../issues/merge.ts';
import { errorMovers } from './movers.ts';
import { periodOf } from './period.ts';
import { errorTrends } from './trends.ts';

const dayMs = 86_400_000;

/** Three hundred reports of the last sixteen days, of some kinds far more than of others. */
const someReports = fc.array(
  fc.record({
    kind: fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      fc.nat({ max: 2 }),
      fc.nat({ max: 11 }),
    ),
    agoMs: fc.integer({ min: 0, max: 16 * dayMs }),
    user: fc.option(fc.nat({ max: 20 })),
    service: fc.constantFrom('shop', 'cart', undefined),
    release: fc.constantFrom('web@1.0.0', 'web@1.1.0', undefined),
    platform: fc.constantFrom('SERVER', 'PWA', 'WORKER'),
  }),
  { minLength: 300, maxLength: 300 },
);

async function begin() {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ', 'ADMIN'], participant: null });
  const now = Date.now();
  const [given = []] = fc.sample(someReports, { numRuns: 1, seed: 7 });
  const reports = given.map(({ kind, agoMs, user, service, release, platform }) =>
    aReport({
      exceptions: [anException({ type: `Error${kind}` })],
      occurredAt: new Date(now - agoMs).toISOString(),
      platform,
      source: { service },
      ...(release ? { release } : {}),
      ...(user === null ? {} : { user: { id: `${user}` } }),
    }),
  );
  await take(app, viewer.projectId, reports);
  await take(app, await makeProject(app), reports.slice(0, 20));
  return { app, viewer };
}

const eventsOf = (app: App, projectId: string) =>
  app.db.errorEvent.findMany({ where: { projectId } });

/** What `errorMovers` answers, from the reports themselves. */
async function plainMovers(app: App, { projectId }: Viewer, from: Date) {
  const period = periodOf({ from }, 'HOUR');
  const fingerprints = await app.db.fingerprint.findMany({ where: { projectId } });
  const issueOf = new Map(fingerprints.map(({ id, issueId }) => [id, issueId]));
  const sums = new Map<string, { count: number; countBefore: number }>();
  for (const { fingerprintId, occurredAt } of await eventsOf(app, projectId)) {
    const issueId = issueOf.get(fingerprintId) ?? '';
    const sum = sums.get(issueId) ?? { count: 0, countBefore: 0 };
    if (occurredAt >= period.from && occurredAt < period.to) sum.count += 1;
    if (occurredAt >= period.beforeFrom && occurredAt < period.beforeTo) sum.countBefore += 1;
    sums.set(issueId, sum);
  }
  const measure = ({ count, countBefore }: { count: number; countBefore: number }) =>
    Math.abs(count - countBefore) / Math.sqrt(count + countBefore);
  return [...sums]
    .map(([id, sum]) => ({ id, ...sum }))
    .filter(({ count, countBefore }) => count !== countBefore)
    .sort((a, b) => measure(b) - measure(a) || (a.id < b.id ? -1 : 1));
}

test('movers are those of the plain sums, of issues that were merged and split, too', async () => {
  const { app, viewer } = await begin();
  const expectPlain = async () => {
    for (const days of [1, 7])
      for (const first of [1, 3, 50]) {
        const from = new Date(Date.now() - days * dayMs);
        const movers = await errorMovers(app, viewer.projectId, { where: { from }, first });
        expect(
          movers.map(({ issue, count, countBefore }) => ({ id: issue.id, count, countBefore })),
        ).toEqual((await plainMovers(app, viewer, from)).slice(0, first));
      }
  };

  await expectPlain();
  const issues = await app.db.errorIssue.findMany({
    where: { projectId: viewer.projectId },
    orderBy: { count: 'desc' },
    include: { fingerprints: true },
  });
  const [target, most, ...others] = issues;
  const change = { issueId: target?.id ?? '', expectedVersion: null };
  await mergeErrorIssues(app, viewer, {
    ...change,
    operationId: newId(),
    sourceIds: [most, ...others.slice(-3)].map((issue) => issue?.id ?? ''),
  });
  await expectPlain();
  await splitErrorIssue(app, viewer, {
    ...change,
    operationId: newId(),
    newIssueId: newId(),
    fingerprintIds: [most?.fingerprints[0]?.id ?? ''],
  });
  await expectPlain();
});

const dimensions = {
  CATEGORY: 'category',
  SEVERITY: 'severity',
  PLATFORM: 'platform',
  SERVICE: 'service',
  RELEASE: 'release',
} as const;

test.each([null, 'CATEGORY', 'SEVERITY', 'PLATFORM', 'SERVICE', 'RELEASE'] as const)(
  'trends by %s are the plain sums of reports and of users',
  async (by) => {
    const { app, viewer } = await begin();
    const events = await eventsOf(app, viewer.projectId);

    for (const [bucket, size] of [
      ['HOUR', dayMs / 24],
      ['DAY', dayMs],
    ] as const) {
      const { from, to, beforeFrom, beforeTo } = periodOf({}, bucket);
      const where = { services: ['shop', 'cart'] };
      const series = await errorTrends(app, viewer.projectId, { where, by, bucket });

      const key = (event: (typeof events)[number]) => (by ? (event[dimensions[by]] ?? '') : null);
      const within = (begin: Date, end: Date) =>
        events.filter(
          ({ occurredAt, service }) => occurredAt >= begin && occurredAt < end && service !== null,
        );
      const users = (some: typeof events) =>
        new Set(
          some.flatMap(({ userHash }) => (userHash ? [Buffer.from(userHash).toString('hex')] : [])),
        ).size;
      const now = Map.groupBy(within(from, to), key);
      const then = Map.groupBy(within(beforeFrom, beforeTo), key);
      const keys = new Set([...now.keys(), ...then.keys()]);
      expect(
        new Map(series.map(({ key: name, change: _change, ...rest }) => [name, rest])),
      ).toEqual(
        new Map(
          [...keys].map((name) => {
            const [present, past] = [now.get(name) ?? [], then.get(name) ?? []];
            const points = Map.groupBy(present, ({ occurredAt }) =>
              Math.floor(occurredAt.getTime() / size),
            );
            return [
              name,
              {
                count: present.length,
                users: users(present),
                countBefore: past.length,
                usersBefore: users(past),
                points: [...points]
                  .sort(([a], [b]) => a - b)
                  .map(([at, some]) => ({
                    at: new Date(at * size),
                    count: some.length,
                    users: users(some),
                  })),
              },
            ];
          }),
        ),
      );
    }
  },
);
