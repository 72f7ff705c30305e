import { expect, test } from 'vitest';
import { seededRandom } from '../lib/page/random.ts';
import { judgeLive, type LiveVerdict } from './live.ts';

/** Outcomes one by one, looked at after each. */
function watch(share: number, expected: number, outcomes: number, seed: string) {
  const random = seededRandom(seed);
  const said: LiveVerdict[] = [];
  for (let [count, successes] = [1, 0]; count <= outcomes; count += 1) {
    successes += Number(random() < share);
    said.push(judgeLive({ outcomes: count, successes, isCanary: false }, expected));
  }
  return said;
}

test('a deployment as good as expected is hardly ever rolled back, though it is looked at 500 times', () => {
  const trials = 400;
  const alarms = Array.from({ length: trials }, (_, at) => watch(0.7, 0.7, 500, `${at}`)).filter(
    (said) => said.includes('ROLL_BACK'),
  );
  expect(alarms.length / trials).toBeLessThanOrEqual(0.02);
});

test('a drop of 20 points is seen within 150 outcomes, mostly', () => {
  const trials = 200;
  const seen = Array.from({ length: trials }, (_, at) => watch(0.5, 0.7, 150, `${at}`)).filter(
    (said) => said.includes('ROLL_BACK'),
  );
  expect(seen.length / trials).toBeGreaterThan(0.9);
});

test('few outcomes prove nothing, and a canary goes on only when it does well', () => {
  expect(judgeLive({ outcomes: 5, successes: 0, isCanary: true }, 0.8)).toBe('KEEP');
  expect(judgeLive({ outcomes: 30, successes: 24, isCanary: true }, 0.8)).toBe('PROMOTE');
  expect(judgeLive({ outcomes: 30, successes: 19, isCanary: true }, 0.8)).toBe('KEEP');
  expect(judgeLive({ outcomes: 30, successes: 10, isCanary: true }, 0.8)).toBe('ROLL_BACK');
  expect(judgeLive({ outcomes: 40, successes: 40, isCanary: false }, 0.8)).toBe('KEEP');
});
