import type { Draft } from '../page.ts';
import { type Beginning, begin, beginLate, finish, open, turn } from './capture.ts';
import { isDateField, isTextField } from './dom.ts';
import { expectEchoes, learnSecrets } from './learn.ts';
import { onAny, onTrusted } from './listen.ts';
import { actNow, closeBeforeNext, commit, isByPerson } from './pending.ts';
import { shownValueOf } from './privacy.ts';

interface Typing {
  field: Element;
  beginning: Beginning;
  endedAt: number;
  /** When what is typed so far was told; `performance.now()`. */
  toldAt: number;
  hasKeys: boolean;
}

/** Between two tellings of a text that grows, in milliseconds: no more than this is lost. */
const TELL_EVERY = 1_000;

let typing: Typing | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
/** A key that may begin typing: described before the field took it. */
let keyed: { field: Element; beginning: Beginning } | null = null;

/** Answers with the keys that went to an element before it was known to hold a field. */
let takeUnseen: (host: Element) => Beginning | null = () => null;

export function whenUnseen(take: (host: Element) => Beginning | null): void {
  takeUnseen = take;
}

export function listenToTyping(): void {
  closeBeforeNext(closeLast);
  onAny('input', (event, field) => {
    const isHidden = isUnseenField(event, field);
    if (!isTextField(field) && !isDateField(field) && !isHidden) return;
    const { inputType } = event as InputEvent;
    if (typing?.field !== field) {
      if (/^(?:insertFromPaste|deleteByCut)$/.test(inputType)) return; // told as PASTE and CUT
      if (turn.isAnswering && !keyed) return; // Escape empties a search field
      if (!isByPerson(event)) return;
      startTyping(field, isHidden ? takeUnseen(field) : null);
    }
    if (typing) grow(typing);
  });
  onAny('change', (_event, field) => {
    if (isTextField(field)) closeTyping();
  });
  onAny('focusout', (_event, field) => {
    if (typing?.field === field) closeTyping();
  });
  for (const [type, word] of [
    ['copy', 'COPY'],
    ['cut', 'CUT'],
    ['paste', 'PASTE'],
  ] as const) {
    onTrusted(type, (_event, origin) => {
      actNow();
      finish(begin(origin), word);
    });
  }
}

export function isTypingIn(field: Element): boolean {
  return typing?.field === field;
}

/** A key that changes the text is on its way to the field. */
export function expectTyping(field: Element, event: KeyboardEvent): void {
  if (typing?.field === field) {
    typing.hasKeys = true;
    return;
  }
  if (keyed?.field === field) return;
  actNow();
  keyed = { field, beginning: begin(field, event) };
}

/**
 * Enter in a text of several lines: a new line, or the key that sends it. The page says which by what
 * it does with the event, and may have emptied the field by then.
 */
export function expectSending(field: Element, event: KeyboardEvent): void {
  const before = typing?.field === field ? typed(typing) : undefined;
  const beginning = { ...begin(field, event), key: event.key };
  setTimeout(() => {
    if (!event.defaultPrevented) return;
    closeTyping(before);
    finish(beginning, 'KEY_PRESS', { endedAt: beginning.startedAt });
  });
}

/** A field in a closed shadow root: the host alone is seen. */
function isUnseenField(event: Event, field: Element): boolean {
  return event.isTrusted && !field.matches('input,select,textarea') && !isTextField(field);
}

function startTyping(field: Element, begun: Beginning | null): void {
  const beginning = begun ?? (keyed?.field === field ? keyed.beginning : null);
  const hasKeys = beginning !== null;
  commit();
  turn.typing = field;
  typing = {
    field,
    beginning: beginning ?? beginLate(field),
    endedAt: 0,
    toldAt: Number.NEGATIVE_INFINITY,
    hasKeys,
  };
  turn.hasActed = true;
}

function grow(growing: Typing): void {
  expectEchoes(growing.field);
  growing.endedAt = Date.now();
  if (timer !== undefined) return;
  const wait = growing.toldAt + TELL_EVERY - performance.now();
  if (wait <= 0) tellGrown();
  else timer = setTimeout(tellGrown, wait);
}

function tellGrown(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!typing) return;
  typing.toldAt = performance.now();
  open(typing.beginning, 'INPUT', typed(typing));
}

function typed({ field, beginning, endedAt }: Typing): Partial<Draft> {
  const isUnseen = !isTextField(field) && !isDateField(field);
  const value = isUnseen ? '[UNSEEN]' : shownValueOf(field).slice(0, 4_096);
  return { endedAt, value, target: beginning.target && { ...beginning.target, value } };
}

function closeLast(): void {
  closeTyping();
}

/** Ends a stretch of typing: one interaction, whatever the number of keys. */
function closeTyping(asTyped?: Partial<Draft>): void {
  clearTimeout(timer);
  timer = undefined;
  keyed = null;
  if (!typing) return;
  const ended = typing;
  typing = null;
  turn.typing = null;
  learnSecrets(null);
  const isPicked = isDateField(ended.field) && !ended.hasKeys;
  finish(ended.beginning, isPicked ? 'CHANGE' : 'INPUT', asTyped ?? typed(ended));
}
