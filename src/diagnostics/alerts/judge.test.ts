import { expect, test } from 'vitest';
import { aSignal } from '../../../test/signals.ts';
import type { Signal } from '../signals.ts';
import { admit, type Cap, capMs } from './caps.ts';
import { judge, type Watch } from './judge.ts';
import { concerns, type Rule } from './rule.ts';

const rule: Rule = {
  id: 'rule',
  projectId: 'project',
  trigger: 'COUNT_OVER',
  threshold: 10,
  windowSeconds: 3_600,
  sessions: null,
  minSeverity: null,
  categories: [],
  sources: [],
  tags: [],
  minAgeSeconds: null,
  maxAgeSeconds: null,
  intervalSeconds: 300,
  channelIds: [],
};
const start = Date.parse('2026-11-26T10:00:00Z');
const minutes = (count: number) => new Date(start + count * 60_000);
const unwatched: Watch = { counts: [], sliceAt: null, isOver: false, firedAt: null };
const reports = (count: number) => aSignal('project', { detail: { count } });

/** What a rule says to each of some signals, one after the other. */
function verdicts(over: Partial<Rule>, events: [minute: number, signal: Signal][]) {
  let watch = unwatched;
  return events.map(([minute, signal]) => {
    const judged = judge({ ...rule, ...over }, signal, watch, minutes(minute));
    watch = judged.watch;
    return judged.verdict;
  });
}

test.each([
  [9, null],
  [10, null],
  [11, 'FIRES'],
])('count over 10 in a window: %i reports', (count, verdict) => {
  const alone = Array.from(
    { length: count },
    (_, index) => [index, reports(1)] as [number, Signal],
  );

  expect(verdicts({}, alone).at(-1)).toBe(verdict);
  expect(verdicts({}, [[0, reports(count)]])).toEqual([verdict]);
});

test('a threshold that is crossed fires once while it stays so', () => {
  const storm = Array.from(
    { length: 50 },
    (_, index) => [index * 0.5, reports(4)] as [number, Signal],
  );

  expect(verdicts({}, storm).filter((verdict) => verdict === 'FIRES')).toHaveLength(1);
});

test.each([
  [59, 'FIRES'],
  [60, null],
  [61, null],
])('what was reported leaves a window of an hour: %i minutes later', (minute, verdict) => {
  const [, second] = verdicts({}, [
    [0, reports(10)],
    [minute, reports(1)],
  ]);

  expect(second).toBe(verdict);
});

test('what falls below its threshold and passes it again fires again, after the interval', () => {
  const said = verdicts({ intervalSeconds: 7_200 }, [
    [0, reports(11)],
    [70, reports(1)],
    [71, reports(10)],
    [119, reports(1)],
    [120, reports(1)],
  ]);

  expect(said).toEqual(['FIRES', 'CLEARS', null, null, 'FIRES']);
});

test.each<[string, Partial<Rule>, number, (string | null)[]]>([
  ['is told anew', {}, 200, ['FIRES', 'FIRES_ANEW']],
  [
    'is over, and told at the end of the interval',
    { intervalSeconds: 86_400 },
    200,
    ['FIRES', 'CLEARS'],
  ],
  ['is the same one', {}, 59, ['FIRES', null]],
])('a storm after a silence in which the first one fell %s', (_what, over, minute, expected) => {
  const said = verdicts(over, [
    [0, reports(50)],
    [minute, reports(50)],
  ]);

  expect(said).toEqual(expected);
});

test('a sharp rise after a silence is told anew', () => {
  const said = verdicts({ trigger: 'CHANGE_OVER', threshold: 50 }, [
    [0, reports(10)],
    [60, reports(20)],
    [600, reports(10)],
    [660, reports(20)],
  ]);

  expect(said).toEqual([null, 'FIRES', 'CLEARS', 'FIRES']);
});

test.each([
  [9, null],
  [10, null],
  [11, 'FIRES'],
])('users over 10: %i users', (users, verdict) => {
  const seen = { count: 100, users, firstAt: minutes(0), lastAt: minutes(0) };

  expect(verdicts({ trigger: 'USERS_OVER' }, [[0, aSignal('project', { seen })]])).toEqual([
    verdict,
  ]);
});

test.each([
  [149, null],
  [150, null],
  [151, 'FIRES'],
])('change over 50 percent: from 100 to %i', (count, verdict) => {
  const said = verdicts({ trigger: 'CHANGE_OVER', threshold: 50 }, [
    [0, reports(100)],
    [60, reports(count)],
  ]);

  expect(said).toEqual([null, verdict]);
});

