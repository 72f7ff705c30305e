/** How a client's queue is doing, as far as its stalls can be seen. Instants in milliseconds. */
export type QueueState = {
  isOnline: boolean;
  depth: number;
  /** Since when its head is the same. `null` for an empty queue. */
  headSince: number | null;
  /** Of the last attempt to send the head. `null` before the first. */
  attemptedAt: number | null;
  /** What the client waits between attempts now. `null` when it did not say. */
  retryIntervalMs: number | null;
};

export type Stall = 'HEAD_UNCHANGED' | 'NO_ATTEMPT';

/** Online, and the head of the queue the same for so long. */
export const headPatienceMs = 5 * 60_000;

/**
 * Why the queue stands still, or `null`: online with the head unchanged for five minutes, or without an
 * attempt in twice the retry interval. Offline, nothing can go.
 */
export function stallOf(queue: QueueState, now: number): Stall | null {
  const { isOnline, depth, headSince, attemptedAt, retryIntervalMs } = queue;
  if (!isOnline || depth === 0 || headSince === null) return null;
  if (now - headSince >= headPatienceMs) return 'HEAD_UNCHANGED';
  if (retryIntervalMs === null) return null;
  const quietMs = now - Math.max(headSince, attemptedAt ?? headSince);
  return quietMs > 2 * retryIntervalMs ? 'NO_ATTEMPT' : null;
}
