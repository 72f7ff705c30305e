import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashSecret, makeKey, parseKey, prefixOf } from './key-format.ts';

const base62 = /^cs_[0-9A-Za-z]{36}$/;

test('a key is cs_, 30 characters and a checksum, and is its own digest and prefix', () => {
  const key = makeKey();

  const parsed = parseKey(` ${key}\n`);

  expect(key).toMatch(base62);
  expect(parsed).toEqual({ form: 'KEY', prefix: key.slice(0, 11), hash: hashSecret(key) });
  expect(prefixOf(key)).toBe(key.slice(0, 11));
});

test('no key is made twice, and every character of base62 comes about as often', () => {
  const keys = Array.from({ length: 2_000 }, makeKey);

  const counts = new Map<string, number>();
  for (const char of keys.flatMap((key) => [...key.slice(3, 33)]))
    counts.set(char, (counts.get(char) ?? 0) + 1);

  expect(new Set(keys).size).toBe(2_000);
  expect(counts.size).toBe(62);
  const expected = (2_000 * 30) / 62;
  for (const count of counts.values())
    expect(Math.abs(count - expected) / expected).toBeLessThan(0.25);
});

test('a typo of one character anywhere after the mark is told without a look-up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 38 }), fc.constantFrom(...'abcXYZ019'), (place, char) => {
      const key = makeKey();
      fc.pre(key[place] !== char);
      const typo = key.slice(0, place) + char + key.slice(place + 1);
      expect(parseKey(typo)).toEqual({ form: 'MISTYPED' });
    }),
  );
});

test('two neighbours that changed places, and a key cut short, are typos', () => {
  const key = makeKey();
  const place = [...key].findIndex((char, i) => i >= 3 && i < 32 && char !== key[i + 1]);
  const swapped = key.slice(0, place) + key[place + 1] + key[place] + key.slice(place + 2);

  expect(parseKey(swapped)).toEqual({ form: 'MISTYPED' });
  expect(parseKey(key.slice(0, -1))).toEqual({ form: 'MISTYPED' });
  expect(parseKey('cs_')).toEqual({ form: 'MISTYPED' });
});

test('other text is no key at all', () => {
  expect(parseKey('')).toEqual({ form: 'OTHER' });
  expect(parseKey('eyJhbGciOiJIUzI1NiJ9.e30.x')).toEqual({ form: 'OTHER' });
  expect(parseKey('sk_live_0000')).toEqual({ form: 'OTHER' });
});
