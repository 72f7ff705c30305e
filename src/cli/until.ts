import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again, a few times a second, until there is an answer. */
export async function until<T>(signal: AbortSignal, ask: () => Promise<T | null>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask();
    if (answer !== null) return answer;
    await sleep(300, undefined, { signal });
  }
}
