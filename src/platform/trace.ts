import { AsyncLocalStorage } from 'node:async_hooks';
import { drawBytes } from './random.ts';

/** Where the present work belongs: W3C Trace Context, https://www.w3.org/TR/trace-context/. */
export type Trace = { traceId: string; spanId: string };

const storage = new AsyncLocalStorage<Trace>();

/** The trace of the present work, if it has one. */
export function currentTrace(): Trace | undefined {
  return storage.getStore();
}

/** Runs `work` as a new span under `traceparent`, or under a new trace where that is absent or malformed. */
export function withTrace<T>(traceparent: string | null | undefined, work: () => T): T {
  return storage.run(childOf(traceparent), work);
}

/** Runs `work` in a trace that is there already. */
export function inTrace<T>(trace: Trace, work: () => T): T {
  return storage.getStore() === trace ? work() : storage.run(trace, work);
}

/** A new span, of the trace that `traceparent` names or of a new one. */
export function childOf(traceparent: string | null | undefined): Trace {
  const given = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '')?.[1];
  const traceId = given && !/^0+$/.test(given) ? given : randomHex(16);
  return { traceId, spanId: randomHex(8) };
}

/** The header that hands a span on. */
export function traceparentOf({ traceId, spanId }: Trace): string {
  return `00-${traceId}-${spanId}-01`;
}

function randomHex(bytes: number): string {
  return drawBytes(bytes).toString('hex');
}
