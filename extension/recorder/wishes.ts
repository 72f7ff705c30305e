import type { ScreenshotTrigger } from '../../src/contract/vocabulary.ts';

/** What a picture is wanted for, from the most to the least important. */
export const wishKinds = [
  'before',
  'after',
  'modal',
  'error',
  'start',
  'end',
  'burst',
  'fresh',
] as const;

export type WishKind = (typeof wishKinds)[number];

/** A picture that somebody wants of a tab. */
export type Wish = {
  kind: WishKind;
  tabId: number;
  /** Not before this instant: what is waited for has not happened yet. */
  from: number;
  /** From then on nobody needs it any more. */
  until: number;
  /** The interaction it is for; `null` for a frame that may become a "before". */
  draftId: string | null;
  burst?: { id: string; index: number; beganAt: number };
};

/** What a picture is called that fulfils several wishes at once, from the most telling. */
const triggers: Record<Exclude<WishKind, 'fresh'>, ScreenshotTrigger> = {
  start: 'SESSION_START',
  end: 'SESSION_END',
  error: 'ERROR',
  burst: 'NAVIGATION',
  modal: 'MODAL',
  after: 'AFTER_ACTION',
  before: 'BEFORE_ACTION',
};

/**
 * The wishes that wait. One picture of a tab fulfils all of this tab that are due, so that two a
 * second go far. The clock is the caller's.
 */
export function openWishes() {
  let waiting: Wish[] = [];

  return {
    /** Adds a wish. Of frames that may become a "before", a tab has one; the newer replaces it. */
    add(wish: Wish): void {
      const isLoose = (each: Wish) =>
        each.draftId === null && (each.kind === 'before' || each.kind === 'fresh');
      if (isLoose(wish)) {
        const known = waiting.find((each) => isLoose(each) && each.tabId === wish.tabId);
        waiting = waiting.filter((each) => each !== known);
        // A page that goes on changing must not push its picture ahead of itself for ever.
        if (known && known.kind === wish.kind)
          wish = { ...wish, from: Math.min(known.from, wish.from) };
        if (known?.kind === 'before') wish = { ...wish, kind: 'before' };
      }
      waiting.push(wish);
    },

    /** What was waited for has happened: the wish for this interaction is due. */
    hurry(draftId: string, from: number): boolean {
      const wish = waiting.find((each) => each.draftId === draftId && each.kind !== 'burst');
      if (wish) wish.from = Math.min(wish.from, from);
      return wish !== undefined;
    },

    /** The most important wish that is due; of equals, the oldest. */
    next(now: number): Wish | null {
      const due = waiting.filter(({ from, until }) => from <= now && now < until);
      return due.toSorted((a, b) => rankOf(a.kind) - rankOf(b.kind) || a.from - b.from)[0] ?? null;
    },

    /** Takes out all wishes that a picture of this tab at this instant fulfils. */
    fulfil(tabId: number, at: number): Wish[] {
      const fits = (wish: Wish) => wish.tabId === tabId && wish.from <= at;
      const fulfilled = waiting.filter(fits);
      waiting = waiting.filter((wish) => !fits(wish));
      return fulfilled;
    },

    /** Takes out what came too late. */
    expire(now: number): Wish[] {
      const expired = waiting.filter(({ until }) => until <= now);
      waiting = waiting.filter(({ until }) => until > now);
      return expired;
    },

    /** What comes up in the tab is worth a picture only from then on. */
    postpone(tabId: number, from: number): void {
      waiting = waiting.map((wish) => (wish.tabId === tabId ? { ...wish, from } : wish));
    },

    drop(isGone: (wish: Wish) => boolean): Wish[] {
      const gone = waiting.filter(isGone);
      waiting = waiting.filter((wish) => !isGone(wish));
      return gone;
    },

    isWaitedFor: (draftId: string): boolean =>
      waiting.some((each) => each.draftId === draftId && each.kind !== 'burst'),

    has: (kind: WishKind): boolean => waiting.some((each) => each.kind === kind),

    /** When something becomes due or expires next; `null` when nothing waits. */
    nextAt(now: number): number | null {
      const instants = waiting.map(({ from, until }) => (from > now ? from : until));
      return instants.length === 0 ? null : Math.max(now, Math.min(...instants));
    },
  };
}

export type Wishes = ReturnType<typeof openWishes>;

/**
 * The name of the picture, and the wish that gives it. `null`: it only may become a "before".
 *
 * The first picture of a page belongs to its coming up; a later one to what was done there, if
 * anything was.
 */
export function triggerOf(wishes: Wish[]): { trigger: ScreenshotTrigger; wish: Wish | null } {
  const first = wishes.find(({ burst }) => burst?.index === 0);
  const landmark = wishes.find(({ kind }) => /^(?:start|end|error)$/.test(kind));
  const of = (kind: WishKind) => wishes.find((each) => each.kind === kind);
  const wish = landmark ?? first ?? of('modal') ?? of('after') ?? of('burst');
  return wish && wish.kind !== 'fresh'
    ? { trigger: triggers[wish.kind], wish }
    : { trigger: triggers.before, wish: null };
}

function rankOf(kind: WishKind): number {
  return wishKinds.indexOf(kind);
}
