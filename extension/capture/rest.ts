import { keepQuietMoment, tell, turn } from './capture.ts';
import { onChange, unchangedMs } from './changes.ts';
import { stateOfPage } from './describe.ts';
import { afterFrame } from './frames.ts';
import { learnSecrets } from './learn.ts';
import { whileHearing } from './listen.ts';
import { rehearse } from './rehearse.ts';
import { restyle } from './restyle.ts';
import { isStale, surveyAtLeisure } from './survey.ts';

/** Milliseconds without any change that count as rest. */
const QUIET = 150;
/** A page that never rests is taken as it is. */
const LONGEST = 1_000;
const LONGEST_ALONE = 2_000;
/** Between two `changed`, in milliseconds. */
const CHANGED_GAP = 500;
/** Later than this nothing that moves by itself is likely to come; all of the page is surveyed. */
const LONG_REST = 1_100;
/** A slice of the survey; the page waits no longer than this. */
const SLICE = 5;

/** Drafts that wait for the page to come to rest, since when. */
const unsettled = new Map<string, number>();
const wait = {
  timer: 0,
  longTimer: 0,
  hasChanged: false,
  changedAt: 0,
  toldAt: Number.NEGATIVE_INFINITY,
  isSurveying: false,
};

/** Tells how the page looks when it has come to rest, and surveys it then. */
export function watchRest(): void {
  onChange(noteChange);
  noteChange();
  const options = { capture: true, signal: whileHearing() };
  window.addEventListener('resize', noteRestyled, options);
  // A style sheet that has come.
  window.addEventListener(
    'load',
    ({ target }) => {
      if (target instanceof HTMLLinkElement) noteRestyled();
    },
    options,
  );
}

export function endRest(): void {
  clearTimeout(wait.timer);
  clearTimeout(wait.longTimer);
  Object.assign(wait, { timer: 0, hasChanged: false });
  unsettled.clear();
}

/** The page will answer; `settled` follows when it has. */
export function awaitRest(draftId: string): void {
  unsettled.set(draftId, performance.now());
  arm(QUIET);
}

/** The page looks different without any change of its document: it was scrolled. */
export function noteChange(): void {
  if (!wait.hasChanged) wait.changedAt = performance.now();
  wait.hasChanged = true;
  arm(QUIET);
}

/** What is going on is over: the page is left, or the next action begins. */
export function settleNow(): void {
  if (unsettled.size === 0) return;
  const state = stateOfPage();
  for (const draftId of unsettled.keys()) {
    tell({ kind: 'settled', draftId, at: Date.now(), state });
  }
  unsettled.clear();
  turn.hasActed = false;
}

/** Surveys the page as soon as it has nothing else to do: an action may follow. */
export function surveySoon(): void {
  if (wait.isSurveying || document.hidden || !isStale()) return;
  wait.isSurveying = true;
  const slice = (): void => {
    wait.isSurveying = false;
    learnSecrets(turn.typing);
    if (surveyAtLeisure(SLICE)) {
      keepQuietMoment();
      if (window === window.top) rehearse();
    } else surveySoon();
  };
  requestIdleCallback(() => afterFrame(slice), { timeout: 500 });
}

function arm(ms: number): void {
  wait.timer ||= setTimeout(check, ms) as unknown as number;
}

function check(): void {
  wait.timer = 0;
  const now = performance.now();
  const [since = now] = unsettled.values();
  const isQuiet = unchangedMs() >= QUIET && !isMoving();
  const longest = unsettled.size > 0 ? LONGEST : LONGEST_ALONE;
  const waited = now - (unsettled.size > 0 ? since : wait.changedAt);
  if (isQuiet || waited >= longest) rest(now);
  else arm(Math.max(40, QUIET - unchangedMs()));
}

function noteRestyled(): void {
  restyle();
  noteChange();
}

function rest(now: number): void {
  surveySoon();
  clearTimeout(wait.longTimer);
  wait.longTimer = setTimeout(surveySoon, LONG_REST) as unknown as number;
  if (unsettled.size > 0) {
    settleNow();
    wait.hasChanged = false;
    wait.toldAt = now;
  } else if (wait.hasChanged) {
    const gap = wait.toldAt + CHANGED_GAP - now;
    if (gap > 0) {
      arm(gap);
      return;
    }
    wait.hasChanged = false;
    wait.toldAt = now;
    if (!document.hidden) tell({ kind: 'changed', at: Date.now() });
  }
}

/** Whether something moves that will come to an end. */
function isMoving(): boolean {
  return document.getAnimations().some(({ playState, effect }) => {
    return playState === 'running' && Number.isFinite(effect?.getComputedTiming().endTime);
  });
}
