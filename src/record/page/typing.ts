import { awaitChange, commit, on, takeCause } from './actions.ts';
import { type Beginning, begin, beginLate, finish, hasMoment, tell, turn } from './capture.ts';
import { isTextField, isTickBox, originOf } from './dom.ts';
import { labelOf } from './names.ts';
import { cleanText, rememberSecret, sensitivityOf, shownValueOf, valueOf } from './privacy.ts';
import { refOf } from './snapshot.ts';
import { targetOf } from './describe.ts';
import { selectorsOf } from './selectors.ts';
import { isPressing } from './actions.ts';

interface Typing {
  field: Element;
  beginning: Beginning;
  endedAt: number;
}

const ACTING_KEY = /^(?:Enter|Escape|Tab|Arrow(?:Up|Down|Left|Right)|Home|End|PageUp|PageDown|F\d+|ContextMenu)$/;
const EDITING_KEY = /^(?:Backspace|Delete)$/;

let typing: Typing | null = null;
/** A key that may begin typing: described before the field took it. */
let keyed: { field: Element; beginning: Beginning } | null = null;
let focused: { element: Element; beginning: Beginning } | null = null;

/** Ends a stretch of typing: one interaction, whatever the number of keys. */
export function closeTyping(): void {
  keyed = null;
  if (!typing) return;
  const { field, beginning, endedAt } = typing;
  typing = null;
  if (sensitivityOf(field) && rememberSecret(valueOf(field))) {
    tell({ kind: 'secret', value: valueOf(field).trim() });
  }
  const value = shownValueOf(field).slice(0, 4_096);
  const target = beginning.target ? { ...beginning.target, value } : beginning.target;
  finish(beginning, 'INPUT', { endedAt, value, target });
}

/** A focus that nothing else explains was the action itself. */
export function commitFocus(): void {
  if (focused && !turn.hasActed && !typing) finish(focused.beginning, 'FOCUS');
  focused = null;
}

export function listenToKeyboard(): void {
  on('keydown', (event) => {
    if (event.isComposing) return;
    const origin = originOf(event);
    const element = origin === document.body || origin === document.documentElement ? null : origin;
    if (beginsTyping(event, element)) {
      if (typing?.field === element || keyed?.field === element) return;
      commit();
      if (element) keyed = { field: element, beginning: begin(element, event) };
    } else if (isActing(event, element)) {
      commit();
      press(event, element);
    }
  });
}

export function listenToFields(): void {
  const listen = (type: string, listener: (event: Event, origin: Element) => void): void =>
    window.addEventListener(
      type,
      (event) => {
        const origin = originOf(event);
        if (origin) listener(event, origin);
      },
      { capture: true, passive: true },
    );

  // Drivers set selects and dates by script, so these count also when they are not trusted.
  listen('input', (event, field) => {
    if (!isTextField(field)) return;
    const isClipboard = /^(?:insertFromPaste|deleteByCut)$/.test((event as InputEvent).inputType);
    if (typing?.field !== field) {
      if (isClipboard) return;
      const beginning = keyed?.field === field ? keyed.beginning : null;
      commit();
      typing = { field, beginning: beginning ?? beginLate(field), endedAt: 0 };
      focused = null;
      turn.hasActed = true;
      tell({ kind: 'open', key: typing.beginning.key, at: typing.beginning.startedAt });
    }
    typing.endedAt = Date.now();
  });
  listen('change', (_event, field) => {
    if (isTextField(field)) closeTyping();
    else change(field);
  });
  listen('focusin', (event, element) => {
    if (!event.isTrusted || isPressing() || turn.hasActed || !hasMoment()) return;
    focused = { element, beginning: beginLate(element) };
  });
  listen('focusout', (_event, element) => {
    if (typing?.field === element) closeTyping();
    if (focused?.element === element) focused = null;
  });
  listen('submit', (event, form) => {
    closeTyping();
    const submitter = (event as SubmitEvent).submitter;
    const beginning = beginLate(form);
    const by = submitter ? cleanText(labelOf(submitter) || submitter.textContent).trim() : null;
    finish(beginning, 'SUBMIT', { context: { ...Object(beginning.context), submitter: by } });
  });
}

function change(field: Element): void {
  const cause = takeCause(field);
  if (!cause) commit();
  const beginning = cause && cause.target?.ref === refOf(field) ? cause : moved(cause, field);
  focused = null;
  if (field instanceof HTMLSelectElement) {
    finishWithValue(beginning, 'SELECT', shownValueOf(field));
  } else if (field.matches('input[type=file]')) {
    finishWithValue(beginning, 'FILE_SELECT', '[FILE]');
  } else {
    finishWithValue(beginning, 'CHANGE', isTickBox(field) ? String(field.checked) : shownValueOf(field));
  }
}

function finishWithValue(
  beginning: Beginning,
  type: 'SELECT' | 'FILE_SELECT' | 'CHANGE',
  value: string,
): void {
  const target = beginning.target && { ...beginning.target, value: value.slice(0, 4_096) };
  finish(beginning, type, { value: value.slice(0, 4_096), target });
}

/** The cause was on another element of the group; the page before is the same. */
function moved(cause: Beginning | null, field: Element): Beginning {
  const late = beginLate(field);
  if (!cause) return late;
  const target = { ...targetOf(field), ref: late.target?.ref };
  return { ...cause, target, selectors: selectorsOf(field), elementAnalysis: late.elementAnalysis };
}

function press(event: KeyboardEvent, element: Element | null): void {
  const beginning = begin(element, event);
  const key = event.key;
  const asKey = (): void => finish(beginning, 'KEY_PRESS', { key });
  const movesChoice = isTickBox(element) || element instanceof HTMLSelectElement;
  if (element && movesChoice && /^(?: |Arrow.*|Home|End)$/.test(key)) {
    awaitChange(element, beginning, asKey);
  } else {
    asKey();
  }
}

function beginsTyping(event: KeyboardEvent, element: Element | null): boolean {
  if (!isTextField(element) || isShortcut(event)) return false;
  if (event.key === 'Enter') return !(element instanceof HTMLInputElement);
  return event.key.length === 1 || EDITING_KEY.test(event.key);
}

function isActing(event: KeyboardEvent, element: Element | null): boolean {
  if (isShortcut(event)) return event.key.length === 1 ? !/[cxv]/i.test(event.key) : false;
  if (ACTING_KEY.test(event.key)) return true;
  return !isTextField(element) && event.key.length === 1;
}

/** AltGr writes characters and reports both control and alt. */
function isShortcut({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return (ctrlKey || metaKey || altKey) && !(ctrlKey && altKey);
}
