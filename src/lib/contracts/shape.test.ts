import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addShapes, type Shape, shapeOf } from '../../reporter/shapes.ts';
import { driftBetween } from './shape.ts';

const user = { id: 'a', name: 'Ada', age: 36, tags: ['x', 'y'] };
const many = (value: unknown, samples: number) => {
  let shape: Shape = {};
  for (let index = 0; index < samples; index += 1) shape = addShapes(shape, shapeOf(value));
  return { shape, samples };
};

test('a shape has types by place, and no value', () => {
  expect(shapeOf({ user, 'ada@example.org': null })).toEqual({
    '': { object: 1 },
    '/user': { object: 1 },
    '/user/id': { string: 1 },
    '/user/name': { string: 1 },
    '/user/age': { integer: 1 },
    '/user/tags': { array: 1 },
    '/user/tags/*': { string: 2 },
    '/*': { null: 1 },
  });
});

test.for<[string, unknown, { pointer: string; kind: string; type: string }]>([
  [
    'a field that is gone',
    { user: { ...user, name: undefined } },
    { pointer: '/user/name', kind: 'FIELD_GONE', type: 'absent' },
  ],
  [
    'a type that is new',
    { user: { ...user, id: 7 } },
    { pointer: '/user/id', kind: 'TYPE_WIDENED', type: 'integer' },
  ],
  [
    'null that was never there',
    { user: { ...user, name: null } },
    { pointer: '/user/name', kind: 'NULLS_APPEARED', type: 'null' },
  ],
  [
    'an item of a new type',
    { user: { ...user, tags: [1] } },
    { pointer: '/user/tags/*', kind: 'TYPE_WIDENED', type: 'integer' },
  ],
])('%s is drift after 3 samples, not after 2, and not without 20 before', ([, changed, drift]) => {
  const now = JSON.parse(JSON.stringify(changed));

  expect(driftBetween(many({ user }, 20), many(now, 3))).toEqual([
    expect.objectContaining({ ...drift, seen: 3 }),
  ]);
  expect(driftBetween(many({ user }, 20), many(now, 2))).toEqual([]);
  expect(driftBetween(many({ user }, 19), many(now, 3))).toEqual([]);
});

test('a field that was not always there, and an object that is null, are no drift of their fields', () => {
  const before = addShapes(
    many({ user }, 20).shape,
    shapeOf({ user: { ...user, age: undefined } }),
  );
  const after = many(JSON.parse(JSON.stringify({ user: { ...user, age: undefined } })), 5);

  expect(driftBetween({ shape: before, samples: 21 }, after)).toEqual([]);
  expect(
    driftBetween(many({ user }, 20), many({ user: null }, 5)).map(({ pointer }) => pointer),
  ).toEqual(['/user']);
});

test('the same answers never drift', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 20, maxLength: 20 }), (values) => {
      const shape = values.reduce<Shape>((sum, value) => addShapes(sum, shapeOf(value)), {});
      return driftBetween({ shape, samples: 20 }, { shape, samples: 20 }).length === 0;
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('a refusal is no answer whose fields are gone', () => {
  const answer = { startSession: { __typename: 'Session', id: 'a', state: 'OPEN' } };
  const refusal = { startSession: { __typename: 'InvalidInput', message: 'Expected …' } };
  const less = { startSession: { __typename: 'Session', id: 'a' } };

  expect(driftBetween(many(answer, 20), many(refusal, 5))).toEqual([]);
  expect(driftBetween(many(answer, 20), many(less, 3))).toMatchObject([
    { pointer: '/startSession:Session/state', kind: 'FIELD_GONE' },
  ]);
});
