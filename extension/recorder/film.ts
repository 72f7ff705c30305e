import type { Mask } from '../../src/contract/image.ts';
import type { PageState } from '../../src/contract/interaction.ts';
import type { InteractionType, ScreenshotTrigger } from '../../src/contract/vocabulary.ts';
import { isNearlySame } from './likeness.ts';

/** A developed picture: masks are painted into its bytes. */
export type Picture = {
  id: string;
  tabId: number;
  takenAt: number;
  state: PageState;
  masks: Mask[];
  width: number;
  height: number;
  thumb: Uint8Array;
  /** `null` once it is on disk, where it is found by its id. */
  bytes: ArrayBuffer | null;
  /** What it was kept as; `null` while it is only here. */
  trigger: ScreenshotTrigger | null;
  /** An interaction that it belongs to was said, or that there is none. */
  isClaimed: boolean;
};

/** A moment at which a tab was seen to look like the picture. */
export type Shot = {
  /** Before the browser was asked, so that an age is never said too small. */
  at: number;
  /** After the browser answered: what happened until then may be in the picture. */
  doneAt: number;
  tabId: number;
  state: PageState;
  picture: Picture;
};

/** What is compared to find that a tab still looks the same. */
export type Look = Pick<Picture, 'state' | 'masks' | 'thumb'>;

type Mark = { at: number; draftId: string | null };

const longestRing = 12;
const mostMarks = 60;

/** What follows from something by itself: the page before the cause is the page before it, too. */
const consequences: ReadonlySet<InteractionType> = new Set([
  'SUBMIT',
  'NAVIGATION',
  'MODAL_OPEN',
  'MODAL_CLOSE',
  'FOCUS',
  'BLUR',
  'DROP',
  'TAB_OPEN',
  'TAB_CLOSE',
  'DOWNLOAD',
]);

/**
 * What is done in a field that was just clicked: the click itself changed no more than the focus, or
 * the page has said that it changed.
 */
const inFields: ReadonlySet<InteractionType> = new Set(['INPUT', 'KEY_PRESS', 'SELECT', 'CHANGE']);
const justMs = 1_000;

/** A small ring of what the tabs looked like lately, and of when they changed. */
export function openFilm() {
  let shots: Shot[] = [];
  const changes = new Map<number, Mark[]>();
  const actions = new Map<number, Mark[]>();
  const note = (marks: Map<number, Mark[]>, tabId: number, mark: Mark) => {
    const known = marks.get(tabId) ?? [];
    if (mark.draftId && known.some(({ draftId }) => draftId === mark.draftId)) return;
    marks.set(tabId, [...known, mark].slice(-mostMarks));
  };

  /** Whether nothing else was begun between the interaction and the shot. */
  const isRightAfter = (
    shot: Shot,
    { draftId, endedAt }: { draftId: string; endedAt: number },
  ): boolean => {
    if (shot.at < endedAt) return false;
    const others = actions.get(shot.tabId) ?? [];
    return !others.some(
      (mark) => mark.draftId !== draftId && endedAt < mark.at && mark.at < shot.doneAt,
    );
  };

  return {
    add(shot: Shot): void {
      shots = [...shots, shot].slice(-longestRing);
    },

    latest(tabId: number): Shot | null {
      return shots.findLast((shot) => shot.tabId === tabId) ?? null;
    },

    /**
     * The picture that the tab showed last, if it still looks like that.
     *
     * @param isAnswer the look is from after an action, which may have changed little
     */
    sameAs(tabId: number, look: Look, isAnswer = false): Picture | null {
      const last = shots.findLast((shot) => shot.tabId === tabId)?.picture;
      if (!last || last.state.url !== look.state.url) return null;
      if (JSON.stringify(last.masks) !== JSON.stringify(look.masks)) return null;
      return isNearlySame(last.thumb, look.thumb, isAnswer) ? last : null;
    },

    /** The page is known to look different from this instant on. */
    noteChange(tabId: number, at: number): void {
      note(changes, tabId, { at, draftId: null });
    },

    noteAction(tabId: number, draftId: string, at: number): void {
      note(actions, tabId, { at, draftId });
    },

    /**
     * What the tab looked like just before the interaction. `null` when that is not known: something
     * was done, or the page changed, after it was seen last.
     */
    before(
      tabId: number,
      { draftId, type, startedAt }: { draftId: string; type: InteractionType; startedAt: number },
    ): Shot | null {
      const shot = shots.findLast((each) => each.tabId === tabId && each.doneAt <= startedAt);
      if (!shot) return null;
      if (consequences.has(type)) return shot;
      const countsUntil = inFields.has(type) ? startedAt - justMs : startedAt;
      const isBetween = (mark: Mark, until: number) =>
        mark.draftId !== draftId && shot.at < mark.at && mark.at < until;
      const hasChanged = changes.get(tabId)?.some((mark) => isBetween(mark, startedAt));
      const isActedOn = actions.get(tabId)?.some((mark) => isBetween(mark, countsUntil));
      return hasChanged || isActedOn ? null : shot;
    },

    /** The last look at the tab after an interaction and before anything else was done. */
    after(tabId: number, draft: { draftId: string; endedAt: number }): Shot | null {
      return shots.findLast((shot) => shot.tabId === tabId && isRightAfter(shot, draft)) ?? null;
    },

    isRightAfter,

    /** The last shot, for a worker to come. */
    last: (): Shot | null => shots.at(-1) ?? null,

    pictures: (): Picture[] => [...new Set(shots.map(({ picture }) => picture))],

    forgetTab(tabId: number): void {
      changes.delete(tabId);
      actions.delete(tabId);
      shots = shots.filter((shot) => shot.tabId !== tabId);
    },

    clear(): void {
      shots = [];
      changes.clear();
      actions.clear();
    },
  };
}

export type Film = ReturnType<typeof openFilm>;

/** Whether an interaction of this type is an action of its own, after which a tab may look different. */
export function isAction(type: InteractionType): boolean {
  return !consequences.has(type);
}
