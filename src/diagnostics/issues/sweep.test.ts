import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeProject, openTestApp } from '../../../test/app.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import { forecastLimit } from './life-cycle.ts';
import { forecastLimits } from './sweep.ts';

const hourMs = 3_600_000;
const week = 168;

/** An issue's first hour and its hours with reports, counted back from now: 1 is the hour before the present one. */
const somePast = fc.record({
  age: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 60, max: 120 })),
  counts: fc.array(
    fc.tuple(
      fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 40 })),
      fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 60 })),
    ),
    { maxLength: 80, size: 'max' },
  ),
});

/** Sixty issues, each of which two fingerprints lead to. */
async function begin(app: App) {
  const projectId = await makeProject(app);
  const start = Math.floor(Date.now() / hourMs) * hourMs;
  const at = (hoursAgo: number) => new Date(start - hoursAgo * hourMs);
  const pasts = fc.sample(somePast, { numRuns: 60, seed: 11 }).map(({ age, counts }) => ({
    age,
    id: newId(),
    counts: new Map(counts.filter(([hour, count]) => hour <= age && count > 0)),
  }));
  const kind = {
    projectId,
    title: 'Error',
    category: 'OTHER',
    severity: 'HIGH',
    platform: 'PWA',
  } as const;
  await app.db.errorIssue.createMany({
    data: pasts.map(({ id, age, counts }) => ({
      id,
      ...kind,
      stateSince: at(age),
      firstSeenAt: at(age),
      lastSeenAt: at(Math.min(age, ...counts.keys())),
      count: BigInt([...counts.values()].reduce((sum, count) => sum + count, 0)),
    })),
  });
  const fingerprints = pasts.flatMap(({ id, age }) =>
    [0, 1].map((part) => ({ id: newId(), part, issueId: id, seenAt: at(age) })),
  );
  await app.db.fingerprint.createMany({
    data: fingerprints.map(({ id, issueId, seenAt }, index) => ({
      id,
      issueId,
      ...kind,
      hash: new Uint8Array([index]),
      groupingVersion: 1,
      explanation: {},
      firstSeenAt: seenAt,
      lastSeenAt: seenAt,
    })),
  });
  await app.db.fingerprintHour.createMany({
    data: fingerprints.flatMap(({ id: fingerprintId, part, issueId }) =>
      [...(pasts.find(({ id }) => id === issueId)?.counts ?? [])].flatMap(([hour, count]) => {
        const own = part === 0 ? Math.ceil(count / 2) : Math.floor(count / 2);
        return own > 0 ? [{ fingerprintId, projectId, hour: at(hour), count: own }] : [];
      }),
    ),
  });
  return { start, pasts };
}

test('hour after hour, limits of the issues that moved are those of the rule for all', async () => {
  const app = await openTestApp();
  const { start, pasts } = await begin(app);
  const limits = async () =>
    new Map((await app.db.errorIssue.findMany()).map(({ id, hourLimit }) => [id, hourLimit]));
  /** By the rule, as it is told: hours from the first one or a week ago, quiet ones as 0. */
  const expected = (hoursOn: number) =>
    new Map(
      pasts.flatMap(({ id, age, counts }) => {
        const hours = Math.min(week, age + hoursOn);
        const past = Array.from({ length: hours }, (_, n) => counts.get(hours - n - hoursOn) ?? 0);
        return past.some((count) => count > 0) ? [[id, forecastLimit(past)] as const] : [];
      }),
    );
  const told = async (hoursOn: number) => {
    const [rule, all] = [expected(hoursOn), await limits()];
    return [rule, new Map([...all].filter(([id]) => rule.has(id)))];
  };

  await forecastLimits(app, new Date(start), 'ALL', 25);
  const [rule, now] = await told(0);
  expect(now).toEqual(rule);
  for (let hoursOn = 1; hoursOn <= 30; hoursOn += 1) {
    await forecastLimits(app, new Date(start + hoursOn * hourMs), 'MOVED', 25);
    const [later, then] = await told(hoursOn);
    expect(then).toEqual(later);
  }
});
