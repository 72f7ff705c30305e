/** Delays double from the first to the last. */
export type Backoff = { firstMs: number; lastMs: number };

/** Rejects with the signal's reason when it is aborted first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}

/**
 * Milliseconds before the next try: doubled with each failure up to the cap, of which a random half
 * is taken off, so that clients which failed together do not come back together.
 *
 * @param failures so far, from 0
 */
export function backoffMs(failures: number, { firstMs, lastMs }: Backoff): number {
  return Math.min(lastMs, firstMs * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2);
}

/** An answer that only asks for patience. */
type Later = { retryAfterSeconds: number; message: string };

/** Asks until the answer is not "later" any more. */
export async function untilTaken<T extends object>(
  ask: () => Promise<T>,
  { signal, onWait }: { signal: AbortSignal; onWait: (message: string) => void },
): Promise<Exclude<T, Later>> {
  for (;;) {
    const answer = await ask();
    if (!isLater(answer)) return answer as Exclude<T, Later>;
    onWait(answer.message);
    await sleep(laterMs(answer.retryAfterSeconds), signal);
  }
}

/** The server's own delay, and up to a quarter more at random. */
export function laterMs(retryAfterSeconds: number): number {
  return retryAfterSeconds * 1000 * (1 + Math.random() / 4);
}

function isLater(answer: object): answer is Later {
  return 'retryAfterSeconds' in answer;
}

/** Runs tasks a few at a time; the first failure stops the rest. */
export async function inLanes<T>(
  width: number,
  items: AsyncIterable<T> | Iterable<T>,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const source =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let isOver = false;
  const lane = async () => {
    while (!isOver) {
      const { done, value } = await source.next();
      if (done) return;
      try {
        await run(value);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: width }, lane));
  const failed = lanes.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
