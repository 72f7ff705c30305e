import type { HeldDraft } from '../outbox/types.ts';

/** Within it a second click can still take the first one back. */
export const doubleClickMs = 600;
/** So long an interaction waits for what came after it. */
export const afterMs = 3_000;
/** So long an open one may be silent before its document is asked to close it. */
export const silentMs = 30_000;

export type Order = {
  /** May have their numbers now, in this order. */
  ripe: HeldDraft[];
  /** Open, and nothing was heard of them for long. */
  silent: HeldDraft[];
  /** When to look again; `null`: when something new is heard. */
  againAt: number | null;
};

/**
 * Which drafts may be numbered: by beginning, as long as none that began before is open or still
 * waits for what came after it. Pure.
 *
 * @param drafts of one session, by `startedAt`
 * @param isAwaited whether a picture of the page after it is still to be expected
 */
export function orderOf(
  drafts: HeldDraft[],
  now: number,
  isAwaited: (draft: HeldDraft) => boolean,
): Order {
  const ripe: HeldDraft[] = [];
  const silent = drafts.filter(({ isOpen, heardAt }) => isOpen && now >= heardAt + silentMs);
  const first = drafts.find((held) => {
    const isReady = ripeAt(held, now, isAwaited) <= now;
    if (isReady) ripe.push(held);
    return !isReady;
  });
  const instants = [
    ...(first ? [ripeAt(first, now, isAwaited)] : []),
    ...drafts.filter(({ isOpen }) => isOpen).map(({ heardAt }) => heardAt + silentMs),
  ].filter((instant) => Number.isFinite(instant));
  return { ripe, silent, againAt: instants.length > 0 ? Math.min(...instants) : null };
}

/** The last order of a session: everything that is something, however far it came. Pure. */
export function lastOrderOf(drafts: HeldDraft[]): { whole: HeldDraft[]; empty: HeldDraft[] } {
  return {
    whole: drafts.filter(({ draft }) => draft !== null),
    empty: drafts.filter(({ draft }) => draft === null),
  };
}

function ripeAt(held: HeldDraft, now: number, isAwaited: (draft: HeldDraft) => boolean): number {
  const { isOpen, draft, after, afterImageId } = held;
  if (isOpen || draft === null) return Number.POSITIVE_INFINITY;
  const settled = draft.endedAt + doubleClickMs;
  const latest = draft.endedAt + afterMs;
  // A clock that was set back must not hold a draft for ever.
  if (now < draft.endedAt - afterMs) return now;
  const isComplete = after !== null && (afterImageId !== null || !isAwaited(held));
  return isComplete ? settled : latest;
}
