import { type Beginning, open, tell, turn } from './capture.ts';
import { isTickBox } from './dom.ts';
import { settleNow } from './rest.ts';

export interface Press {
  element: Element;
  beginning: Beginning;
  x: number;
  y: number;
  /** `Event.timeStamp` of the pointer that went down. */
  at: number;
  isTouch: boolean;
}

/** What may still become a CHANGE or SELECT of the same element. */
interface Waiting {
  element: Element;
  beginning: Beginning;
  /** What it was if nothing changes. */
  otherwise: () => void;
}

/** The pointer went down and has not clicked yet. */
export const pointer: { press: Press | null } = { press: null };

let waiting: Waiting | null = null;
const closers = new Set<() => void>();

/** Runs `close` before any other interaction begins. */
export function closeBeforeNext(close: () => void): void {
  closers.add(close);
}

/** Closes all that was waiting for more, because something else begins. */
export function commit(): void {
  const waited = waiting;
  waiting = null;
  waited?.otherwise();
  for (const close of closers) close();
}

/** A person acts: what was before is over, and the page is about to change. */
export function actNow(): void {
  tell({ kind: 'action', at: Date.now() });
  commit();
  settleNow();
}

export function commitIf(beginning: Beginning): void {
  if (waiting?.beginning === beginning) commit();
}

/** Waits for a change of the element; the next `commit` ends the wait. */
export function awaitChange(
  element: Element,
  beginning: Beginning,
  type: 'CLICK' | 'KEY_PRESS',
  otherwise: () => void,
): void {
  waiting = { element, beginning, otherwise };
  open(beginning, type);
}

/**
 * Whether a field changed by itself. Scripts change fields too, as an answer to what a person did; but
 * a password manager is the person's hand, and a driver sends what a person would.
 */
export function isByPerson(event: Event): boolean {
  return event.isTrusted || navigator.webdriver || !turn.hasActed || turn.typing !== null;
}

/** The press came to nothing. */
export function dropPress(): void {
  if (pointer.press) tell({ kind: 'drop', draftId: pointer.press.beginning.draftId });
  pointer.press = null;
}

/** The beginning of the click or key that changed this element, if there was one. */
export function takeCause(element: Element): Beginning | null {
  const cause = waiting ?? pointer.press;
  if (!cause || !isSameControl(cause.element, element)) return null;
  waiting = null;
  pointer.press = null;
  return cause.beginning;
}

/** Radio buttons of one group are one control: the arrow keys move the tick. */
function isSameControl(cause: Element, changed: Element): boolean {
  if (cause.contains(changed) || changed.contains(cause)) return true;
  if (!isTickBox(cause) || !isTickBox(changed)) return false;
  return cause.name !== '' && cause.name === changed.name && cause.form === changed.form;
}
