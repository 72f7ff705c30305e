import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { openDocuments } from './documents.ts';
import { documentLimits, networkOf, refuseShape } from './limits.ts';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0000:0000:ffff::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('fragments in fragments are measured once each, and a cycle ends', () => {
  const names = Array.from({ length: 13 }, (_, i) => `F${i}`);
  const doubling = names.map((name, i) => {
    const next = names[i + 1];
    return `fragment ${name} on Q { q { ${next ? `...${next} ...${next}` : 'a'} } }`;
  });

  expect(refuseShape(parse(`{ ...F0 } ${doubling.join(' ')}`))).toBeNull();
  expect(refuseShape(parse('{ ...A } fragment A on Q { q { ...A } }'))).toBeNull();
});

test('the worst document within the limits is refused or taken in well under a second', () => {
  const schema = buildSchema('type Query { a: Int, q: Query }');
  const documents = openDocuments(schema, { hideSuggestions: true });
  const begunAt = performance.now();

  documents.find(
    `{ ${'q { '.repeat(5)} ${'a '.repeat(documentLimits.fields - 5)} ${'} '.repeat(5)} }`,
    null,
  );

  expect(performance.now() - begunAt).toBeLessThan(1_000);
});
