import { expect, test } from 'vitest';
import { atOnce } from './at-once.ts';

async function* numbers(count: number, seen: number[] = []) {
  for (let number = 1; number <= count; number += 1) {
    seen.push(number);
    yield number;
  }
}

test('no more items are worked on at once than allowed, and all of them once', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];

  await atOnce(numbers(20), 3, async (number) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    done.push(number);
  });

  expect(most).toBe(3);
  expect(done.sort((a, b) => a - b)).toEqual([...Array(20).keys()].map((at) => at + 1));
});

test('a failure stops the pulling, waits for what is under way, and is thrown', async () => {
  const pulled: number[] = [];
  const done: number[] = [];

  const failing = atOnce(numbers(20, pulled), 2, async (number) => {
    if (number === 2) throw new Error('two');
    await new Promise(setImmediate);
    done.push(number);
  });

  await expect(failing).rejects.toThrow('two');
  expect(pulled.length).toBeLessThan(6);
  expect(done).toContain(1);
});
