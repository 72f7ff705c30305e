import { type Beginning, begin, beginLate, finish, tell, turn } from './capture.ts';
import { isTextField } from './dom.ts';
import { onAny, onTrusted } from './listen.ts';
import { closeBeforeNext, commit } from './pending.ts';
import { learnSecrets, shownValueOf } from './privacy.ts';

interface Typing {
  field: Element;
  beginning: Beginning;
  endedAt: number;
}

let typing: Typing | null = null;
/** A key that may begin typing: described before the field took it. */
let keyed: { field: Element; beginning: Beginning } | null = null;

export function listenToTyping(): void {
  closeBeforeNext(closeTyping);
  onAny('input', (event, field) => {
    if (!isTextField(field)) return;
    const { inputType } = event as InputEvent;
    if (typing?.field !== field) {
      if (/^(?:insertFromPaste|deleteByCut)$/.test(inputType)) return; // told as PASTE and CUT
      if (turn.isAnswering && !keyed) return; // Escape empties a search field
      startTyping(field);
    }
    if (typing) typing.endedAt = Date.now();
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
      commit();
      finish(begin(origin), word);
    });
  }
}

export function isTypingIn(field: Element): boolean {
  return typing?.field === field;
}

/** A key that changes the text is on its way to the field. */
export function expectTyping(field: Element, event: KeyboardEvent): void {
  if (typing?.field === field || keyed?.field === field) return;
  commit();
  keyed = { field, beginning: begin(field, event) };
}

function startTyping(field: Element): void {
  const beginning = keyed?.field === field ? keyed.beginning : null;
  commit();
  typing = { field, beginning: beginning ?? beginLate(field), endedAt: 0 };
  turn.hasActed = true;
  tell({
    kind: 'open',
    draftId: typing.beginning.draftId,
    at: typing.beginning.startedAt,
    draft: null,
  });
}

/** Ends a stretch of typing: one interaction, whatever the number of keys. */
function closeTyping(): void {
  keyed = null;
  if (!typing) return;
  const { field, beginning, endedAt } = typing;
  typing = null;
  learnSecrets();
  const value = shownValueOf(field).slice(0, 4_096);
  const target = beginning.target && { ...beginning.target, value };
  finish(beginning, 'INPUT', { endedAt, value, target });
}
