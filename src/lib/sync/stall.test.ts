import { expect, test } from 'vitest';
import { headPatienceMs, type QueueState, stallOf } from './stall.ts';

const now = 10_000_000;
const moving: QueueState = {
  isOnline: true,
  depth: 3,
  headSince: now - 1_000,
  attemptedAt: now - 500,
  retryIntervalMs: 1_000,
};

test('a queue stands still when its head is unchanged for five minutes online', () => {
  const since = (headSince: number) => stallOf({ ...moving, headSince }, now);

  expect(since(now - headPatienceMs + 1)).toBeNull();
  expect(since(now - headPatienceMs)).toBe('HEAD_UNCHANGED');
});

test('a queue stands still without an attempt in twice the retry interval', () => {
  const quiet = (ms: number) =>
    stallOf({ ...moving, headSince: now - 60_000, attemptedAt: now - ms }, now);

  expect(quiet(2_000)).toBeNull();
  expect(quiet(2_001)).toBe('NO_ATTEMPT');
  expect(stallOf({ ...moving, headSince: now - 2_001, attemptedAt: null }, now)).toBe('NO_ATTEMPT');
  expect(stallOf({ ...moving, attemptedAt: now - 60_000 }, now)).toBeNull(); // the head is new
});

test('an empty queue and an offline one never stand still', () => {
  const old = { ...moving, headSince: 0, attemptedAt: 0 };

  expect(stallOf({ ...old, depth: 0 }, now)).toBeNull();
  expect(stallOf({ ...old, isOnline: false }, now)).toBeNull();
  expect(stallOf({ ...old, headSince: null }, now)).toBeNull();
});
