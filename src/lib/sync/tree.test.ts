import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest, SyncItem } from './digest.ts';
import {
  compareTrees,
  type DigestTree,
  digestTree,
  type LeafItem,
  leafItems,
  type TreeComparison,
  tellOf,
} from './tree.ts';

type Side = { tree: DigestTree; nodes: Map<string, Digest>; leaves: Map<string, LeafItem[]> };

const side = (items: SyncItem[]): Side => {
  const tree = digestTree(items);
  return { tree, nodes: new Map([['', tree.root]]), leaves: new Map() };
};

function tell({ tree, nodes, leaves }: Side, paths: string[]): number {
  const told = tellOf(tree, paths);
  for (const node of told.nodes) nodes.set(node.path, node);
  for (const leaf of told.leaves) leaves.set(leaf.path, leaf.items);
  return told.nodes.length + told.leaves.reduce((sum, { items }) => sum + items.length, 0);
}

/** Descends until nothing more is asked. @returns the last comparison and how much was told */
function settle(a: Side, b: Side): TreeComparison & { told: number; rounds: number } {
  let [told, rounds] = [0, 0];
  for (;;) {
    const found = compareTrees(a, b);
    if (found.ask.a.length + found.ask.b.length === 0) return { ...found, told, rounds };
    told += tell(a, found.ask.a) + tell(b, found.ask.b);
    rounds += 1;
    if (rounds > 20) throw new Error('the descent does not end');
  }
}

const some = (count: number, from = 0): SyncItem[] =>
  Array.from({ length: count }, (_, index) => ({ key: `k${from + index}`, value: { index } }));

test('equal trees agree without a descent', () => {
  expect(settle(side(some(3_000)), side(some(3_000).reverse()))).toMatchObject({
    agree: true,
    told: 0,
    rounds: 0,
  });
});

test('up to 256 items the items are told at once, above there is a 16-way tree', () => {
  const small = side(some(leafItems));
  const large = side(some(leafItems + 1));

  expect(small.tree.childrenOf('')).toEqual([]);
  expect(large.tree.childrenOf('').length).toBeGreaterThan(8);
  expect(large.tree.childrenOf('').length).toBeLessThanOrEqual(16);
  expect(large.tree.childrenOf('').reduce((sum, { count }) => sum + count, 0)).toBe(leafItems + 1);
});

test('one item among many thousands is named, descending only where the trees differ', () => {
  const items = some(10_000);
  const found = settle(side(items), side(items.with(3_141, { key: 'k3141', value: 'another' })));

  expect(found.differing).toEqual(['k3141']);
  expect(found.told).toBeLessThan(2 * (16 * 3 + leafItems));
});

test('whatever was dropped, added, changed or swapped is named, and nothing else', () => {
  const changes = fc.array(
    fc.record({
      kind: fc.constantFrom('drop', 'add', 'change', 'swap'),
      at: fc.nat(),
      text: fc.string(),
    }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 900 }), changes, (count, made) => {
      const before = some(count);
      let after = some(count);
      for (const { kind, at, text } of made) {
        const index = at % Math.max(1, after.length);
        const [item, next] = [after[index], after[index + 1]];
        if (kind === 'drop' && after.length > 0) after = after.toSpliced(index, 1);
        else if (kind === 'add') after = [...after, { key: `new ${at} ${text}`, value: text }];
        else if (kind === 'change' && item) after = after.with(index, { ...item, value: text });
        else if (item && next)
          after = after
            .with(index, { ...item, value: next.value })
            .with(index + 1, { ...next, value: item.value });
      }
      after = [...new Map(after.map((item) => [item.key, item])).values()];
      const textOf = (items: SyncItem[]) =>
        new Map(items.map(({ key, value }) => [String(key), JSON.stringify(value)]));
      const [here, there] = [textOf(before), textOf(after)];
      const expected = [...new Set([...here.keys(), ...there.keys()])]
        .filter((key) => here.get(key) !== there.get(key))
        .sort();

      const found = settle(side(before), side(after));

      expect(found.differing).toEqual(expected);
      expect(found.agree).toBe(expected.length === 0);
    }),
    { numRuns: 40 },
  );
});

test('a side with a handful of items and one with thousands find what the first lacks', () => {
  const found = settle(side(some(3)), side(some(5_000)));

  expect(found.differing).toHaveLength(4_997);
});
