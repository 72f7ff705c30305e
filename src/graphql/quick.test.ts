import fc from 'fast-check';
import { buildSchema, execute, getOperationAST, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import type { Context } from './context.ts';
import { compileQuickRun } from './quick.ts';

const schema = buildSchema(`
  type Query { one: Int }
  type Mutation { thing: Thing  sure: Thing!  either: Either  named: Named!  things: [Thing!]  late(by: Int!, tag: String = "none"): Thing }
  interface Named { name: String! }
  type Thing implements Named { name: String!  count: Int  sizes: [Float!]!  kind: Kind  parts: [Part]  main: Part!  self: Thing }
  type Part { name: String  weight: Int! }
  type Refusal implements Named { name: String!  code: Int! }
  union Either = Thing | Refusal
  enum Kind { SMALL LARGE }
`);
let given: () => unknown = () => null;
for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}))
  field.resolve = async (_root, args) => {
    const value = given();
    return value && Object.keys(args).length > 0 ? { ...value, name: JSON.stringify(args) } : value;
  };
for (const name of ['Either', 'Named'])
  Object.assign(schema.getType(name) ?? {}, {
    resolveType: (value: { is?: unknown }) => value.is,
  });

const odd = fc.constantFrom(
  null,
  undefined,
  'x',
  1.5,
  new Error('odd'),
  Promise.resolve('late'),
  () => 'made',
);
const mostly = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary }, { weight: 1, arbitrary: odd });
const { value } = fc.letrec((tie) => ({
  part: fc.record({ name: mostly(fc.string()), weight: mostly(fc.nat(9)) }),
  value: fc.record({
    is: mostly(fc.constantFrom('Thing', 'Refusal')),
    name: mostly(fc.string()),
    count: mostly(fc.nat(9)),
    code: mostly(fc.nat(9)),
    sizes: mostly(fc.array(mostly(fc.nat(9)), { maxLength: 3 })),
    kind: mostly(fc.constantFrom('SMALL', 'LARGE')),
    parts: mostly(fc.array(mostly(tie('part')), { maxLength: 3 })),
    main: mostly(tie('part')),
    self: mostly(fc.option(tie('value'), { maxDepth: 2 })),
  }),
}));

const aliased = (field: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('', '', 'a', 'b'), field)
    .map(([prefix, text]) => (prefix ? `${prefix}_${/^\w+/.exec(text)?.[0]}: ${text}` : text));
const setOf = (...choices: fc.Arbitrary<string>[]) =>
  fc
    .array(fc.oneof(...choices), { minLength: 1, maxLength: 5 })
    .map((list) => `{ ${list.join(' ')} }`);
const { thing, refusal } = fc.letrec<Record<'part' | 'thing' | 'refusal', string>>((tie) => ({
  part: setOf(aliased(fc.constantFrom('name', 'weight', '__typename'))),
  refusal: setOf(aliased(fc.constantFrom('name', 'code', '__typename'))),
  thing: setOf(
    aliased(fc.constantFrom('name', 'count', 'sizes', 'kind', '__typename')),
    aliased(
      fc.oneof(
        tie('part').map((set) => `parts ${set}`),
        tie('part').map((set) => `main ${set}`),
      ),
    ),
    fc.oneof(
      { maxDepth: 2 },
      fc.constant('...OfThing'),
      tie('thing').map((set) => `self ${set}`),
    ),
    fc.oneof(
      { maxDepth: 2 },
      fc.constant('... on Named { n: name }'),
      tie('thing').map((set) => `... on Thing ${set}`),
    ),
  ),
}));
const abstract = fc
  .tuple(thing, refusal)
  .map(
    ([ofThing, ofRefusal]) =>
      `{ __typename ... on Named { n: name } ... on Thing ${ofThing} ... on Refusal ${ofRefusal} }`,
  );
const operation = fc.oneof(
  thing.map((set) => `thing ${set}`),
  thing.map((set) => `renamed: sure ${set}`),
  thing.map((set) => `things ${set}`),
  thing.map((set) => `late(by: $by) ${set}`),
  abstract.map((set) => `either ${set}`),
  abstract.map((set) => `named ${set}`),
  thing.map((set) => `thing ${set} sure ${set}`),
  thing.map((set) => `thing @skip(if: false) ${set}`),
);
const outcome = fc.oneof(
  { weight: 8, arbitrary: value.map((made) => () => made) },
  { weight: 2, arbitrary: fc.array(mostly(value), { maxLength: 3 }).map((made) => () => made) },
  { weight: 1, arbitrary: fc.constant(() => null) },
  {
    weight: 1,
    arbitrary: fc.constant(() => {
      throw new Error('refused');
    }),
  },
);

test('an answer is the one that graphql-js gives, whatever is asked for and whatever the resolver gives', async () => {
  await fc.assert(
    fc.asyncProperty(operation, outcome, async (asked, made) => {
      const needsVariable = asked.includes('$by');
      const text = `mutation M${needsVariable ? '($by: Int!)' : ''} { ${asked} } ${asked.includes('...OfThing') ? 'fragment OfThing on Thing { c: count main { w: weight } }' : ''}`;
      const document = parse(text);
      fc.pre(validate(schema, document).length === 0);
      const variableValues = needsVariable ? { by: 3 } : {};
      const node = getOperationAST(document, null);
      const run = node && compileQuickRun(schema, document, node);
      given = made;

      const expected = await execute({ schema, document, variableValues });
      const quick = await run?.(variableValues, {} as Context);

      expect(JSON.parse(JSON.stringify(quick))).toEqual(JSON.parse(JSON.stringify(expected)));
      expect(JSON.stringify(quick?.data)).toBe(JSON.stringify(expected.data)); // its order, too
    }),
    { numRuns: 500 },
  );
});

test('a mutation runs once, also when its answer has to be made by graphql-js', async () => {
  const document = parse('mutation { sure { name main { weight } } }');
  const node = getOperationAST(document, null);
  let calls = 0;
  given = () => {
    calls += 1;
    return { name: 'a', main: null };
  };

  const result = await (node && compileQuickRun(schema, document, node)?.({}, {} as Context));

  expect(result).toMatchObject({ data: null, errors: [{ path: ['sure', 'main'] }] });
  expect(calls).toBe(1);
});
