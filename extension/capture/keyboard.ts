import { begin, finish } from './capture.ts';
import { isTextField, isTickBox } from './dom.ts';
import { onTrusted } from './listen.ts';
import { awaitChange, commit } from './pending.ts';
import { expectTyping } from './typing.ts';

const ACTING =
  /^(?:Enter|Escape|Tab|Arrow(?:Up|Down|Left|Right)|Home|End|PageUp|PageDown|F\d+|ContextMenu)$/;
const EDITING = /^(?:Backspace|Delete)$/;
const MOVES_CHOICE = /^(?: |Arrow.*|Home|End)$/;

export function listenToKeyboard(): void {
  onTrusted('keydown', (event, origin) => {
    if (event.isComposing) return;
    if (writes(event, origin)) {
      expectTyping(origin, event);
    } else if (acts(event, origin)) {
      commit();
      press(event, origin);
    }
  });
}

function press(event: KeyboardEvent, origin: Element): void {
  const isNowhere = origin === document.body || origin === document.documentElement;
  const beginning = begin(isNowhere ? null : origin, event);
  const { key } = event;
  const asKey = (): void => finish(beginning, 'KEY_PRESS', { key, endedAt: beginning.startedAt });
  const isChoice = isTickBox(origin) || origin instanceof HTMLSelectElement;
  if (isChoice && MOVES_CHOICE.test(key)) awaitChange(origin, beginning, asKey);
  else asKey();
}

function writes(event: KeyboardEvent, origin: Element): boolean {
  if (!isTextField(origin) || isShortcut(event)) return false;
  if (event.key === 'Enter') return !(origin instanceof HTMLInputElement);
  return event.key.length === 1 || EDITING.test(event.key);
}

function acts(event: KeyboardEvent, origin: Element): boolean {
  const isCharacter = event.key.length === 1;
  if (isShortcut(event)) return isCharacter && !/[cxv]/i.test(event.key); // told as COPY, CUT, PASTE
  return ACTING.test(event.key) || (isCharacter && !isTextField(origin));
}

/** AltGr writes characters and reports both control and alt. */
function isShortcut({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return metaKey || ctrlKey !== altKey;
}
