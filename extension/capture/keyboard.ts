import { finish, turn } from './capture.ts';
import { isDateField, isTextField, isTickBox } from './dom.ts';
import { onTrusted } from './listen.ts';
import { beginAt, listenToLoose, pressLoose } from './loose.ts';
import { actNow, awaitChange } from './pending.ts';
import { expectSending, expectTyping } from './typing.ts';

const ACTING =
  /^(?:Enter|Escape|Tab|Arrow(?:Up|Down|Left|Right)|Home|End|PageUp|PageDown|F\d+|ContextMenu)$/;
const EDITING = /^(?:Backspace|Delete)$/;
const MOVES_CHOICE = /^(?: |Arrow.*|Home|End)$/;
const MOVES_CARET = /^(?:Arrow.*|Home|End|PageUp|PageDown)$/;
/** A field with a list below it: the arrows choose from the list. */
const WITH_LIST =
  '[role=combobox],[aria-autocomplete],[aria-controls],[aria-activedescendant],[aria-haspopup],[list],[type=number]';

export function listenToKeyboard(): void {
  listenToLoose();
  onTrusted('keyup', noteKey);
  onTrusted('keydown', (event, origin) => {
    noteKey();
    if (event.isComposing || event.key === 'Process') return;
    const isWriting = writes(event, origin);
    if (isWriting && event.key === 'Enter') expectSending(origin, event);
    if (isWriting) expectTyping(origin, event);
    else if (isLoose(event, origin)) pressLoose(event, origin);
    else if (acts(event, origin) && !event.repeat) press(event, origin);
  });
}

/** The click that a key makes comes in the same task, however long the page takes to answer to the key. */
function noteKey(): void {
  turn.keyAt = Number.POSITIVE_INFINITY;
  setTimeout(() => {
    turn.keyAt = performance.now();
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
