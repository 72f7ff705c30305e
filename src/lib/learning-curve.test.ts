import { expect, test } from 'vitest';
import { fitCurve, pointsFrom } from './learning-curve.ts';

test('a power law is found again, and tells what more sessions bring', () => {
  const points = [0, 1, 2, 4].map((sessions) => ({
    sessions,
    error: 0.4 * (1 + sessions) ** -0.5,
    steps: 100,
  }));

  const curve = fitCurve(points);

  expect(curve.start).toBeCloseTo(0.4);
  expect(curve.rate).toBeCloseTo(0.5);
  expect(pointsFrom(curve, 0.4, 3)).toBeCloseTo(20);
});

test('data that did not help promises nothing', () => {
  const points = [0, 2, 4].map((sessions) => ({
    sessions,
    error: 0.2 + sessions / 100,
    steps: 50,
  }));

  expect(pointsFrom(fitCurve(points), 0.2, 40)).toBe(0);
  expect(fitCurve([])).toEqual({ start: 0, rate: 0 });
});
