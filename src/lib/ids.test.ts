import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { newId } from './ids.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('ids are UUIDs of version 7 that hold the time of their making', () => {
  const before = Date.now();
  const id = newId();

  expect(z.uuidv7().safeParse(id).success).toBe(true);
  const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now() + 1);
});

test('ids are unique and sort by the order of their making, also within a millisecond', () => {
  const ids = Array.from({ length: 50_000 }, newId);

  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(ids.toSorted());
});

test('ids go on rising when the clock goes back', () => {
  vi.useFakeTimers({ now: Date.now() + 60_000 });
  const first = newId();
  vi.setSystemTime(Date.now() - 3_600_000);

  const later = Array.from({ length: 100 }, newId);

  expect([first, ...later]).toEqual([first, ...later].toSorted());
});
