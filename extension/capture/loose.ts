import { type Beginning, begin, finish, open, tell } from './capture.ts';
import { actNow, closeBeforeNext } from './pending.ts';
import { isTypingIn, whenUnseen } from './typing.ts';

/** More characters outside of every field than this are a text that a person types somewhere. */
const MOST_SHORTCUTS = 3;
const PAUSE = 700;

/** Characters that went to no field that we can see: shortcuts, or text for something closed. */
let loose: { origin: Element; presses: { beginning: Beginning; key: string }[] } | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

export function listenToLoose(): void {
  closeBeforeNext(closeLoose);
  whenUnseen(takeLoose);
}

/** A character may be a shortcut of the page, or one of a secret that we cannot see the field of. */
export function pressLoose(event: KeyboardEvent, origin: Element): void {
  if (isTypingIn(origin)) return;
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

/** They were typed into something closed after all. @returns how it began */
function takeLoose(origin: Element): Beginning | null {
  if (loose?.origin !== origin) return null;
  clearTimeout(timer);
  const [first, ...others] = loose.presses;
  loose = null;
  for (const { beginning } of others) tell({ kind: 'drop', draftId: beginning.draftId });
  return first?.beginning ?? null;
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

/** A key that was pressed nowhere in particular has no target. */
export function beginAt(event: KeyboardEvent, origin: Element): Beginning {
  const isNowhere = origin === document.body || origin === document.documentElement;
  return begin(isNowhere ? null : origin, event);
}
