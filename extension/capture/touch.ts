import { type Beginning, finish } from './capture.ts';
import { onTrusted } from './listen.ts';
import { dropPress, pointer } from './pending.ts';
import { isScrolling } from './scrolling.ts';

/** Shorter ways are unsteady taps; CSS pixels. */
const SHORTEST_SWIPE = 30;
export const LONGEST_SWIPE_MS = 800;

type Point = { x: number; y: number };
type Gesture = {
  beginning: Beginning;
  /** `Event.timeStamp`. */
  at: number;
  from: Point[];
  to: Point[];
  hasScrolled: boolean;
};

let gesture: Gesture | null = null;

/** Tells of gestures that are no taps and do not scroll: swipes and pinches. */
export function listenToTouch(): void {
  onTrusted('touchstart', ({ touches, timeStamp }) => {
    const beginning = gesture?.beginning ?? pointer.press?.beginning;
    if (!beginning) return;
    const from = pointsOf(touches);
    gesture = { beginning, at: gesture?.at ?? timeStamp, from, to: from, hasScrolled: false };
    if (from.length > 1) dropPress();
  });
  onTrusted('touchmove', ({ touches }) => {
    if (!gesture) return;
    gesture.hasScrolled ||= isScrolling();
    if (touches.length === gesture.from.length) gesture.to = pointsOf(touches);
  });
  onTrusted('touchend', ({ touches, changedTouches, timeStamp }) => {
    if (!gesture) return;
    const all = [...pointsOf(touches), ...pointsOf(changedTouches)];
    if (all.length === gesture.from.length) gesture.to = all;
    if (touches.length > 0) return;
    const ended = gesture;
    gesture = null;
    end(ended, timeStamp);
  });
  onTrusted('touchcancel', () => {
    gesture = null;
  });
}

function end({ beginning, at, from, to, hasScrolled }: Gesture, endedAt: number): void {
  const what = from.length > 1 ? pinchOf(from, to) : swipeOf(from[0], to[0]);
  if (!what) return;
  // The browser took the finger over, or the page scrolled with it: that is told as SCROLL.
  const isScroll = hasScrolled || isScrolling() || !pointer.press;
  if (what.gesture === 'swipe' && (isScroll || endedAt - at > LONGEST_SWIPE_MS)) return;
  dropPress();
  const context = { ...Object(beginning.context), ...what };
  finish({ ...beginning, draftId: `${beginning.draftId}:touch` }, 'TOUCH', { context });
}

function pinchOf([a, b]: Point[], [c, d]: Point[]) {
  if (!a || !b || !c || !d) return null;
  const before = Math.hypot(a.x - b.x, a.y - b.y);
  const scale = Math.round((Math.hypot(c.x - d.x, c.y - d.y) / Math.max(1, before)) * 100) / 100;
  return Math.abs(scale - 1) < 0.1 ? null : { gesture: 'pinch', scale };
}

function swipeOf(from?: Point, to?: Point) {
  if (!from || !to) return null;
  const dx = Math.round(to.x - from.x);
  const dy = Math.round(to.y - from.y);
  if (Math.hypot(dx, dy) < SHORTEST_SWIPE) return null;
  const isAcross = Math.abs(dx) > Math.abs(dy);
  const direction = isAcross ? (dx > 0 ? 'right' : 'left') : dy > 0 ? 'down' : 'up';
  return { gesture: 'swipe', direction, dx, dy };
}

function pointsOf(touches: TouchList): Point[] {
  return [...touches].map(({ clientX: x, clientY: y }) => ({ x, y }));
}
