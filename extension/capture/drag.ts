import { begin, finish } from './capture.ts';
import { unchangedMs } from './changes.ts';
import { isTextField, meantBy } from './dom.ts';
import { learnSecret } from './learn.ts';
import { onTrusted } from './listen.ts';
import { type Press, pointer } from './pending.ts';

/** A pointer that went further was dragging; CSS pixels. */
export const DISTANCE = 8;

/** `performance.now()` when the press under way went that far. */
let movedAt = 0;

export function listenToDragging(): void {
  onTrusted('pointerdown', () => {
    movedAt = 0;
  });
  onTrusted('pointermove', (event) => {
    const { press } = pointer;
    if (press && !movedAt && distanceOf(press, event) >= DISTANCE) movedAt = performance.now();
  });
  onTrusted('dragstart', (event, origin) => {
    const { press } = pointer;
    pointer.press = null;
    const isPressed =
      press !== null && (press.element === origin || !press.element.closest('[draggable=true]'));
    const beginning = isPressed ? press.beginning : begin(origin, event);
    finish(press ? { ...beginning, draftId: press.beginning.draftId } : beginning, 'DRAG');
  });
  onTrusted('drop', (event, origin) => {
    const beginning = begin(meantBy(origin), event);
    const files = [...(event.dataTransfer?.files ?? [])];
    finish(beginning, 'DROP', {
      context: { ...Object(beginning.context), ...(files.length > 0 && { files: filesOf(files) }) },
    });
  });
}

/** How many files and of which types; their names are learned, so that no echo of them is kept. */
export function filesOf(files: File[]): { count: number; types: string[] } {
  for (const { name } of files) {
    learnSecret(name);
    learnSecret(name.replace(/\.\w+$/, ''));
  }
  return { count: files.length, types: [...new Set(files.map(({ type }) => type || 'unknown'))] };
}

/**
 * What the pointer did between going down and coming up. `dragged`: something was taken along, and
 * was told as DRAG and DROP. `wandered`: it went far and nothing came of it, unless a click comes.
 */
export function watchTravel(press: Press, event: PointerEvent): 'stayed' | 'wandered' | 'dragged' {
  const { element, beginning } = press;
  if (distanceOf(press, event) < DISTANCE) return 'stayed';
  if (isTextField(element) || element.matches('input,select')) return 'wandered';
  if (!hasMoved(element, event)) return 'wandered';
  pointer.press = null;
  finish(beginning, 'DRAG');
  finish(begin(placeUnder(event, element), event), 'DROP');
  return 'dragged';
}

/** Whether the page answered to the way of the pointer, other than by selecting text. */
function hasMoved(element: Element, event: PointerEvent): boolean {
  if (element.matches('canvas') || element.hasPointerCapture(event.pointerId)) return true;
  if (element.matches('a[href],button') && element.contains(placeUnder(event, null))) return false;
  if (getSelection()?.type === 'Range') return false;
  return movedAt > 0 && performance.now() - unchangedMs() >= movedAt;
}

/** What lies under the pointer and under what it carries. */
function placeUnder({ clientX, clientY }: PointerEvent, carried: Element | null): Element | null {
  const all = document.elementsFromPoint(clientX, clientY);
  return all.find((each) => !carried?.contains(each)) ?? null;
}

export function distanceOf({ x, y }: Press, { clientX, clientY }: PointerEvent): number {
  return Math.hypot(clientX - x, clientY - y);
}
