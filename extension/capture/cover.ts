/** Shares of the viewport where something that covers the page is found. */
const MIDDLE = [0.5, 0.5] as const;
const SIDES = [
  [0.2, 0.25],
  [0.8, 0.75],
] as const;
/** A cover can be acted on: it can be closed. */
const CONTROL = 'button,a[href],input,select,textarea';
/** Elements that are asked whether they float before the page itself is asked what lies on top. */
const MOST_ASKED = 200;
/** Neighbours that may be shown by the change of an element: `.open + .overlay`. */
const NEIGHBOURS = 2;

/** What floats over the middle and both sides of the page, and can be acted on. Asks for the layout. */
export function coverOf(): Element | null {
  const first = floatAt(MIDDLE);
  if (!first || SIDES.some((side) => floatAt(side) !== first)) return null;
  const { width, height } = first.getBoundingClientRect();
  const isLarge = width >= innerWidth * 0.9 && height >= innerHeight * 0.9;
  return isLarge && first.querySelector(CONTROL) ? first : null;
}

/**
 * Whether something that floats may have come up with these changes. To ask the page what lies on top
 * takes it milliseconds when it is long; to ask a few elements does not. What a change shows elsewhere, by
 * a rule over several elements, is not found.
 */
export function mayFloat(changed: Iterable<Element>): boolean {
  const asked = new Set<Element>();
  const floats = (element: Element): boolean => {
    if (asked.has(element)) return false;
    asked.add(element);
    return asked.size > MOST_ASKED || isFloat(element);
  };
  for (const element of changed) {
    if (!element.isConnected) continue;
    if (element.shadowRoot) return true;
    // What can be acted on is in the cover, so the cover is around it.
    for (const control of element.querySelectorAll(CONTROL)) {
      for (let at = control.parentElement; at; at = at.parentElement) {
        if (floats(at)) return true;
        if (at === element || asked.size > MOST_ASKED) break;
      }
    }
    let next = element.nextElementSibling;
    for (let n = 0; next && n < NEIGHBOURS; next = next.nextElementSibling, n++) {
      if (floats(next)) return true;
    }
  }
  return false;
}

/** The outermost element over this point that does not move with the page. */
function floatAt([shareX, shareY]: readonly [number, number]): Element | null {
  let found: Element | null = null;
  const [x, y] = [shareX * innerWidth, shareY * innerHeight];
  for (
    let at = document.elementFromPoint(x, y);
    at && at !== document.body;
    at = at.parentElement
  ) {
    if (isFloat(at)) found = at;
  }
  return found;
}

function isFloat(element: Element): boolean {
  const { position, zIndex } = getComputedStyle(element);
  return position === 'fixed' || (position === 'absolute' && Number(zIndex) >= 10);
}
