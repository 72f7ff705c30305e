/** What must be known again after the worker's death to keep within the limit. */
export type PaceState = {
  /** When the browser's window of a second began, as far as we know. */
  windowStartedAt: number;
  /** Pictures taken in it. */
  taken: number;
};

/** https://developer.chrome.com/docs/extensions/reference/api/tabs#property-MAX_CAPTURE_VISIBLE_TAB_CALLS_PER_SECOND */
export const picturesPerSecond = 2;

/** Chromium counts in windows of a second that begin with a call; 10 ms more was always enough (STACK.md). */
const windowMs = 1_010;

export const unpaced: PaceState = { windowStartedAt: 0, taken: 0 };

/**
 * When the next picture may be taken: now or later. Pure.
 *
 * @param reserved pictures of the second that are left for what is more important
 */
export function nextPictureAt(
  { windowStartedAt, taken }: PaceState,
  now: number,
  reserved = 0,
): number {
  const isOver = now >= windowStartedAt + windowMs || now < windowStartedAt; // the clock was set back
  return isOver || taken < picturesPerSecond - reserved ? now : windowStartedAt + windowMs;
}

/** The state after a picture at `now`, which `nextPictureAt` allowed. Pure. */
export function afterPicture(state: PaceState, now: number): PaceState {
  const isOver = now >= state.windowStartedAt + windowMs || now < state.windowStartedAt;
  return isOver
    ? { windowStartedAt: now, taken: 1 }
    : { windowStartedAt: state.windowStartedAt, taken: state.taken + 1 };
}

/** The state after the browser refused a picture for the limit: a whole window is waited for. Pure. */
export function afterRefusal(now: number): PaceState {
  return { windowStartedAt: now, taken: picturesPerSecond };
}
