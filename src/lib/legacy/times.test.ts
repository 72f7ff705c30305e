import { expect, test } from 'vitest';
import { instantOf, isExactInstant } from './times.ts';

const INSTANT = 1753897356053;

test.each([
  [INSTANT, INSTANT],
  [String(INSTANT), INSTANT],
  [1753897356.053, INSTANT],
  ['2025-07-30T17:42:36.053Z', INSTANT],
  ['2025-07-30T19:42:36.053+02:00', INSTANT],
  ['2025-07-30 17:42:36.053', INSTANT],
  ['2025-07-30', Date.UTC(2025, 6, 30)],
  ['yesterday', null],
  ['2025-13-45', null],
  [12, null],
  [-INSTANT, null],
  [null, null],
  [{}, null],
])('%j is the instant %s', (value, instant) => {
  expect(instantOf(value)).toBe(instant);
});

test('a value is exact when the instant gives it back', () => {
  expect(isExactInstant(INSTANT, INSTANT)).toBe(true);
  expect(isExactInstant('2025-07-30T17:42:36.053Z', INSTANT)).toBe(true);
  expect(isExactInstant('2025-07-30T19:42:36.053+02:00', INSTANT)).toBe(false);
});
