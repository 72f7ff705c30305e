import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addItem,
  digestFrom,
  digestOf,
  emptyDigest,
  itemHash,
  removeItem,
  type SyncItem,
  sameDigest,
  sumText,
} from './digest.ts';
import { sha256Of } from './sha256.ts';

const operations = fc.array(fc.jsonValue(), { minLength: 2, maxLength: 30 }).map(toItems);

function toItems(values: unknown[]): SyncItem[] {
  return values.map((value, index) => ({ key: index + 1, value }));
}

const digest = (items: SyncItem[]) => digestOf(items.map(itemHash));

test('the hash is SHA-256, of every length of text', () => {
  for (let length = 0; length <= 200; length += 1)
    for (const letter of ['a', 'é', '🙂'])
      expect(Buffer.from(sha256Of(letter.repeat(length))).toString('hex')).toBe(
        createHash('sha256').update(letter.repeat(length)).digest('hex'),
      );
});

test('a digest is a count and a sum that no order changes', () => {
  fc.assert(
    fc.property(
      operations.chain((items) =>
        fc.tuple(
          fc.constant(items),
          fc.shuffledSubarray(items, { minLength: items.length, maxLength: items.length }),
        ),
      ),
      ([items, shuffled]) => {
        expect(digest(shuffled)).toEqual(digest(items));
        expect(digest(items).count).toBe(items.length);
      },
    ),
  );
});

test('every single dropped operation is found', () => {
  fc.assert(
    fc.property(operations, (items) => {
      for (const index of items.keys())
        expect(sameDigest(digest(items), digest(items.toSpliced(index, 1)))).toBe(false);
    }),
  );
});

test('every single changed operation is found', () => {
  fc.assert(
    fc.property(operations, fc.jsonValue(), (items, value) => {
      for (const [index, item] of items.entries()) {
        const changed = { ...item, value };
        fc.pre(itemHash(changed) !== itemHash(item)); // the same value is no change
        expect(sameDigest(digest(items), digest(items.with(index, changed)))).toBe(false);
      }
    }),
  );
});

test('every two operations that changed places are found, unless they are the same', () => {
  fc.assert(
    fc.property(operations, (items) => {
      for (const [index, { key, value }] of items.entries()) {
        const next = items[index + 1];
        if (!next) continue;
        const isSame = itemHash({ key, value: next.value }) === itemHash({ key, value });
        const swapped = items
          .with(index, { key, value: next.value })
          .with(index + 1, { key: next.key, value });
        expect(sameDigest(digest(items), digest(swapped))).toBe(isSame);
      }
    }),
  );
});

test('a digest is kept up item by item, and survives the wire', () => {
  fc.assert(
    fc.property(operations, (items) => {
      const grown = items.map(itemHash).reduce(addItem, emptyDigest);
      const [first] = items;

      expect(grown).toEqual(digest(items));
      expect(digestFrom({ count: grown.count, sum: sumText(grown) })).toEqual(grown);
      if (first) expect(removeItem(grown, itemHash(first))).toEqual(digest(items.slice(1)));
    }),
  );
});
