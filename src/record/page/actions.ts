import { closeTyping } from './typing.ts';
import { endScroll } from './scrolling.ts';
import { type Beginning, begin, finish, tell, turn } from './capture.ts';
import { isTextField, isTickBox, meantBy, originOf } from './dom.ts';

/** What may still become a CHANGE or SELECT of the same element. */
interface Waiting {
  element: Element;
  beginning: Beginning;
  /** What it was if nothing changes. */
  otherwise: () => void;
}

interface Press {
  element: Element;
  beginning: Beginning;
  x: number;
  y: number;
}

/** A pointer that went further was dragging: pixels, as in most toolkits. */
const DRAG_DISTANCE = 8;

let press: Press | null = null;
let waiting: Waiting | null = null;
let hovered: Beginning | null = null;
let clicks: { element: Element; beginning: Beginning }[] = [];

export function isPressing(): boolean {
  return press !== null;
}

/** Closes all that was waiting, before something new begins. */
export function commit(): void {
  const waited = waiting;
  waiting = null;
  waited?.otherwise();
  closeTyping();
  endScroll();
}

export function commitHover(): void {
  if (hovered) finish(hovered, 'HOVER');
  hovered = null;
}

/** Waits for a change of the element; the next interaction or `commit` ends the wait. */
export function awaitChange(element: Element, beginning: Beginning, otherwise: () => void): void {
  waiting = { element, beginning, otherwise };
  tell({ kind: 'open', key: beginning.key, at: beginning.startedAt });
}

/** The beginning of the click or key that changed this element, if there was one. */
export function takeCause(element: Element): Beginning | null {
  const cause = waiting ?? press;
  if (!cause || !isSameControl(cause.element, element)) return null;
  waiting = null;
  press = null;
  return cause.beginning;
}

export function listenToPointer(): void {
  on('pointerdown', (event) => {
    commit();
    const origin = originOf(event);
    if (!origin) return;
    const element = meantBy(origin);
    press = { element, beginning: begin(element, event), x: event.clientX, y: event.clientY };
  });
  on('pointerup', (event) => {
    if (!press || isTextField(press.element) || press.element.matches('input[type=range]')) return;
    if (Math.hypot(event.clientX - press.x, event.clientY - press.y) < DRAG_DISTANCE) return;
    finish(press.beginning, 'DRAG');
    press = null;
    const under = document.elementFromPoint(event.clientX, event.clientY);
    finish(begin(under, event), 'DROP');
  });
  on('click', (event) => {
    const pressed = press;
    press = null;
    if (pressed && event.detail > 0) click(pressed);
  });
  on('dblclick', (event) => {
    const [first] = clicks;
    if (!first || clicks.length < 2) return;
    for (const { beginning } of clicks) tell({ kind: 'drop', key: beginning.key });
    const { startedAt } = first.beginning;
    finish({ ...first.beginning, key: `${first.beginning.key}:double`, startedAt }, 'DOUBLE_CLICK');
    clicks = [];
    event.detail;
  });
  on('contextmenu', (event) => {
    const origin = originOf(event);
    const beginning = press?.beginning ?? (origin ? begin(meantBy(origin), event) : null);
    press = null;
    if (beginning) finish(beginning, 'CONTEXT_MENU');
  });
  on('dragstart', () => {
    if (press) finish(press.beginning, 'DRAG');
    press = null;
  });
  on('drop', (event) => {
    const origin = originOf(event);
    if (origin) finish(begin(origin, event), 'DROP');
  });
  on('mouseover', (event) => {
    const origin = originOf(event);
    if (turn.isHover && !press && origin) hovered = begin(meantBy(origin), event);
  });
  for (const type of ['copy', 'cut', 'paste'] as const) {
    on(type, (event) => {
      commit();
      const word = { copy: 'COPY', cut: 'CUT', paste: 'PASTE' } as const;
      finish(begin(originOf(event)), word[type]);
    });
  }
}

function click({ element, beginning }: Press): void {
  const asClick = (): void => {
    finish(beginning, 'CLICK');
    clicks = [...clicks.filter((each) => each.element === element), { element, beginning }].slice(-2);
  };
  if (isTickBox(element)) {
    awaitChange(element, beginning, asClick);
    setTimeout(() => {
      if (waiting?.beginning === beginning) commit();
    });
  } else if (element instanceof HTMLSelectElement || element.matches('input[type=file]')) {
    awaitChange(element, beginning, asClick);
  } else {
    asClick();
  }
}

/** Radio buttons of one group are one control: the arrow keys move the tick. */
function isSameControl(cause: Element, changed: Element): boolean {
  if (cause === changed || cause.contains(changed)) return true;
  if (!isTickBox(cause) || !isTickBox(changed)) return false;
  return cause.name !== '' && cause.name === changed.name && cause.form === changed.form;
}

/** A listener that sees the event before the page does, and only what a person or driver did. */
export function on<K extends keyof DocumentEventMap>(
  type: K,
  listener: (event: DocumentEventMap[K]) => void,
): void {
  window.addEventListener(
    type,
    (event) => {
      if (event.isTrusted) listener(event as DocumentEventMap[K]);
    },
    { capture: true, passive: true },
  );
}
