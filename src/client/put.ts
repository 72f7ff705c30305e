import type { Connection } from './connection.ts';
import { NoAnswerError } from './errors.ts';
import { backoffMs } from './patience.ts';

/** `stale`: the address is not good any more, ask for another one. */
export type PutOutcome = {
  state: 'taken' | 'stale' | 'refused';
  /** Why, for `refused`. */
  message: string;
  /** Over all tries. */
  sentBytes: number;
};

const tryTimeoutMs = 60_000;
/** These pass; everything else that is no success is final. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const stale = new Set([403, 404, 410]);

/**
 * Puts bytes to a slot, again and again while the network or the server is at fault.
 *
 * @throws {NoAnswerError} the patience is over
 */
export async function putBytes(
  connection: Pick<Connection, 'url' | 'patienceMs' | 'backoff' | 'wait'>,
  slot: { url: string },
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<PutOutcome> {
  const url = connection.url + slot.url;
  const giveUpAt = performance.now() + connection.patienceMs;
  let sentBytes = 0;
  for (let failures = 0; ; failures += 1) {
    let problem: string;
    let delayMs = backoffMs(failures, connection.backoff);
    try {
      sentBytes += bytes.length;
      const response = await fetch(url, {
        method: 'PUT',
        body: bytes as Uint8Array<ArrayBuffer>,
        headers: { 'content-type': 'application/octet-stream' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(tryTimeoutMs)]),
      });
      const said = await response.text();
      if (response.ok) return { state: 'taken', message: '', sentBytes };
      problem = `${response.status} ${said.slice(0, 300)}`.trim();
      if (stale.has(response.status)) return { state: 'stale', message: problem, sentBytes };
      if (!passing.has(response.status)) return { state: 'refused', message: problem, sentBytes };
      const retryAfter = Number(response.headers.get('retry-after'));
      if (retryAfter > 0) delayMs = retryAfter * 1000;
    } catch (error) {
      signal.throwIfAborted();
      const { message, cause } = error as Error;
      problem = cause instanceof Error ? cause.message : message;
    }
    if (performance.now() + delayMs > giveUpAt)
      throw new NoAnswerError(
        `Expected ${connection.url} to take ${bytes.length} bytes, it did not in ${Math.round(connection.patienceMs / 1000)} s (${problem}).`,
      );
    await connection.wait(delayMs, signal);
  }
}
