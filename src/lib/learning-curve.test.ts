import { expect, test } from 'vitest';
import { fitCurve, pointsFrom, promiseOf } from './learning-curve.ts';
import { seededRandom } from './page/random.ts';

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

test('a promise says how sure it is: few steps allow nearly anything, many little', () => {
  const curve = (steps: number) =>
    [0, 1, 2, 4].map((sessions) => ({ sessions, error: 0.4 * (1 + sessions) ** -0.3, steps }));
  const promise = (steps: number) => promiseOf(curve(steps), 0.4, { sessions: 10, seed: 'test' });
  const [few, many] = [promise(30), promise(3_000)];
  const truth = 100 * 0.4 * (1 - 11 ** -0.3);

  expect(few.low).toBeLessThan(many.low);
  expect(few.high).toBeGreaterThan(many.high);
  expect(few.low).toBeLessThan(5);
  for (const { low, value, high } of [few, many]) {
    expect(low).toBeLessThanOrEqual(truth);
    expect(high).toBeGreaterThanOrEqual(truth);
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(high);
  }
  expect(promise(30)).toEqual(few);
});

test('the interval of a promise holds the truth in about 95 of 100 measurements, or more', () => {
  const [rate, steps, error] = [0.3, 60, 0.4];
  const truth = pointsFrom({ start: 0.4, rate }, error, 10);
  const trials = 200;
  let held = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const random = seededRandom(`trial ${trial}`);
    const points = [0, 1, 2, 4].map((sessions) => {
      const chance = 0.4 * (1 + sessions) ** -rate;
      const wrong = Array.from({ length: steps }, random).filter((one) => one < chance).length;
      return { sessions, error: wrong / steps, steps };
    });
    const { low, high } = promiseOf(points, error, { sessions: 10, seed: `draws ${trial}` });
    held += Number(low <= truth && truth <= high);
  }
  expect(held / trials).toBeGreaterThan(0.9);
});
