import { begin, finish, open, tell, turn } from './capture.ts';
import { isTickBox, meantBy } from './dom.ts';
import { DISTANCE, distanceOf, watchTravel } from './drag.ts';
import { onTrusted } from './listen.ts';
import { actNow, awaitChange, commitIf, dropPress, type Press, pointer } from './pending.ts';
import { expectScroll } from './scrolling.ts';
import { LONGEST_SWIPE_MS } from './touch.ts';

/** A click that does not come by then will not come; a finger may still become a double tap. */
const CLICK_COMES = { mouse: 50, touch: 350 };
/** A key that acts as a click does so right away; milliseconds. */
const BY_KEY = 100;
/** A finger that rests so long means something else than a tap; milliseconds. */
const LONG_PRESS = 500;

let clicks: Press[] = [];

export function listenToPointer(): void {
  onTrusted('pointerdown', (event, origin) => {
    if (!event.isPrimary) return;
    dropPress(); // its end was not seen
    if (isOnScrollbar(event, origin)) return expectScroll();
    actNow();
    const element = meantBy(origin);
    const { clientX: x, clientY: y } = event;
    const beginning = begin(element, event);
    const isTouch = event.pointerType === 'touch';
    pointer.press = { element, beginning, x, y, at: event.timeStamp, isTouch };
    open(beginning, null);
  });
  onTrusted('pointerup', (event) => {
    const { press } = pointer;
    if (!press || !event.isPrimary) return;
    const lasted = event.timeStamp - press.at; // not when a busy page let us hear of it
    const maySwipe = press.isTouch && lasted < LONGEST_SWIPE_MS;
    const travel = maySwipe ? swipeOrTap(press, event) : watchTravel(press, event);
    if (travel === 'dragged') return;
    // A page that replaces the element while it is pressed gets no click.
    setTimeout(
      () => {
        if (pointer.press !== press) return;
        if (event.button !== 0 || travel === 'wandered') return dropPress();
        pointer.press = null;
        if (press.isTouch && lasted > LONG_PRESS) touchLong(press);
        else click(press);
      },
      press.isTouch ? CLICK_COMES.touch : CLICK_COMES.mouse,
    );
  });
  onTrusted('pointercancel', (event) => {
    if (!event.isPrimary || !pointer.press) return;
    if (pointer.press.isTouch) expectScroll();
    dropPress();
  });
  listenToClicks();
}

/** The document ends under the pointer: what it went down on was what was meant. */
export function closePress(): void {
  const { press } = pointer;
  pointer.press = null;
  if (press) finish(press.beginning, 'CLICK', { endedAt: press.beginning.startedAt });
}

function listenToClicks(): void {
  onTrusted('click', (event, origin) => {
    const { press } = pointer;
    if (press && event.detail > 0) {
      pointer.press = null;
      return click(press);
    }
    // By a screen reader or by voice: no pointer went down, no key was pressed.
    const isByKey = performance.now() - turn.keyAt < BY_KEY;
    if (event.detail > 0 || turn.hasActed || isByKey || press) return;
    actNow();
    const element = meantBy(origin);
    click({ element, beginning: begin(element, event), x: 0, y: 0, at: 0, isTouch: false });
  });
  onTrusted('auxclick', (event) => {
    if (event.button !== 1 || !pointer.press) return;
    finish(pointer.press.beginning, 'CLICK');
    pointer.press = null;
  });
  onTrusted('dblclick', () => doubleClick());
  onTrusted('contextmenu', (event, origin) => {
    const beginning = pointer.press?.beginning ?? begin(meantBy(origin), event);
    pointer.press = null;
    finish(beginning, 'CONTEXT_MENU');
  });
}

/** The end of the touch comes right after, and says what it was. */
function swipeOrTap(press: Press, event: PointerEvent): 'stayed' | 'wandered' {
  return distanceOf(press, event) < DISTANCE ? 'stayed' : 'wandered';
}

function click(press: Press): void {
  const { element, beginning } = press;
  const asClick = (): void => {
    finish(beginning, 'CLICK', { endedAt: beginning.startedAt });
    clicks = [...clicks.filter((each) => each.element === element), press].slice(-2);
  };
  if (isTickBox(element)) {
    awaitChange(element, beginning, 'CLICK', asClick);
    // The change comes while the click is dispatched, on the label first and then on its control.
    setTimeout(() => commitIf(beginning));
  } else if (element.matches('select,input[type=file]')) {
    awaitChange(element, beginning, 'CLICK', asClick);
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

function touchLong({ beginning }: Press): void {
  const context = { ...Object(beginning.context), gesture: 'long press' };
  finish(beginning, 'TOUCH', { context });
}

function isOnScrollbar({ clientX, clientY, pointerType }: PointerEvent, origin: Element): boolean {
  if (pointerType !== 'mouse' || !(origin instanceof HTMLElement)) return false;
  if (origin === document.documentElement) {
    return clientX >= origin.clientWidth || clientY >= origin.clientHeight;
  }
  if (origin.clientWidth === 0) return false;
  const { left, top } = origin.getBoundingClientRect();
  const hasBar = (bar: number, client: number, full: number): boolean => bar > 0 && full > client;
  const right = left + origin.clientLeft + origin.clientWidth;
  const bottom = top + origin.clientTop + origin.clientHeight;
  const barX = origin.offsetWidth - origin.clientWidth - 2 * origin.clientLeft;
  const barY = origin.offsetHeight - origin.clientHeight - 2 * origin.clientTop;
  return (
    (clientX >= right && hasBar(barX, origin.clientHeight, origin.scrollHeight)) ||
    (clientY >= bottom && hasBar(barY, origin.clientWidth, origin.scrollWidth))
  );
}
