import { type Beginning, begin, finish, tell, turn } from './capture.ts';
import { isTextField, isTickBox, meantBy } from './dom.ts';
import { onTrusted } from './listen.ts';
import { awaitChange, commit, commitIf, type Press, pointer } from './pending.ts';

/** A pointer that went further was dragging; CSS pixels. */
const DRAG_DISTANCE = 8;

let hovered: Beginning | null = null;
let clicks: Press[] = [];

export function listenToPointer(): void {
  onTrusted('pointerdown', (event, origin) => {
    commit();
    const element = meantBy(origin);
    const { clientX: x, clientY: y } = event;
    pointer.press = { element, beginning: begin(element, event), x, y };
  });
  onTrusted('click', (event) => {
    const { press } = pointer;
    pointer.press = null;
    if (press && event.detail > 0) click(press);
  });
  onTrusted('dblclick', () => doubleClick());
  onTrusted('contextmenu', (event, origin) => {
    const beginning = pointer.press?.beginning ?? begin(meantBy(origin), event);
    pointer.press = null;
    finish(beginning, 'CONTEXT_MENU');
  });
  listenToDragging();
}

/** Tells of the element on which a deliberate hover came to rest. */
export function commitHover(): void {
  if (hovered) finish(hovered, 'HOVER');
  hovered = null;
}

export function listenToHover(): void {
  onTrusted('mouseover', (event, origin) => {
    if (turn.isHover && !pointer.press) hovered = begin(meantBy(origin), event);
  });
}

function listenToDragging(): void {
  onTrusted('pointerup', (event) => {
    const { press } = pointer;
    if (!press || isTextField(press.element) || press.element.matches('input[type=range]')) return;
    if (Math.hypot(event.clientX - press.x, event.clientY - press.y) < DRAG_DISTANCE) return;
    pointer.press = null;
    finish(press.beginning, 'DRAG');
    finish(begin(document.elementFromPoint(event.clientX, event.clientY), event), 'DROP');
  });
  onTrusted('dragstart', () => {
    if (pointer.press) finish(pointer.press.beginning, 'DRAG');
    pointer.press = null;
  });
  onTrusted('drop', (event, origin) => finish(begin(origin, event), 'DROP'));
}

function click(press: Press): void {
  const { element, beginning } = press;
  const asClick = (): void => {
    finish(beginning, 'CLICK', { endedAt: beginning.startedAt });
    clicks = [...clicks.filter((each) => each.element === element), press].slice(-2);
  };
  if (isTickBox(element)) {
    awaitChange(element, beginning, asClick);
    // The change comes while the click is dispatched, on the label first and then on its control.
    setTimeout(() => commitIf(beginning));
  } else if (element.matches('select,input[type=file]')) {
    awaitChange(element, beginning, asClick);
  } else {
    asClick();
  }
}

/** The two clicks before it were one action. */
function doubleClick(): void {
  const [first] = clicks;
  if (!first || clicks.length < 2) return;
  for (const { beginning } of clicks) tell({ kind: 'drop', draftId: beginning.draftId });
  clicks = [];
  finish({ ...first.beginning, draftId: `${first.beginning.draftId}:double` }, 'DOUBLE_CLICK');
}
