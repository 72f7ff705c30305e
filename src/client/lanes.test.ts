import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openGate, openLanes } from './lanes.ts';
import { backoffMs, sleep } from './patience.ts';

test('so many tasks run at once, and whoever adds one too many waits', async () => {
  const lanes = openLanes(2, 1);
  const ends: (() => void)[] = [];
  const task = () => new Promise<void>((resolve) => ends.push(resolve));
  await lanes.add(task);
  await lanes.add(task);
  await lanes.add(task);
  let isAdded = false;
  const fourth = lanes.add(task).then(() => {
    isAdded = true;
  });

  await turnOfTheLoop(); // everything that can go on without us has
  expect({ running: ends.length, isAdded }).toEqual({ running: 2, isAdded: false });

  ends.shift()?.();
  await fourth;
  for (; ends.length > 0; await turnOfTheLoop()) ends.shift()?.();
  await lanes.idle();
});

test('the first failure reaches everybody, and nothing runs after it', async () => {
  const lanes = openLanes(1, 1);
  let ran = 0;
  await lanes.add(async () => {
    await turnOfTheLoop();
    throw new Error('broken');
  });
  await lanes.add(async () => {
    ran += 1;
  });

  await expect(lanes.idle()).rejects.toThrow('broken');
  await expect(lanes.add(async () => {})).rejects.toThrow('broken');
  expect(ran).toBe(0);
});

test('a gate lets in so many, in order, whether they succeed or not', async () => {
  const gate = openGate(1);
  const order: number[] = [];
  const enter = (number: number) =>
    gate(async () => {
      order.push(number);
      await turnOfTheLoop();
      if (number === 1) throw new Error('broken');
      return number;
    });

  const all = await Promise.allSettled([enter(1), enter(2), enter(3)]);

  expect(order).toEqual([1, 2, 3]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

test('delays double up to the cap, half of them at random', () => {
  const backoff = { firstMs: 100, lastMs: 1_000 };

  for (const [failures, most] of [
    [0, 100],
    [1, 200],
    [3, 800],
    [4, 1_000],
    [500, 1_000],
  ] as const) {
    expect(backoffMs(failures, backoff)).toBeGreaterThanOrEqual(most / 2);
    expect(backoffMs(failures, backoff)).toBeLessThanOrEqual(most);
  }
});

test('a wait ends with the reason of its signal', async () => {
  const controller = new AbortController();
  const waiting = sleep(60_000, controller.signal);
  controller.abort(new Error('enough'));

  await expect(waiting).rejects.toThrow('enough');
  await expect(sleep(1, controller.signal)).rejects.toThrow('enough');
});
