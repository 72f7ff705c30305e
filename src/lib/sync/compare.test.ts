import { expect, test } from 'vitest';
import { comparePair, newPair, type PairState, type Take } from './compare.ts';

const take = (
  checkpoint: string,
  takenAt: number,
  sum: bigint,
  more: Partial<Take> = {},
): Take => ({
  checkpoint,
  takenAt,
  digest: { count: 1, sum },
  isQueueEmpty: true,
  ...more,
});
const once = comparePair(newPair, take('1', 1, 1n), take('1', 1, 2n));

test('two sides are compared only at the same checkpoint', () => {
  expect(comparePair(newPair, take('1', 1, 1n), take('2', 1, 2n))).toEqual({
    verdict: 'not_compared',
    state: newPair,
  });
});

test('two sides are compared only with empty upload queues', () => {
  const full = { isQueueEmpty: false };

  expect(comparePair(newPair, take('1', 1, 1n, full), take('1', 1, 2n)).verdict).toBe(
    'not_compared',
  );
  expect(comparePair(newPair, take('1', 1, 1n), take('1', 1, 2n, full)).verdict).toBe(
    'not_compared',
  );
});

test('that they differ once is a suspicion, twice in a row a divergence', () => {
  const twice = comparePair(once.state, take('2', 2, 1n), take('2', 2, 2n));

  expect(once.verdict).toBe('suspected');
  expect(twice.verdict).toBe('divergent');
  expect(comparePair(twice.state, take('3', 3, 1n), take('3', 3, 2n)).verdict).toBe('divergent');
});

test('what agrees in between begins anew', () => {
  const between = comparePair(once.state, take('2', 2, 1n), take('2', 2, 1n));

  expect(between.verdict).toBe('agree');
  expect(comparePair(between.state, take('3', 3, 1n), take('3', 3, 2n)).verdict).toBe('suspected');
});

test('the same takes again, or a new one of one side only, say nothing new', () => {
  const again = (state: PairState, a: number, b: number) =>
    comparePair(state, take('1', a, 1n), take('1', b, 2n)).verdict;

  expect(again(once.state, 1, 1)).toBe('suspected');
  expect(again(once.state, 2, 1)).toBe('suspected');
  expect(again(once.state, 1, 2)).toBe('suspected');
  expect(again(once.state, 2, 2)).toBe('divergent');
});

test('what is older than the last comparison is not compared', () => {
  const later = comparePair(newPair, take('5', 5, 1n), take('5', 5, 1n));

  expect(comparePair(later.state, take('4', 4, 1n), take('4', 4, 2n)).verdict).toBe('not_compared');
});
