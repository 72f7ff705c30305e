import { expect, test } from 'vitest';
import { childOf, currentTrace, traceparentOf, withTrace } from './trace.ts';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a span continues the trace that it is given, under an id of its own', () => {
  const trace = childOf(parent);

  expect(trace.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(trace.spanId).not.toBe('b7ad6b7169203331');
  expect(childOf(traceparentOf(trace)).traceId).toBe(trace.traceId);
});

test('a new trace begins where none is given, or one that is malformed', () => {
  const malformed = [
    null,
    undefined,
    '',
    'x',
    parent.toUpperCase(),
    `${parent}-more`,
    parent.replace('00-', 'ff-'),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  ];

  const ids = malformed.map((traceparent) => childOf(traceparent).traceId);

  expect(new Set(ids).size).toBe(malformed.length);
  for (const id of ids) expect(id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
});

test('work knows its trace through every await, and works beside each other keep their own', async () => {
  const seen = async () => {
    await Promise.resolve();
    const before = currentTrace();
    await new Promise((resolve) => setImmediate(resolve));
    return [before?.traceId, currentTrace()?.traceId];
  };

  const [one, two] = await Promise.all([withTrace(parent, seen), withTrace(null, seen)]);

  expect(one).toEqual([childOf(parent).traceId, childOf(parent).traceId]);
  expect(two?.[0]).toBe(two?.[1]);
  expect(two?.[0]).not.toBe(one?.[0]);
  expect(currentTrace()).toBeUndefined();
});
