import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(4_096);
let used = pool.length;

/**
 * A few random bytes, good for keys and nonces, valid until the next draw: copy what is kept. Drawn
 * many at a time, because the call costs more than the bytes: 2 µs.
 */
export function drawBytes(count: number): Buffer {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
