import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVectors, compareVersions, joinVectors, nextVector } from './vectors.ts';

const vector = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', '__proto__'),
  fc.integer({ min: 0, max: 3 }),
);
const version = fc.record({ vector, hash: fc.constantFrom('1', '2') });

test('version vectors are equal, dominate, are dominated or are concurrent', () => {
  expect(compareVectors({ a: 1, b: 0 }, { a: 1 })).toBe('equal');
  expect(compareVectors({ a: 2, b: 1 }, { a: 1, b: 1 })).toBe('dominates');
  expect(compareVectors({ a: 1 }, { a: 1, b: 1 })).toBe('dominated');
  expect(compareVectors({ a: 1 }, { b: 1 })).toBe('concurrent');
});

test('the order of vectors is that of sets of changes', () => {
  fc.assert(
    fc.property(vector, vector, (a, b) => {
      const back = {
        equal: 'equal',
        concurrent: 'concurrent',
        dominates: 'dominated',
        dominated: 'dominates',
      };
      const both = joinVectors(a, b);

      expect(compareVectors(b, a)).toBe(back[compareVectors(a, b)]);
      expect(['equal', 'dominates']).toContain(compareVectors(both, a));
      expect(compareVectors(nextVector(a, 'x'), a)).toBe('dominates');
      expect(compareVectors(nextVector(a, 'x'), nextVector(b, 'y'))).toBe('concurrent');
    }),
  );
});

test('a conflict is concurrent and different: no lag is one', () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      const isConflict = compareVersions(a, b) === 'conflict';

      expect(isConflict).toBe(
        compareVectors(a.vector, b.vector) === 'concurrent' && a.hash !== b.hash,
      );
    }),
  );
  expect(compareVersions({ vector: { a: 1 }, hash: '1' }, { vector: { a: 2 }, hash: '2' })).toBe(
    'lag',
  );
});

test('the same changes with different content are divergent, whatever the vectors say', () => {
  const both = { a: 3, b: 1 };

  expect(compareVersions({ vector: both, hash: '1' }, { vector: both, hash: '2' })).toBe(
    'divergent',
  );
});
