import type { ExecutionResult } from 'graphql';

/**
 * The results for the events of a source. `return` takes effect at once, though the source may be
 * waiting for an event: generators queue it until then, and an idle subscriber would stay for ever.
 */
export function streamOf(
  source: AsyncIterator<unknown>,
  hooks: {
    /** Runs a step where it belongs, for example in its trace. */
    inTrace: <T>(step: () => T) => T;
    resolve: (event: unknown) => Promise<ExecutionResult>;
    /** Ends the stream. */
    signal: AbortSignal;
    /** Called once when the stream is over, for whatever reason. */
    end: () => void;
  },
): AsyncIterableIterator<ExecutionResult> {
  const over = { done: true, value: undefined } as const;
  let isOver = false;
  let wake: (() => void) | null = null;
  const finish = () => {
    if (isOver) return;
    isOver = true;
    hooks.signal.removeEventListener('abort', finish);
    hooks.end();
    wake?.();
    source.return?.().catch(() => undefined); // its clean-up fails for nobody
  };
  hooks.signal.addEventListener('abort', finish);
  if (hooks.signal.aborted) finish();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (isOver) return over;
      try {
        const result = await new Promise<ExecutionResult | null>((resolve, reject) => {
          wake = () => resolve(null);
          hooks
            .inTrace(async () => {
              const event = await source.next();
              return event.done ? null : await hooks.resolve(event.value);
            })
            .then(resolve, reject);
        });
        wake = null;
        if (result && !isOver) return { done: false, value: result };
        finish();
        return over;
      } catch (error) {
        if (isOver) return over;
        finish();
        throw error;
      }
    },
    async return() {
      finish();
      return over;
    },
  };
}
