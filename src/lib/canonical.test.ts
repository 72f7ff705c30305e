import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, sortKeys } from './canonical.ts';

/** The value with the keys of its objects in another order. */
function shuffle(value: unknown, random: () => number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => shuffle(item, random));
  const entries = Object.entries(value).map(([key, item]) => [key, shuffle(item, random)] as const);
  return Object.fromEntries(entries.sort(() => random() - 0.5));
}

test('the order of keys makes no difference, anything else does', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.noShrink(fc.nat()), (value, other, seed) => {
      let state = seed;
      const random = () => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        return state / 2 ** 31;
      };
      const shuffled = shuffle(value, random);

      expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
      expect(JSON.stringify(sortKeys(shuffled))).toBe(JSON.stringify(sortKeys(value)));
      const [plain, plainOther] = [value, other].map((item) => JSON.parse(JSON.stringify(item)));
      const isSame = canonicalJson(plain) === canonicalJson(plainOther);
      expect(isSame).toBe(JSON.stringify(sortKeys(plain)) === JSON.stringify(sortKeys(plainOther)));
    }),
  );
});

test('canonical JSON is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('keys sort by code unit, arrays keep their order, what is undefined is left out, instants are text', () => {
  const value = { b: [3, 1, undefined], a: undefined, Z: new Date(0), '\u{1F600}': 1, '\uFFFD': 2 };

  expect(canonicalJson(value)).toBe(
    '{"Z":"1970-01-01T00:00:00.000Z","b":[3,1,null],"\u{1F600}":1,"\uFFFD":2}',
  );
  expect(JSON.stringify(sortKeys(value))).toBe(canonicalJson(value));
});

test('a key named __proto__ is a key like others', () => {
  const value = JSON.parse('{"b":1,"__proto__":{"d":1,"c":2}}');

  expect(canonicalJson(value)).toBe('{"__proto__":{"c":2,"d":1},"b":1}');
  expect(JSON.stringify(sortKeys(value))).toBe('{"__proto__":{"c":2,"d":1},"b":1}');
});
