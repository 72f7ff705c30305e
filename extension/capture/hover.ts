import { beginLate, finish, turn } from './capture.ts';
import { wasAddedSince } from './changes.ts';
import { isInView, isVisible, meantBy, parentOf } from './dom.ts';
import { onTrusted } from './listen.ts';
import { closeBeforeNext, pointer } from './pending.ts';
import { pieceOf } from './pieces.ts';
import { hasScrolledSince } from './scrolling.ts';

/** When it is looked whether the page has answered, in milliseconds after the pointer came. */
const LOOKS = [120, 300, 500];
/** What comes up farther away is not the answer; CSS pixels. */
const NEAR = 150;
const MOST_CANDIDATES = 200;
const ON_TOP = '[role=menu],[role=tooltip],[role=listbox],[role=dialog],[popover]';

type Visit = {
  element: Element;
  at: number;
  /** How often it was looked. */
  looks: number;
  isTold: boolean;
};

let visit: Visit | null = null;
let last: Element | null = null;
/** Where the pointer was last, on the screen. */
const point = { x: Number.NaN, y: Number.NaN };
/** One for all visits: a pointer passes many things and rests on few. */
let timer = 0;

/**
 * Tells of a pointer that rests on something and is answered: a menu, a tooltip or the like comes up
 * in it or beside it within half a second. Everything else that a pointer passes is not told.
 */
export function listenToHover(): void {
  closeBeforeNext(leave);
  onTrusted('pointermove', ({ screenX, screenY }) => {
    point.x = screenX;
    point.y = screenY;
  });
  onTrusted('mouseover', ({ screenX, screenY }, origin) => {
    last = origin;
    if (point.x === screenX && point.y === screenY) return leave(); // the page moved, not the pointer
    const element = meantBy(origin);
    if (visit && (visit.element === element || isAnswered(visit, origin))) return;
    // On the way into what has just come up.
    if (visit && (pieceOf(origin)?.isHidden ?? true)) check(visit);
    visit = { element, at: performance.now(), looks: 0, isTold: false };
    lookLater(visit);
  });
  onTrusted('pointerdown', () => {
    if (visit) check(visit);
  });
}

/** What comes up from now on is the answer to something else. */
function leave(): void {
  visit = null;
}

function isAnswered({ element, isTold }: Visit, origin: Element): boolean {
  return isTold && isIn(element, origin);
}

function lookLater({ at, looks }: Visit): void {
  const wait = LOOKS[looks];
  if (timer || wait === undefined) return;
  timer = setTimeout(lookNow, Math.max(0, at + wait - performance.now())) as unknown as number;
}

function lookNow(): void {
  timer = 0;
  if (!visit || visit.isTold) return;
  // The timer may be that of a thing that the pointer has left.
  if (performance.now() >= visit.at + (LOOKS[visit.looks] ?? 0) - 1) {
    visit.looks += 1;
    check(visit);
  }
  if (!visit.isTold) lookLater(visit);
}

function check(asked: Visit): void {
  const { element, at, isTold } = asked;
  if (hasScrolledSince(at)) return;
  if (isTold || pointer.press || turn.hasActed || !element.isConnected) return;
  if (performance.now() - at > 2 * (LOOKS.at(-1) ?? 0)) return;
  const opened = answerTo(asked);
  if (!opened || !last || !(isIn(element, last) || isIn(opened, last))) return;
  asked.isTold = true;
  const beginning = beginLate(element);
  const { localName: tag, role } = opened;
  const context = { ...Object(beginning.context), opened: { tag, role } };
  const startedAt = Date.now() - Math.round(performance.now() - at);
  finish({ ...beginning, startedAt }, 'HOVER', { endedAt: Date.now(), context });
}

/** What came up since the pointer came, as far as the page was known then. */
function answerTo({ element, at: since }: Visit): Element | null {
  let box: DOMRect | null = null;
  for (const each of candidatesAround(element)) {
    const isNew = wasAddedSince(each, since);
    if (!isNew && !pieceOf(each)?.isHidden) continue;
    if (!isVisible(each) || each.contains(element)) continue;
    if (isNew && !each.matches(ON_TOP) && !isAfloat(each)) continue;
    const at = each.getBoundingClientRect();
    box ??= element.getBoundingClientRect();
    if (isInView(at) && at.height > 4 && distanceBetween(box, at) <= NEAR) return each;
  }
  return null;
}

/** In the element, beside it, named by it, or on top of the page. */
function candidatesAround(element: Element): Element[] {
  const found: Element[] = [];
  for (const name of ['aria-controls', 'aria-describedby', 'aria-details']) {
    const named = document.getElementById(element.getAttribute(name) ?? '');
    if (named) found.push(named);
  }
  found.push(...first(element));
  const parent = parentOf(element);
  if (parent && parent !== document.body) found.push(...first(parent));
  // Menus and tooltips are often put at the end of the page.
  const { body } = document;
  for (
    let top = body?.lastElementChild, n = 0;
    top && n < 12;
    top = top.previousElementSibling, n++
  )
    found.push(top, ...[...top.children].slice(0, 8));
  return found;
}

function first(parent: Element): Element[] {
  const all = parent.getElementsByTagName('*');
  return Array.from(
    { length: Math.min(all.length, MOST_CANDIDATES) },
    (_, index) => all[index],
  ).filter((each) => each !== undefined);
}

function isAfloat(element: Element): boolean {
  return /absolute|fixed/.test(getComputedStyle(element).position);
}

function isIn(outer: Element, inner: Element): boolean {
  for (let at: Element | null = inner; at; at = parentOf(at)) if (at === outer) return true;
  return false;
}

function distanceBetween(a: DOMRect, b: DOMRect): number {
  const dx = Math.max(0, a.left - b.right, b.left - a.right);
  const dy = Math.max(0, a.top - b.bottom, b.top - a.bottom);
  return Math.hypot(dx, dy);
}
