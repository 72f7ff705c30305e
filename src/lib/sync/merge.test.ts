import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../canonical.ts';
import { mergeThreeWay } from './merge.ts';

const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.constant(null));
const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'x/y~z');
const record = fc.dictionary(names, fc.oneof(leaf, fc.dictionary(names, leaf), fc.array(leaf)));
const copies = fc.tuple(record, record, record);

const at = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name)
          ? (inner as Record<string, unknown>)[name]
          : undefined,
      value,
    );
/** Pointers of everything that is in one of the copies and is no object with fields. */
function leavesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([name, inner]) =>
    leavesOf(inner, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
const text = (value: unknown) => (value === undefined ? 'absent' : canonicalJson(value));

test('a side that changed nothing takes the other one’s copy', () => {
  fc.assert(
    fc.property(record, record, (base, changed) => {
      for (const { merged, overlaps } of [
        mergeThreeWay(base, base, changed),
        mergeThreeWay(base, changed, base),
        mergeThreeWay(base, changed, changed),
      ]) {
        expect(text(merged)).toBe(text(changed));
        expect(overlaps).toEqual([]);
      }
    }),
  );
});

test('fields that different sides changed are all taken', () => {
  expect(
    mergeThreeWay(
      { title: 'a', body: 'b', tags: { x: 1, y: 2 }, old: 1 },
      { title: 'A', body: 'b', tags: { x: 9, y: 2 } },
      { title: 'a', body: 'b', tags: { x: 1 }, old: 1, isNew: true },
    ),
  ).toEqual({ merged: { title: 'A', body: 'b', tags: { x: 9 }, isNew: true }, overlaps: [] });
});

test('what both changed differently overlaps, by its JSON pointer', () => {
  expect(
    mergeThreeWay({ a: 1, list: [1] }, { a: 2, list: [1, 2] }, { a: 3, list: [1, 3] }).overlaps,
  ).toEqual(['/a', '/list']);
  expect(mergeThreeWay({ a: 1 }, {}, { a: 2 }).overlaps).toEqual(['/a']);
  expect(mergeThreeWay({ a: 1 }, null, { a: 2 }).overlaps).toEqual(['']);
  expect(mergeThreeWay(null, { 'x/y~z': 1 }, { 'x/y~z': 2 }).overlaps).toEqual(['/x~1y~0z']);
});

test('the sides can be exchanged', () => {
  fc.assert(
    fc.property(copies, ([base, a, b]) => {
      const [there, back] = [mergeThreeWay(base, a, b), mergeThreeWay(base, b, a)];

      expect(back.overlaps.toSorted()).toEqual(there.overlaps.toSorted());
      if (there.overlaps.length === 0) expect(text(back.merged)).toBe(text(there.merged));
    }),
  );
});

test('without overlaps nothing that a side changed is lost, and nothing is made up', () => {
  fc.assert(
    fc.property(copies, ([base, a, b]) => {
      const { merged, overlaps } = mergeThreeWay(base, a, b);
      fc.pre(overlaps.length === 0);
      for (const pointer of new Set([base, a, b, merged].flatMap((copy) => leavesOf(copy)))) {
        const [was, here, there, now] = [base, a, b, merged].map((copy) => text(at(copy, pointer)));
        const expected = here === was ? there : here;

        expect([expected, here, there]).toContain(now);
        if (here !== was && there !== was && here === there) expect(now).toBe(here);
      }
    }),
  );
});

test('in flat records the merge is exactly what each side changed', () => {
  const flat = fc.dictionary(names, leaf);
  fc.assert(
    fc.property(flat, flat, flat, (base, a, b) => {
      const { merged, overlaps } = mergeThreeWay(base, a, b);
      const all = new Set([base, a, b].flatMap((copy) => leavesOf(copy)).filter(Boolean));
      const expected = [...all].filter((pointer) => {
        const [was, here, there] = [base, a, b].map((copy) => text(at(copy, pointer)));
        return here !== was && there !== was && here !== there;
      });

      expect(overlaps.toSorted()).toEqual(expected.toSorted());
      for (const pointer of all) {
        if (overlaps.includes(pointer)) continue;
        const [was, here, there] = [base, a, b].map((copy) => text(at(copy, pointer)));
        expect(text(at(merged, pointer))).toBe(here === was ? there : here);
      }
    }),
  );
});
