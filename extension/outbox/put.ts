import type { Delivery } from './delivery.ts';
import { wordsOf } from './errors.ts';
import { backoffMs, sleep } from './patience.ts';

/** `stale`: the address is not good any more, ask for another one. */
export type PutOutcome = 'taken' | 'stale' | 'refused';

const tryTimeoutMs = 60_000;
const tries = 4;
const backoff = { firstMs: 500, lastMs: 8_000 };
/** These pass; everything else that is no success is final. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const stale = new Set([403, 404, 410]);

/**
 * Puts bytes to a slot, a few times while the network or the server is at fault.
 *
 * @throws {Error} it was in vain so far
 */
export async function putBytes(
  { connection, signal, onWait }: Delivery,
  slot: string,
  bytes: ArrayBuffer,
): Promise<PutOutcome> {
  const url = /^https?:/.test(slot) ? slot : connection.url + slot;
  for (let failures = 0; ; failures += 1) {
    let problem: string;
    let delayMs = backoffMs(failures, backoff);
    try {
      const response = await fetch(url, {
        method: 'PUT',
        body: bytes,
        headers: { 'content-type': 'application/octet-stream' },
        credentials: 'omit',
        signal: AbortSignal.any([signal, AbortSignal.timeout(tryTimeoutMs)]),
      });
      await response.body?.cancel();
      if (response.ok) return 'taken';
      if (stale.has(response.status)) return 'stale';
      if (!passing.has(response.status)) return 'refused';
      problem = `The server did not take an upload (${response.status}).`;
      const retryAfter = Number(response.headers.get('retry-after'));
      if (retryAfter > 0) delayMs = Math.min(retryAfter, 60) * 1000;
    } catch (error) {
      signal.throwIfAborted();
      problem = `An upload did not arrive (${wordsOf(error)}).`;
    }
    if (failures + 1 >= tries) throw new Error(problem);
    onWait(problem);
    await sleep(delayMs, signal);
  }
}
