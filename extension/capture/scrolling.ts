import { type Beginning, begin, beginLate, finish, hasMoment, turn } from './capture.ts';
import { onTrusted } from './listen.ts';
import { closeBeforeNext, pointer } from './pending.ts';

interface Gesture {
  scroller: Element;
  beginning: Beginning;
  from: { x: number; y: number };
  endedAt: number;
}

/** A gesture is over when nothing scrolled for so long; milliseconds. */
const PAUSE = 250;

const places = new WeakMap<Element, { x: number; y: number }>();
let gesture: Gesture | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Scrolling that follows from another action of the same turn is not told. */
export function listenToScrolling(): void {
  closeBeforeNext(endScroll);
  onTrusted('wheel', (event, origin) => {
    if (gesture) return;
    const scroller = scrollerAround(origin);
    start(scroller, begin(scroller, event));
  });
  onTrusted('scroll', (_event, scroller) => {
    if (!gesture) {
      if (turn.hasActed || pointer.press || !hasMoment()) return remember(scroller);
      start(scroller, beginLate(scroller));
    }
    if (!gesture || gesture.scroller !== scroller) return remember(scroller);
    gesture.endedAt = Date.now();
    clearTimeout(timer);
    timer = setTimeout(endScroll, PAUSE);
  });
}

function start(scroller: Element, beginning: Beginning): void {
  const from = places.get(scroller) ?? { x: 0, y: 0 };
  gesture = { scroller, beginning, from, endedAt: 0 };
}

export function endScroll(): void {
  clearTimeout(timer);
  if (!gesture) return;
  const { scroller, beginning, from, endedAt } = gesture;
  gesture = null;
  const to = remember(scroller);
  if (endedAt === 0 || (from.x === to.x && from.y === to.y)) return;
  const scroll = { fromX: from.x, fromY: from.y, toX: to.x, toY: to.y };
  finish(beginning, 'SCROLL', { endedAt, context: { ...Object(beginning.context), scroll } });
  turn.hasActed = false; // what scrolls or takes the focus next is an action of its own
}

function remember(scroller: Element): { x: number; y: number } {
  const place = { x: Math.round(scroller.scrollLeft), y: Math.round(scroller.scrollTop) };
  places.set(scroller, place);
  return place;
}

function scrollerAround(element: Element): Element {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const isScroller = /auto|scroll/.test(getComputedStyle(at).overflowY);
    if (isScroller && at.scrollHeight > at.clientHeight) return at;
  }
  return document.scrollingElement ?? document.documentElement;
}
