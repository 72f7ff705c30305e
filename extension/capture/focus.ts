import { type Beginning, beganAt, beginLate, finish, hasMoment, turn } from './capture.ts';
import { isDateField, isTextField } from './dom.ts';
import { onTrusted, whileHearing } from './listen.ts';
import { pointer } from './pending.ts';
import { isTypingIn } from './typing.ts';

/** The focus that a window gets back with it is nobody's doing; milliseconds. */
const WITH_WINDOW = 100;
/** Pages put the focus back after they have loaded what an action asked for; milliseconds. */
const ANSWER = 3_000;
/** Typing and the like explain a change of the focus, if they begin by then; milliseconds. */
const EXPLAINED = 600;

let waiting: { element: Element; beginning: Beginning; at: number } | null = null;
let windowAt = 0;

/**
 * FOCUS and BLUR of fields are told only when no interaction explains them: no pointer is down, no
 * key that acts (Tab) was pressed, nothing is being typed, and no interaction was told within the last
 * three seconds, which the page may answer to. What is left is done by an assistive technology, by the browser's own interface, or by
 * a script for no reason that can be seen. The focus that comes with a page or a window is not told.
 */
export function listenToFocus(): void {
  window.addEventListener(
    'focus',
    () => {
      windowAt = performance.now();
    },
    { signal: whileHearing() },
  );
  onTrusted('focusin', (_event, element) => {
    if (isExplained() || !hasMoment() || !isField(element)) return;
    if (performance.now() - windowAt < WITH_WINDOW || !navigator.userActivation.hasBeenActive)
      return;
    waiting = { element, beginning: beginLate(element), at: performance.now() };
    const { beginning } = waiting;
    setTimeout(() => {
      if (waiting?.beginning === beginning) commitFocus();
    }, EXPLAINED);
  });
  onTrusted('focusout', (_event, element) => {
    forgetFocus(element);
    if (isExplained() || !hasMoment() || !isField(element) || !document.hasFocus()) return;
    const beginning = beginLate(element);
    setTimeout(() => {
      if (!turn.hasActed && document.hasFocus() && document.activeElement === document.body) {
        finish(beginning, 'BLUR');
      }
    }, EXPLAINED);
  });
}

/** A focus that nothing else explains was the action itself. */
export function commitFocus(): void {
  const focus = waiting;
  waiting = null;
  if (!focus || turn.hasActed || isTypingIn(focus.element)) return;
  // Something was done there, which the page has answered already: another action is under way.
  if (beganAt(focus.element) > focus.at) return;
  finish(focus.beginning, 'FOCUS');
}

/** Something explains it. @param element `undefined`: whichever it is */
export function forgetFocus(element?: Element): void {
  if (!element || waiting?.element === element) waiting = null;
}

function isExplained(): boolean {
  const isAnswer = performance.now() - turn.actedAt < ANSWER;
  return pointer.press !== null || turn.hasActed || turn.isAnswering || isAnswer;
}

function isField(element: Element): boolean {
  return isTextField(element) || isDateField(element) || element.matches('input,select');
}
