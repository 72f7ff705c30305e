import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { openSync } from './sync.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue of changes, and what is told of it. */
function openQueue() {
  const told: unknown[] = [];
  const sync = openSync((_message, { sync }) => told.push(sync));
  onTestFinished(() => sync.stop());
  return { sync, told };
}

const minutes = (count: number) => vi.advanceTimersByTime(count * 60_000);

test('a queue whose head stays the same for five minutes is told of once, until it moves', () => {
  const { sync, told } = openQueue();
  sync.state({ pendingOperations: 3, head: 'a' });
  minutes(4);
  sync.state({ pendingOperations: 4, head: 'a' }); // more behind it is no movement
  expect(told).toEqual([]);

  minutes(2);

  expect(told).toEqual([{ type: 'stall', pendingOperations: 4, lastSyncedAt: undefined }]);
  minutes(60);
  expect(told).toHaveLength(1);
  sync.state({ pendingOperations: 3, head: 'b' });
  minutes(4);
  expect(told).toHaveLength(1);
  minutes(2);
  expect(told).toHaveLength(2);
});

test('an empty queue stands not still, and what comes into it begins then', () => {
  const { sync, told } = openQueue();
  minutes(60);
  sync.state({ pendingOperations: 1 });
  minutes(4);
  sync.state({ pendingOperations: 0 });
  minutes(60);
  sync.state({ pendingOperations: 1 });
  minutes(4);
  expect(told).toEqual([]);

  minutes(2);

  expect(told).toHaveLength(1);
});

test('time without a network is no stall', () => {
  const { sync, told } = openQueue();
  const navigator = { onLine: false };
  vi.stubGlobal('navigator', navigator);
  onTestFinished(() => void vi.unstubAllGlobals());
  sync.state({ pendingOperations: 1, head: 'a' });
  minutes(60);

  navigator.onLine = true;
  minutes(4);

  expect(told).toEqual([]);
  minutes(2);
  expect(told).toHaveLength(1);
});

test('who never told of a queue has no state, and whose state is known has it with every report', () => {
  const { sync } = openQueue();
  expect(sync.details()).toBeUndefined();

  sync.state({ pendingOperations: 0, lastSyncedAt: new Date(0) });

  expect(sync.details()).toEqual({
    pendingOperations: 0,
    lastSyncedAt: '1970-01-01T00:00:00.000Z',
  });
});
