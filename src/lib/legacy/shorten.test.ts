import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shorten } from './shorten.ts';

test('what fits is not touched', () => {
  const whole = { a: 'short' };

  expect(shorten(whole, 100)).toEqual({ value: whole, cuts: [], fits: true });
});

test('the largest text is cut, the rest stays, and the cut is named with its size', () => {
  const whole = { small: 'kept', page: { title: 'kept', html: 'x'.repeat(5_000) } };

  const { value, cuts, fits } = shorten(whole, 1_000);

  expect(fits).toBe(true);
  expect(value).toMatchObject({ small: 'kept', page: { title: 'kept' } });
  expect(JSON.stringify(value)).toContain('x… [5000 characters before import]');
  expect(JSON.stringify(value).length).toBeGreaterThan(950);
  expect(cuts).toEqual([{ path: 'page.html', chars: expect.any(Number) }]);
});

test('a heap of small fields keeps the smallest and says how many went', () => {
  const fields = Array.from({ length: 500 }, (_, index) => [`k${index}`, 'v'.repeat(index % 20)]);

  const { value, fits } = shorten({ heap: Object.fromEntries(fields) }, 3_000);

  expect(fits).toBe(true);
  expect(JSON.stringify(value)).toMatch(/\d+ of 500 fields left out at import/);
  expect(value.heap).toHaveProperty('k0', '');
});

test('any JSON gets within the limit, or it says that it does not fit', () => {
  const text = fc.string({ unit: 'binary', maxLength: 2_000, size: 'max' });
  const big = fc.dictionary(fc.string(), fc.oneof(text, fc.array(text), fc.jsonValue()));
  fc.assert(
    fc.property(big, fc.integer({ min: 0, max: 4_000 }), (whole, maxChars) => {
      const { value, fits } = shorten(whole, maxChars);

      expect(fits).toBe(JSON.stringify(value).length <= maxChars);
      if (maxChars > 1_000) expect(fits).toBe(true);
    }),
    { numRuns: 60 },
  );
}, 60_000);
