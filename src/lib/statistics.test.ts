import { expect, test } from 'vitest';
import { binomialTail, wilson } from './statistics.ts';

test('the tail of the binomial agrees with counting', () => {
  expect(binomialTail(3, 3, 0.5)).toBeCloseTo(0.125, 12);
  expect(binomialTail(1, 2, 0.5)).toBeCloseTo(0.75, 12);
  expect(binomialTail(0, 5, 0.1)).toBe(1);
});

test('the interval of a share is that of Wilson', () => {
  const { low, high } = wilson(5, 10);

  expect(low).toBeCloseTo(0.2366, 3);
  expect(high).toBeCloseTo(0.7634, 3);
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
});
