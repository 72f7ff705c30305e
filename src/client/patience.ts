import { setTimeout as delay } from 'node:timers/promises';

/** Waits; rejects with the signal's reason when it is aborted first. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Delays double from the first to the last. */
export type Backoff = { firstMs: number; lastMs: number };

/** The real clock's. Keeps the process alive. */
export const sleep: Sleep = async (ms, signal) => {
  signal?.throwIfAborted();
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
};

/**
 * Milliseconds before the next try: doubled with each failure up to the cap, of which a random half
 * is taken off, so that clients which failed together do not come back together.
 *
 * @param failures so far, from 0
 */
export function backoffMs(failures: number, { firstMs, lastMs }: Backoff): number {
  return Math.min(lastMs, firstMs * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2);
}

/** One problem that only asks for patience. */
type Later = { retryAfterSeconds: number; message: string };

/**
 * Asks until the answer is not "later" any more. The server's own delay is kept, with up to a quarter
 * more at random.
 *
 * @param onWait hears why, and for how long
 */
export async function untilTaken<T extends object>(
  ask: () => Promise<T>,
  {
    signal,
    wait = sleep,
    onWait,
  }: { signal?: AbortSignal; wait?: Sleep; onWait?: (message: string, ms: number) => void },
): Promise<Exclude<T, Later>> {
  for (;;) {
    const answer = await ask();
    if (!isLater(answer)) return answer as Exclude<T, Later>;
    const ms = answer.retryAfterSeconds * 1000 * (1 + Math.random() / 4);
    onWait?.(answer.message, ms);
    await wait(ms, signal);
  }
}

function isLater(answer: object): answer is Later {
  return 'retryAfterSeconds' in answer;
}
