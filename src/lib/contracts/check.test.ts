import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deviationsOf, deviationsOfResult } from './check.ts';
import type { JsonSchema } from './json-schema.ts';

const user: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    age: { type: ['integer', 'null'], minimum: 0 },
    friends: { type: 'array', items: { $ref: '#/$defs/Friend' } },
    pet: {
      anyOf: [
        {
          type: 'object',
          properties: { __typename: { const: 'Dog' }, bark: { type: 'string' } },
          required: ['__typename', 'bark'],
        },
        {
          type: 'object',
          properties: { __typename: { const: 'Cat' }, lives: { type: 'number' } },
          required: ['__typename', 'lives'],
        },
        { type: 'null' },
      ],
    },
  },
  required: ['id', 'friends'],
  $defs: {
    Friend: {
      type: 'object',
      properties: { role: { enum: ['A', 'B'] } },
      additionalProperties: false,
    },
  },
};

test.for<[string, unknown, [string, string][]]>([
  ['all that fits', { id: '1', age: null, friends: [{ role: 'A' }], pet: null }, []],
  ['a missing field', { friends: [] }, [['/id', 'required']]],
  ['another type', { id: 1, friends: [] }, [['/id', 'type']]],
  ['a word that is none', { id: '1', friends: [{ role: 'C' }] }, [['/friends/*/role', 'enum']]],
  [
    'a field that is not known',
    { id: '1', friends: [{ 'ada@example.org': 1 }] },
    [['/friends/*', 'additionalProperties']],
  ],
  ['a number out of range', { id: '1', friends: [], age: -1 }, [['/age', 'minimum']]],
  [
    'the alternative that is named, not the others',
    { id: '1', friends: [], pet: { __typename: 'Cat' } },
    [['/pet/lives', 'required']],
  ],
  [
    'none of the alternatives',
    { id: '1', friends: [], pet: { __typename: 'Fox' } },
    [['/pet', 'anyOf']],
  ],
  ['nothing like any alternative', { id: '1', friends: [], pet: 7 }, [['/pet', 'anyOf']]],
])('%s', ([, value, expected]) => {
  expect(deviationsOf(user, value).map(({ pointer, keyword }) => [pointer, keyword])).toEqual(
    expected,
  );
});

test('a null that an error explains is legal, another one is not', () => {
  const data = { user: null, node: null };
  const schema: JsonSchema = {
    type: 'object',
    properties: { user: { type: 'object' }, node: { type: 'object' } },
    required: ['user', 'node'],
  };

  const found = deviationsOfResult(schema, { data, errors: [{ path: ['user', 'friends', 0] }] });

  expect(found.map(({ pointer }) => pointer)).toEqual(['/node']);
  expect(deviationsOfResult(schema, { data: null, errors: [{ path: ['user'] }] })).toEqual([]);
});

test('no value is in what is told', () => {
  const secret = 'ada@example.org';

  const told = JSON.stringify(
    deviationsOf(user, {
      id: { [secret]: secret },
      friends: [{ role: secret, [secret]: 1 }],
      pet: secret,
      age: secret,
    }),
  );

  expect(told).not.toContain(secret);
});

test('it says yes and no as Ajv does, whatever the schema and the value', () => {
  const leaf = fc.constantFrom<JsonSchema>(
    { type: 'string' },
    { type: 'integer', maximum: 5 },
    { type: ['number', 'null'] },
    { type: 'boolean' },
    { enum: ['a', null, 1] },
    { const: 'a' },
    {},
  );
  const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.record({ type: fc.constant('array' as const), items: tie('schema') }),
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.record({
        type: fc.constant('object' as const),
        properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema'), {
          noNullPrototype: true,
        }),
        required: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
        additionalProperties: fc.boolean(),
      }),
    ),
  }));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', 'b', 1, 7, 1.5, null, true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value'), { noNullPrototype: true }),
    ),
  }));
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  let bad = 0;
  fc.assert(
    fc.property(schema, value, (rule, given) => {
      const fits = ajv.validate(rule, given);
      if (!fits) bad += 1;
      return (deviationsOf(rule, given).length === 0) === fits;
    }),
    { seed: 11, numRuns: 400 },
  );
  expect(bad).toBeGreaterThan(50);
});
