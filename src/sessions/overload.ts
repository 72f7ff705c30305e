import type { App } from '../platform/app.ts';
import { OverloadedError } from './errors.ts';

/** Rows of ingest that may wait in memory: at 2 KB each about 40 MB. */
export const maxWaitingRows = 20_000;

/**
 * Refuses before any work when the process cannot keep up. Capture is kept up longest: a long queue
 * of jobs refuses new sessions only.
 *
 * @throws {OverloadedError}
 */
export function refuseWhenOverloaded(
  { config, metrics, queue }: Pick<App, 'config' | 'metrics' | 'queue'>,
  load: { waitingRows: number; waitedMs: number; isNewSession: boolean },
): void {
  const refuse = (reason: string, retryAfterSeconds: number): never => {
    metrics.refusals.inc({ reason });
    throw new OverloadedError(reason, retryAfterSeconds);
  };
  const { overload } = config;
  if (load.waitingRows > maxWaitingRows) refuse('too many interactions wait to be stored', 1);
  if (load.waitedMs > overload.poolWaitMs) refuse('the database is slow', 2);
  if (metrics.loopDelayMs() > overload.eventLoopDelayMs) refuse('the event loop is late', 2);
  if (load.isNewSession && queue.depth() > overload.queueDepth) refuse('too many jobs wait', 15);
}
