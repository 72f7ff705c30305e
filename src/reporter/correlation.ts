import { host, randomHex } from './host.ts';

/** Where the present work belongs. https://www.w3.org/TR/trace-context/ */
export type Correlation = {
  /** The trace id of the work that runs now, or of the work in which an error was thrown. */
  of(error: unknown): string | undefined;
  /** Header for what is asked of others: a new span of the present trace, or of a new one. */
  traceparent(): string;
  run<T>(traceparent: string | null | undefined, work: (traceparent: string) => T): T;
};

type Storage = { getStore(): string | undefined; run<T>(store: string, work: () => T): T };
type Hooks = { AsyncLocalStorage: new () => Storage };

/**
 * In Node a trace follows the work through everything that it awaits. Browsers cannot do that: there it
 * holds until the first `await`, and the errors of the work keep it, wherever they are caught.
 */
export function openCorrelation(): Correlation {
  const hooks = host.process?.getBuiltinModule?.('node:async_hooks') as Hooks | undefined;
  const storage = hooks && new hooks.AsyncLocalStorage();
  const thrownIn = new WeakMap<object, string>();
  let present: string | undefined;

  const enter = <T>(trace: string, work: () => T): T => {
    if (storage) return storage.run(trace, work);
    const before = present;
    present = trace;
    try {
      return work();
    } finally {
      present = before;
    }
  };
  const current = () => storage?.getStore() ?? present;
  const span = (trace = randomHex(16)) => `00-${trace}-${randomHex(8)}-01`;

  return {
    of: (error) => (error instanceof Object && thrownIn.get(error)) || current(),
    traceparent: () => span(current()),
    run(traceparent, work) {
      const trace = /^00-([0-9a-f]{32})-/.exec(traceparent ?? '')?.[1] ?? randomHex(16);
      const mark = (error: unknown): never => {
        if (error instanceof Object && !thrownIn.has(error)) thrownIn.set(error, trace);
        throw error;
      };
      try {
        const result: unknown = enter(trace, () => work(span(trace)));
        return (result instanceof Promise ? result.catch(mark) : result) as ReturnType<typeof work>;
      } catch (error) {
        return mark(error);
      }
    },
  };
}
