import { expect, test } from 'vitest';
import { exceptionsOf } from './errors.ts';
import { framesOf } from './stack.ts';

const page = 'https://shop.example/assets/app.4f2a.js';

test('a stack of V8 is read: names, methods, awaited and nameless calls, evals', () => {
  const stack = [
    'TypeError: no price',
    `    at priceOf (${page}:12:34)`,
    `    at async Cart.total [as sum] (${page}:56:7)`,
    `    at new Basket (${page}:8:1)`,
    `    at ${page}:90:2`,
    `    at eval (eval at run (${page}:3:4), <anonymous>:1:5)`,
    '    at Array.map (<anonymous>)',
    '    at file:///srv/shop/src/main.ts:7:9',
  ].join('\n');

  expect(framesOf(stack).reverse()).toEqual([
    { function: 'priceOf', file: page, line: 12, column: 34 },
    { function: 'Cart.total [as sum]', file: page, line: 56, column: 7 },
    { function: 'new Basket', file: page, line: 8, column: 1 },
    { file: page, line: 90, column: 2 },
    { function: 'eval', file: page, line: 1, column: 5 },
    { function: 'Array.map', file: '<anonymous>' },
    { file: 'file:///srv/shop/src/main.ts', line: 7, column: 9 },
  ]);
});

test('a stack of Firefox is read', () => {
  const stack = [
    `priceOf@${page}:12:34`,
    `async*total@${page}:56:7`,
    `@${page}:90:2`,
    `run/<@${page} line 3 > eval:1:5`,
    '',
  ].join('\n');

  expect(framesOf(stack).reverse()).toEqual([
    { function: 'priceOf', file: page, line: 12, column: 34 },
    { function: 'async*total', file: page, line: 56, column: 7 },
    { file: page, line: 90, column: 2 },
    { function: 'run/<', file: page, line: 1, column: 5 },
  ]);
});

test('a stack of Safari is read', () => {
  const stack = [
    `priceOf@${page}:12:34`,
    'map@[native code]',
    `global code@${page}:90:2`,
    `${page}:91:3`,
  ].join('\n');

  expect(framesOf(stack).reverse()).toEqual([
    { function: 'priceOf', file: page, line: 12, column: 34 },
    { function: 'map', file: '[native code]' },
    { function: 'global code', file: page, line: 90, column: 2 },
    { file: page, line: 91, column: 3 },
  ]);
});

test('lines of a message that look like calls are not calls', () => {
  const error = new Error('first\n    at nowhere (https://other.example/x.js:1:1)');

  const [exception] = exceptionsOf(error);

  expect(exception?.frames.at(-1)).toMatchObject({
    file: expect.stringMatching(/stack\.test\.ts/),
  });
  expect(exception?.frames.map((frame) => frame.file)).not.toContain('https://other.example/x.js');
});

test('causes follow, an aggregate gives each of its errors, and a circle ends', () => {
  const root = new RangeError('root');
  const middle = new AggregateError([root, 'a text'], 'middle');
  const top = new Error('top', { cause: middle });
  Object.assign(root, { cause: top });

  const told = exceptionsOf(top).map(({ type, message }) => `${type}: ${message}`);

  expect(told).toEqual([
    'Error: top',
    'AggregateError: middle',
    'RangeError: root',
    'string: a text',
  ]);
});

test('of a long stack the innermost calls are kept', () => {
  const lines = Array.from({ length: 300 }, (_, depth) => `    at call${depth} (${page}:1:1)`);

  const frames = framesOf(['Error: deep', ...lines].join('\n'));

  expect(frames).toHaveLength(100);
  expect(frames.at(-1)?.function).toBe('call0');
});
