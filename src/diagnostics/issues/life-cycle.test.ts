import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  forecastLimit,
  type Living,
  type Sighting,
  turnOnReports,
  turnOnTime,
} from './life-cycle.ts';
import { compareReleases } from './releases.ts';

const day = 86_400_000;
const resolvedAt = new Date('2026-11-20T12:00:00Z');
const later = new Date(resolvedAt.getTime() + 1);

function living(over: Partial<Living>): Living {
  return {
    state: 'ONGOING',
    stateSince: resolvedAt,
    resolvedIn: null,
    resolvedAt: null,
    resolvedRelease: null,
    archivedUntil: null,
    archivedUntilAt: null,
    archivedUntilCount: null,
    archivedUntilUsers: null,
    hourLimit: null,
    ...over,
  };
}

function turn(
  issue: Living,
  sightings: Sighting[],
  over: { count?: bigint; users?: number; thisHour?: number } = {},
) {
  const seen: Record<string, number> = { abc: 1, def: 2 };
  const release = (name: string) => ({ name, firstSeenMs: seen[name] ?? 0 });
  return (
    turnOnReports(issue, { sightings, count: 1n, users: 1, thisHour: 1, release, ...over })
      ?.state ?? null
  );
}

test('a resolved issue regresses only on an event from a newer release', () => {
  const issue = living({
    state: 'RESOLVED',
    resolvedIn: 'THIS_RELEASE',
    resolvedAt,
    resolvedRelease: 'web@1.9.2',
  });

  expect(turn(issue, [{ occurredAt: later, release: 'web@1.9.2' }])).toBeNull();
  expect(turn(issue, [{ occurredAt: later, release: 'web@1.9.1' }])).toBeNull();
  expect(turn(issue, [{ occurredAt: later, release: null }])).toBeNull();
  expect(turn(issue, [{ occurredAt: later, release: 'web@1.10.0' }])).toBe('REGRESSED');
});

test('releases without version numbers are ordered by when they were first seen', () => {
  const issue = living({
    state: 'RESOLVED',
    resolvedIn: 'NEXT_RELEASE',
    resolvedAt,
    resolvedRelease: 'abc',
  });

  expect(turn(issue, [{ occurredAt: later, release: 'def' }])).toBe('REGRESSED');
  expect(
    turn({ ...issue, resolvedRelease: 'def' }, [{ occurredAt: later, release: 'abc' }]),
  ).toBeNull();
});

test('without releases an issue regresses on what happened after the resolution, so that an offline backlog reopens nothing', () => {
  const issue = living({ state: 'RESOLVED', resolvedIn: 'NOW', resolvedAt });

  expect(turn(issue, [{ occurredAt: resolvedAt, release: null }])).toBeNull();
  expect(
    turn(issue, [{ occurredAt: new Date(resolvedAt.getTime() - day), release: 'x' }]),
  ).toBeNull();
  expect(turn(issue, [{ occurredAt: later, release: null }])).toBe('REGRESSED');
});

test('ignored issues never regress by themselves', () => {
  const sightings = [{ occurredAt: later, release: '9.9.9' }];
  const archived = (over: Partial<Living>) => living({ state: 'ARCHIVED', resolvedAt, ...over });

  expect(
    turn(archived({ archivedUntil: 'FOREVER' }), sightings, { count: 10n ** 9n, thisHour: 1e6 }),
  ).toBeNull();
  expect(turn(archived({ archivedUntil: 'TIME', archivedUntilAt: later }), sightings)).toBeNull();
  expect(
    turn(archived({ archivedUntil: 'COUNT', archivedUntilCount: 5n }), sightings, { count: 4n }),
  ).toBeNull();
  expect(
    turn(archived({ archivedUntil: 'COUNT', archivedUntilCount: 5n }), sightings, { count: 5n }),
  ).toBe('ONGOING');
  expect(
    turn(archived({ archivedUntil: 'USERS', archivedUntilUsers: 3 }), sightings, { users: 2 }),
  ).toBeNull();
  expect(
    turn(archived({ archivedUntil: 'USERS', archivedUntilUsers: 3 }), sightings, { users: 3 }),
  ).toBe('ONGOING');
  expect(
    turn(archived({ archivedUntil: 'ESCALATION', hourLimit: 20 }), sightings, { thisHour: 20 }),
  ).toBeNull();
  expect(
    turn(archived({ archivedUntil: 'ESCALATION', hourLimit: 20 }), sightings, { thisHour: 21 }),
  ).toBe('ESCALATING');
});

test('an issue escalates above the forecast from its own past', () => {
  const quiet = new Array<number>(168).fill(0).map((_zero, hour) => hour % 3);
  const limit = forecastLimit(quiet) ?? 0;

  expect(limit).toBe(10);
  expect(forecastLimit(quiet.map((count) => count * 100))).toBeGreaterThan(500);
  expect(forecastLimit(quiet.slice(0, 23))).toBeNull();
  expect(turn(living({ hourLimit: limit }), [], { thisHour: limit })).toBeNull();
  expect(turn(living({ hourLimit: limit }), [], { thisHour: limit + 1 })).toBe('ESCALATING');
  expect(turn(living({ state: 'ESCALATING', hourLimit: limit }), [], { thisHour: 1e6 })).toBeNull();
});

test('no hour of the past is above the forecast', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { minLength: 24, maxLength: 168 }), (counts) => {
      expect(Math.max(...counts)).toBeLessThanOrEqual(forecastLimit(counts) ?? 0);
    }),
  );
});

test('an issue is new for seven days, and archived until its time', () => {
  const issue = living({ state: 'NEW' });
  const at = (ms: number) => new Date(resolvedAt.getTime() + ms);

  expect(turnOnTime(issue, at(7 * day - 1))).toBeNull();
  expect(turnOnTime(issue, at(7 * day))?.state).toBe('ONGOING');
  const resting = living({ state: 'ARCHIVED', archivedUntil: 'TIME', archivedUntilAt: at(day) });
  expect(turnOnTime(resting, at(day - 1))).toBeNull();
  expect(turnOnTime(resting, at(day))?.state).toBe('ONGOING');
  expect(turnOnTime(living({ state: 'RESOLVED' }), at(1_000 * day))).toBeNull();
});

test('the order of releases is one: whoever is newer than the newer is newer', () => {
  const names = fc.constantFrom('1.2.3', 'v1.2.10', 'web@1.10.0', '2.0.0-rc.1', '2.0.0', '2.1');
  const release = fc.record({ name: names, firstSeenMs: fc.nat(5) });
  fc.assert(
    fc.property(release, release, release, (a, b, c) => {
      expect(Math.sign(compareReleases(a, b))).toBe(-Math.sign(compareReleases(b, a)) + 0);
      if (compareReleases(a, b) > 0 && compareReleases(b, c) > 0)
        expect(compareReleases(a, c)).toBeGreaterThan(0);
    }),
  );
});