test.each([
  [9, null],
  [10, 'FIRES'],
])('a change says nothing from a window of fewer than 10: %i', (before, verdict) => {
  const said = verdicts({ trigger: 'CHANGE_OVER', threshold: 50 }, [
    [0, reports(before)],
    [60, reports(100)],
  ]);

  expect(said).toEqual([null, verdict]);
});

test.each([
  ['COST', 0.8, { spentRatio: 0.8 }, null],
  ['COST', 0.8, { spentRatio: 0.81 }, 'FIRES'],
  ['QUALITY', 0.5, { meanScore: 0.5 }, null],
  ['QUALITY', 0.5, { meanScore: 0.49 }, 'FIRES'],
  ['HEALTH', null, { ok: true }, null],
  ['HEALTH', null, { ok: false }, 'FIRES'],
] as const)('%s of %s: %o', (trigger, threshold, detail, verdict) => {
  expect(verdicts({ trigger, threshold }, [[0, aSignal('project', { detail })]])).toEqual([
    verdict,
  ]);
});

test.each([
  [299, null],
  [300, 'FIRES'],
  [301, 'FIRES'],
])('at most every 300 s: again after %i s', (seconds, verdict) => {
  const said = verdicts({ trigger: 'ISSUE_NEW', threshold: null }, [
    [0, aSignal('project', { kind: 'issue.new' })],
    [seconds / 60, aSignal('project', { kind: 'issue.new' })],
  ]);

  expect(said).toEqual(['FIRES', verdict]);
});

test('a health that goes and comes back fires and clears, each once', () => {
  const health = (ok: boolean) => aSignal('project', { kind: 'health', detail: { ok } });
  const said = verdicts({ trigger: 'HEALTH', threshold: null }, [
    [0, health(false)],
    [1, health(false)],
    [2, health(true)],
    [3, health(true)],
  ]);

  expect(said).toEqual(['FIRES', null, 'CLEARS', null]);
});

const signal = aSignal('project', {
  severity: 'HIGH',
  category: 'SYNC_CONFLICT',
  source: 'checkout',
  tags: { region: 'eu' },
  seen: { count: 1, users: 1, firstAt: minutes(0), lastAt: minutes(10) },
});

test.each<[string, Partial<Rule>, Partial<Rule>]>([
  ['level', { minSeverity: 'HIGH' }, { minSeverity: 'CRITICAL' }],
  ['tag', { tags: [{ name: 'region', value: 'eu' }] }, { tags: [{ name: 'region', value: 'us' }] }],
  ['category', { categories: ['SYNC_CONFLICT'] }, { categories: ['OTHER'] }],
  ['age, at least', { minAgeSeconds: 600 }, { minAgeSeconds: 601 }],
  ['age, at most', { maxAgeSeconds: 600 }, { maxAgeSeconds: 599 }],
  ['source', { sources: ['checkout'] }, { sources: ['cart'] }],
])('a rule judges only what its condition lets through: %s', (_what, fits, doesNot) => {
  expect(concerns({ ...rule, ...fits }, signal, minutes(10))).toBe(true);
  expect(concerns({ ...rule, ...doesNot }, signal, minutes(10))).toBe(false);
});

test('an archived issue raises nothing', () => {
  const archived = { ...signal, detail: { isArchived: true } };

  expect(concerns(rule, archived, minutes(10))).toBe(false);
});

test.each([
  [9, ['SEND']],
  [10, ['BEGIN_DIGEST']],
  [11, ['HOLD']],
])('a cap of 10 in 5 minutes: after %i messages', (count, expected) => {
  let cap: Cap = { sentAt: [], digestId: null };
  for (let sent = 0; sent < count; sent += 1)
    ({ cap } = admit(cap, new Date(start + sent * 1_000), 'digest'));

  const { how, digestDueAt } = admit(cap, new Date(start + 60_000), 'digest');

  expect([how]).toEqual(expected);
  expect(digestDueAt).toEqual(new Date(start + capMs));
});

test('messages that are five minutes old do not count to the cap', () => {
  const cap = { sentAt: Array.from({ length: 10 }, () => new Date(start)), digestId: null };

  expect(admit(cap, new Date(start + capMs - 1), 'digest').how).toBe('BEGIN_DIGEST');
  expect(admit(cap, new Date(start + capMs), 'digest').how).toBe('SEND');
});
