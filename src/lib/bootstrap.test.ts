import { expect, test } from 'vitest';
import { differenceOf, quantile, ratioOf } from './bootstrap.ts';
import { seededRandom } from './page/random.ts';

const share = (hits: number, of: number) => ({ hits, of });

test('the same seed gives the same interval, and the value is that of the whole', () => {
  const clusters = [share(3, 4), share(1, 4), share(4, 4), share(2, 8)];

  const once = ratioOf(clusters, { seed: 'a' });

  expect(once).toEqual(ratioOf(clusters, { seed: 'a' }));
  expect(once.value).toBe(10 / 20);
  expect(once.low).toBeLessThan(0.5);
  expect(once.high).toBeGreaterThan(0.5);
});

test('95 of 100 intervals hold the truth, give or take, when sessions differ in how hard they are', () => {
  const random = seededRandom('truth');
  let held = 0;
  for (let trial = 0; trial < 300; trial += 1) {
    const clusters = Array.from({ length: 40 }, () => {
      const ease = random() < 0.5 ? 0.9 : 0.3; // the truth is 0.6
      const of = 5;
      const hits = Array.from({ length: of }).filter(() => random() < ease).length;
      return share(hits, of);
    });
    const { low, high } = ratioOf(clusters, { seed: String(trial), resamples: 1_000 });
    if (low <= 0.6 && 0.6 <= high) held += 1;
  }
  expect(held / 300).toBeGreaterThan(0.91);
  expect(held / 300).toBeLessThan(0.98);
});

test('a difference that every session shows is sure, though the sessions differ widely', () => {
  const pairs = Array.from({ length: 20 }, (_, at) => {
    const hits = at % 10;
    return [share(hits + 1, 10), share(hits, 10)] as const;
  });

  const { value, low, high } = differenceOf(pairs, { seed: 'a' });
  const [a, b] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];

  expect([value, low, high].map((one) => one.toFixed(6))).toEqual([
    '0.100000',
    '0.100000',
    '0.100000',
  ]);
  expect(ratioOf(a, { seed: 'a' }).low).toBeLessThan(ratioOf(b, { seed: 'a' }).high);
});

test('nothing measured is nothing known', () => {
  expect(ratioOf([], { seed: 'a' })).toEqual({ value: 0, low: 0, high: 1 });
  expect(differenceOf([], { seed: 'a' })).toEqual({ value: 0, low: -1, high: 1 });
  expect(quantile([], 0.5)).toBe(0);
  expect(quantile([1, 2, 4], 0.75)).toBe(3);
});
