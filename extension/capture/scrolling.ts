import { moved } from './boxes.ts';
import { type Beginning, begin, beginLate, finish, turn } from './capture.ts';
import { onTrusted } from './listen.ts';
import { closeBeforeNext, pointer } from './pending.ts';
import { noteChange } from './rest.ts';

interface Gesture {
  scroller: Element;
  beginning: Beginning;
  from: { x: number; y: number };
  endedAt: number;
}

/** A gesture is over when nothing scrolled for so long; milliseconds. */
const PAUSE = 250;
/** A scroller inside of the page moves because of a person only so soon after a wheel or a finger. */
const FOLLOWS = 400;

const places = new WeakMap<Element, { x: number; y: number }>();
let gesture: Gesture | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let expectedAt = Number.NEGATIVE_INFINITY;

/**
 * One gesture is one interaction. Scrolling that follows from another action is not told, nor is that
 * of an inner scroller which nobody touched: carousels and chats move by themselves.
 */
export function listenToScrolling(): void {
  closeBeforeNext(endScroll);
  onTrusted('wheel', (event, origin) => {
    expectScroll();
    if (gesture) return;
    const scroller = scrollerAround(origin, event);
    if (scroller) start(scroller, begin(scroller, event));
  });
  onTrusted('touchmove', expectScroll);
  onTrusted('scroll', (_event, origin) => {
    const scroller = origin === document.documentElement ? pageScroller() : origin;
    moved(scroller);
    noteChange();
    if (!gesture) {
      if (!isByPerson(scroller)) return remember(scroller);
      start(scroller, beginLate(scroller));
    }
    if (!gesture || gesture.scroller !== scroller) return remember(scroller);
    gesture.endedAt = Date.now();
    clearTimeout(timer);
    timer = setTimeout(endScroll, PAUSE);
  });
}

/** A person is at a scrollbar, a wheel, or moves a finger. */
export function expectScroll(): void {
  expectedAt = performance.now();
}

/** Whether a person has scrolled after this instant: `performance.now()`. */
export function hasScrolledSince(instant: number): boolean {
  return expectedAt >= instant;
}

export function isScrolling(): boolean {
  return gesture !== null && gesture.endedAt > 0;
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

function isByPerson(scroller: Element): boolean {
  const isExpected = performance.now() - expectedAt < FOLLOWS;
  if (isExpected) return true;
  const isPage = scroller === pageScroller();
  return isPage && !turn.hasActed && !pointer.press;
}

function start(scroller: Element, beginning: Beginning): void {
  const from = places.get(scroller) ?? placeBefore(scroller, beginning);
  gesture = { scroller, beginning, from, endedAt: 0 };
  clearTimeout(timer);
  timer = setTimeout(endScroll, PAUSE); // a wheel that moves nothing
}

/** The page itself may have come up scrolled. */
function placeBefore(scroller: Element, { before }: Beginning): { x: number; y: number } {
  return scroller === pageScroller()
    ? { x: before?.scrollX ?? 0, y: before?.scrollY ?? 0 }
    : { x: 0, y: 0 };
}

function remember(scroller: Element): { x: number; y: number } {
  const place = { x: Math.round(scroller.scrollLeft), y: Math.round(scroller.scrollTop) };
  places.set(scroller, place);
  return place;
}

/** What the wheel will move: the nearest that has room in its direction. */
function scrollerAround(element: Element, { deltaX, deltaY, ctrlKey }: WheelEvent): Element | null {
  if (ctrlKey) return null; // zooms
  for (let at: Element | null = element; at && at !== document.body; at = at.parentElement) {
    const roomX = at.scrollWidth - at.clientWidth;
    const roomY = at.scrollHeight - at.clientHeight;
    const goesX =
      deltaX !== 0 && roomX > 0 && (deltaX > 0 ? at.scrollLeft < roomX : at.scrollLeft > 0);
    const goesY =
      deltaY !== 0 && roomY > 0 && (deltaY > 0 ? at.scrollTop < roomY - 1 : at.scrollTop > 0);
    if (!goesX && !goesY) continue;
    const { overflowX, overflowY } = getComputedStyle(at);
    if (/auto|scroll/.test(goesY ? overflowY : overflowX)) return at;
  }
  return pageScroller();
}

function pageScroller(): Element {
  return document.scrollingElement ?? document.documentElement;
}
