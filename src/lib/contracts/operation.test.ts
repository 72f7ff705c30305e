import { Ajv2020 } from 'ajv/dist/2020.js';
import { buildSchema, graphql, Kind, type OperationDefinitionNode, parse } from 'graphql';
import { expect, test } from 'vitest';
import { coordinatesOf } from './coordinates.ts';
import { dataSchemaOf } from './operation-data.ts';
import { variablesSchemaOf } from './operation-variables.ts';
import { schemaOfParameters } from './parameters.ts';

const schema = buildSchema(`
  scalar DateTime
  enum Role { ADMIN GUEST }
  interface Node { id: ID! }
  type User implements Node { id: ID! name: String role: Role! friends: [User!]! joinedAt: DateTime! score: Float age: Int }
  type Robot implements Node { id: ID! model: String! }
  type Query { node(id: ID!): Node user(where: UserFilter!, first: Int = 5): User! }
  input UserFilter { name: String, role: Role, tags: [String!], not: UserFilter, minAge: Int! = 0 }
`);
const document = parse(`
  query Find($where: UserFilter!, $id: ID!, $first: Int) {
    user(where: $where, first: $first) { ...Who friends { name } age @include(if: true) }
    node(id: $id) { __typename id ... on Robot { model } ... on User { role } }
  }
  fragment Who on User { id name score joinedAt }
`);
const operation = document.definitions.find(
  (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
);
if (!operation) throw new Error('Expected an operation.');
const ajv = new Ajv2020({ strict: false, allErrors: true });
const data = ajv.compile(dataSchemaOf(schema, document, operation));
const variables = ajv.compile(variablesSchemaOf(schema, operation));

const answer = () => ({
  user: {
    id: '1',
    name: 'Ada' as string | null,
    score: 1.5,
    joinedAt: '2026-01-01T00:00:00Z',
    friends: [{ name: 'Ben' }, { name: null }],
    age: 36,
  },
  node: { __typename: 'Robot', id: '7', model: 'R2' } as Record<string, unknown> | null,
});

test('an answer of the server fits what is derived from the operation', async () => {
  const rootValue = {
    user: { ...answer().user, role: 'ADMIN', joinedAt: '2026-01-01T00:00:00Z' },
    node: { __typename: 'Robot', id: '7', model: 'R2' },
  };
  const result = await graphql({
    schema,
    source: document.definitions.length > 0 ? queryText() : '',
    rootValue,
    variableValues: { where: { name: 'Ada' }, id: '7' },
  });

  expect(result.errors).toBeUndefined();
  expect(data(JSON.parse(JSON.stringify(result.data))), JSON.stringify(data.errors)).toBe(true);
});

test.for<[string, (value: ReturnType<typeof answer>) => unknown, string, string]>([
  [
    'a field that is missing',
    ({ user: { id: _, ...user }, node }) => ({ user, node }),
    '/user',
    'required',
  ],
  ['null where it may not be', ({ node }) => ({ user: null, node }), '/user', 'type'],
  [
    'another type',
    (value) => ({ ...value, user: { ...value.user, score: '1' } }),
    '/user/score',
    'type',
  ],
  [
    'a fraction for a whole number',
    (value) => ({ ...value, user: { ...value.user, age: 1.5 } }),
    '/user/age',
    'type',
  ],
  [
    'an item of another type',
    (value) => ({ ...value, user: { ...value.user, friends: [1] } }),
    '/user/friends/0',
    'type',
  ],
  [
    'a type of the union without its field',
    (value) => ({ ...value, node: { __typename: 'Robot', id: '7' } }),
    '/node',
    'anyOf',
  ],
  [
    'a type that is none of the union',
    (value) => ({ ...value, node: { __typename: 'Dog', id: '7' } }),
    '/node',
    'anyOf',
  ],
])('%s does not fit', ([, change, pointer, keyword]) => {
  expect(data(change(answer()))).toBe(false);

  const found = data.errors?.map(({ instancePath, keyword: word }) => [instancePath, word]);
  expect(found).toContainEqual([pointer, keyword]);
});

test('null where it may be, a field behind @include, and a new word of an enum all fit', () => {
  const { age: _, ...user } = answer().user;

  expect(data({ user: { ...user, name: null }, node: null })).toBe(true);
  expect(data({ ...answer(), node: { __typename: 'User', id: '7', role: 'ROBOT_KING' } })).toBe(
    true,
  );
});

test.for<[string, Record<string, unknown>, boolean]>([
  ['all that is required', { where: {}, id: '7' }, true],
  ['a number for an ID', { where: {}, id: 7 }, true],
  ['one item for a list', { where: { tags: 'a' }, id: '7' }, true],
  ['an input in an input', { where: { not: { not: { role: 'GUEST' } } }, id: '7' }, true],
  ['nothing that is required', { id: '7' }, false],
  ['a field that the input does not have', { where: { nmae: 'Ada' }, id: '7' }, false],
  ['a word that the enum does not have', { where: { role: 'KING' }, id: '7' }, false],
  ['null where it may not be', { where: { minAge: null }, id: '7' }, false],
])('variables: %s', ([, value, fits]) => {
  expect(variables(value)).toBe(fits);
});

test('coordinates name fields, arguments, types, and all that an input may bring', () => {
  expect(coordinatesOf(schema, document)).toEqual(
    expect.arrayContaining([
      'Query.user',
      'Query.user(first:)',
      'User.name',
      'UserFilter.role',
      'Robot.model',
      'Role',
    ]),
  );
  expect(coordinatesOf(schema, document)).not.toContain('User.role(first:)');
});

test('a plain list of parameters is a schema, too', () => {
  const fits = ajv.compile(
    schemaOfParameters([
      { name: 'page', type: 'integer', isRequired: true },
      { name: 'order', type: 'string', isRequired: false, values: ['asc', 'desc'] },
    ]),
  );

  expect(fits({ page: 1, more: true })).toBe(true);
  expect(fits({ page: '1' })).toBe(false);
  expect(fits({ page: 1, order: 'up' })).toBe(false);
});

function queryText(): string {
  return `query Find($where: UserFilter!, $id: ID!, $first: Int) {
    user(where: $where, first: $first) { ...Who friends { name } age @include(if: true) }
    node(id: $id) { __typename id ... on Robot { model } ... on User { role } }
  }
  fragment Who on User { id name score joinedAt }`;
}
