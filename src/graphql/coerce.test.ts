import fc from 'fast-check';
import { buildSchema, getOperationAST, getVariableValues, parse } from 'graphql';
import { expect, test } from 'vitest';
import { compileVariables } from './coerce.ts';

const schema = buildSchema(`
  scalar JSON
  enum Kind { SMALL LARGE }
  input Part { name: String  weight: Int!  of: Whole }
  input Whole {
    id: ID!  name: String  count: Int  share: Float  sizes: [Float!]  isOne: Boolean  kind: Kind!
    parts: [Part]  main: Part!  free: JSON  grid: [[Int!]!]
  }
  type Query { one: Int }
  type Mutation { take(whole: Whole!, wholes: [Whole!], kind: Kind, count: Int): Int }
`);
const node = getOperationAST(
  parse(`mutation ($whole: Whole!, $wholes: [Whole!], $kind: Kind, $count: Int) {
    take(whole: $whole, wholes: $wholes, kind: $kind, count: $count)
  }`),
);
if (!node) throw new Error('Expected an operation.');

/** What a client may send instead of what is asked for. */
const odd = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    'x',
    '7',
    7,
    1.5,
    -0,
    2 ** 31,
    Number.POSITIVE_INFINITY,
    true,
    'SMALL',
    [],
    [1],
    {},
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const mostly = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 150, arbitrary }, { weight: 1, arbitrary: odd });
const kind = mostly(fc.constantFrom('SMALL', 'LARGE'));
const float = mostly(fc.double({ noNaN: true, noDefaultInfinity: true }));
/** In the order of the schema or the other way round, some left out, at times with one that is unknown. */
const objectOf = (fields: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[]) =>
  fc
    .tuple(
      fc.record(fields, { requiredKeys }),
      mostly(fc.constant('')).map((unknown) => (unknown === '' ? [] : ['toString', '__proto__'])),
      fc.boolean(),
    )
    .map(([object, unknown, isReversed]) => {
      const entries = Object.entries(object);
      const ordered = isReversed ? entries.toReversed() : entries;
      return Object.fromEntries([...ordered, ...unknown.map((key) => [key, 1])]);
    });
const { whole } = fc.letrec((tie) => ({
  part: objectOf(
    {
      name: mostly(fc.string()),
      weight: mostly(fc.nat(9)),
      of: mostly(fc.option(tie('whole'), { maxDepth: 2 })),
    },
    ['weight'],
  ),
  whole: objectOf(
    {
      id: mostly(fc.oneof(fc.string(), fc.nat())),
      name: mostly(fc.string()),
      count: mostly(fc.integer()),
      share: float,
      sizes: mostly(fc.array(float, { maxLength: 3 })),
      isOne: mostly(fc.boolean()),
      kind,
      parts: mostly(fc.array(tie('part'), { maxLength: 3 })),
      main: mostly(tie('part')),
      free: fc.jsonValue({ maxDepth: 2 }),
      grid: mostly(
        fc.array(mostly(fc.array(mostly(fc.nat(9)), { maxLength: 2 })), { maxLength: 2 }),
      ),
    },
    ['id', 'kind', 'main'],
  ),
}));
const variables = fc.record(
  {
    whole: mostly(whole),
    wholes: mostly(fc.array(mostly(whole), { maxLength: 2 })),
    kind,
    count: mostly(fc.nat(9)),
  },
  { requiredKeys: ['whole'] },
);

test('what is coerced is what graphql-js makes of it, and what graphql-js refuses is never coerced', () => {
  const coerce = compileVariables(schema, node);
  let taken = 0;
  let left = 0;

  fc.assert(
    fc.property(variables, (given) => {
      const made = coerce?.(given);
      const expected = getVariableValues(schema, node.variableDefinitions ?? [], given);

      if (!made) left += 1;
      if (!made) return; // graphql-js does it
      taken += 1;
      expect(expected.errors).toBeUndefined();
      expect(plain(made.coerced)).toEqual(plain(expected.variableValues?.coerced));
    }),
    { numRuns: 600 },
  );

  expect(taken).toBeGreaterThan(100);
  expect(left).toBeGreaterThan(100);
});

test('what clients usually send is not left to graphql-js, whatever the order of its keys', () => {
  const coerce = compileVariables(schema, node);
  const main = { weight: 1, of: { main: { weight: 2 }, kind: 'LARGE', id: 'b' } };

  const made = coerce?.({ whole: { free: { b: 1, a: [null] }, main, kind: 'SMALL', id: 'a' } });

  expect(Object.keys(made?.coerced.whole ?? {})).toEqual(['id', 'kind', 'main', 'free']);
  expect(made?.coerced).toMatchObject({ whole: { id: 'a', main, free: { b: 1, a: [null] } } });
});

/** graphql-js gives objects without a prototype. The keys keep their order, `-0` and `undefined` show. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null)
    return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return value.map(plain);
  return Object.entries(value).map(([key, item]) => [key, plain(item)]);
}
