import { type Beginning, begin, finish, open, tell } from './capture.ts';
import { isDateField, isTextField, isTickBox } from './dom.ts';
import { onTrusted } from './listen.ts';
import { actNow, awaitChange, closeBeforeNext } from './pending.ts';
import { expectSending, expectTyping } from './typing.ts';

const ACTING =
  /^(?:Enter|Escape|Tab|Arrow(?:Up|Down|Left|Right)|Home|End|PageUp|PageDown|F\d+|ContextMenu)$/;
const EDITING = /^(?:Backspace|Delete)$/;
const MOVES_CHOICE = /^(?: |Arrow.*|Home|End)$/;
const MOVES_CARET = /^(?:Arrow.*|Home|End|PageUp|PageDown)$/;
/** A field with a list below it: the arrows choose from the list. */
const WITH_LIST =
  '[role=combobox],[aria-autocomplete],[aria-controls],[aria-activedescendant],[aria-haspopup],[list],[type=number]';
/** More characters outside of every field than this are a text that a person types somewhere. */
const MOST_SHORTCUTS = 3;
const PAUSE = 700;

/** Characters that went to no field that we can see: shortcuts, or text for something closed. */
let loose: { origin: Element; presses: { beginning: Beginning; key: string }[] } | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

export function listenToKeyboard(): void {
  closeBeforeNext(closeLoose);
  onTrusted('keydown', (event, origin) => {
    if (event.isComposing || event.key === 'Process') return;
    const isWriting = writes(event, origin);
    if (isWriting && event.key === 'Enter') expectSending(origin, event);
    if (isWriting) expectTyping(origin, event);
    else if (isLoose(event, origin)) pressLoose(event, origin);
    else if (acts(event, origin) && !event.repeat) press(event, origin);
  });
}

function press(event: KeyboardEvent, origin: Element): void {
  actNow();
  const { key } = event;
  const beginning = { ...beginAt(event, origin), key };
  const asKey = (): void => finish(beginning, 'KEY_PRESS', { endedAt: beginning.startedAt });
  const isChoice = isTickBox(origin) || origin instanceof HTMLSelectElement;
  if (isChoice && MOVES_CHOICE.test(key)) awaitChange(origin, beginning, 'KEY_PRESS', asKey);
  else asKey();
}

/** A character may be a shortcut of the page, or one of a secret that we cannot see the field of. */
function pressLoose(event: KeyboardEvent, origin: Element): void {
  if (loose && loose.origin !== origin) closeLoose();
  if (!loose) {
    actNow();
    loose = { origin, presses: [] };
  }
  clearTimeout(timer);
  timer = setTimeout(closeLoose, PAUSE);
  const { presses } = loose;
  if (presses.length > MOST_SHORTCUTS) return;
  const beginning = presses[0] ? { ...presses[0].beginning } : beginAt(event, origin);
  if (presses[0]) beginning.draftId += `:${presses.length}`;
  presses.push({ beginning: { ...beginning, startedAt: Date.now() }, key: event.key });
  open(beginning, null);
}

function closeLoose(): void {
  clearTimeout(timer);
  const presses = loose?.presses ?? [];
  loose = null;
  const [first, ...others] = presses;
  if (!first) return;
  if (presses.length > MOST_SHORTCUTS) {
    for (const { beginning } of others) tell({ kind: 'drop', draftId: beginning.draftId });
    finish(first.beginning, 'INPUT', { value: '[UNSEEN]' });
    return;
  }
  for (const { beginning, key } of presses) {
    finish({ ...beginning, key }, 'KEY_PRESS', { endedAt: beginning.startedAt });
  }
}

function beginAt(event: KeyboardEvent, origin: Element): Beginning {
  const isNowhere = origin === document.body || origin === document.documentElement;
  return begin(isNowhere ? null : origin, event);
}

function writes(event: KeyboardEvent, origin: Element): boolean {
  if (isShortcut(event)) return false;
  if (isDateField(origin)) return event.key.length === 1 || EDITING.test(event.key);
  if (!isTextField(origin)) return false;
  if (event.key === 'Enter') return !(origin instanceof HTMLInputElement);
  return event.key.length === 1 || EDITING.test(event.key);
}

function isLoose(event: KeyboardEvent, origin: Element): boolean {
  if (event.key.length !== 1 || event.key === ' ' || isShortcut(event)) return false;
  return !isTextField(origin) && !origin.matches('input,select,button');
}

function acts(event: KeyboardEvent, origin: Element): boolean {
  const isCharacter = event.key.length === 1;
  if (isShortcut(event)) return isCharacter && !/^[cxv]$/i.test(event.key); // told as COPY, CUT, PASTE
  if (isTextField(origin) && MOVES_CARET.test(event.key)) return chooses(event.key, origin);
  if (isDateField(origin) && MOVES_CARET.test(event.key)) return false; // told as its change
  if (ACTING.test(event.key)) return true;
  // A list takes letters as the beginning of a choice; that is told as its change.
  return event.key === ' ' && !isTextField(origin) && !isDateField(origin);
}

/** The arrows move the caret in a text; up and down have nowhere else to go in a single line. */
function chooses(key: string, field: Element): boolean {
  if (field.matches(WITH_LIST)) return /^Arrow|^Page/.test(key);
  return field instanceof HTMLInputElement && /^Arrow(?:Up|Down)$/.test(key);
}

/** AltGr writes characters and reports both control and alt. */
function isShortcut({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return metaKey || ctrlKey !== altKey;
}
