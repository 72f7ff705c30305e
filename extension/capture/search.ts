import { closestOf, collapse, INTERACTIVE, isVisible, textOf } from './dom.ts';
import { labelOf, nameOf } from './names.ts';
import { age, group, type Piece, pieceOf } from './pieces.ts';
import { openRoots } from './roots.ts';
import { isWritten } from './survey.ts';
import { keyOf } from './write.ts';

/** Milliseconds that a search among names may take; then nobody has counted. */
const PATIENCE = 3;
/** Matches are counted up to here: what matches so often finds nothing. */
export const MOST_COUNTED = 100;

/** As `querySelectorAll`, through open shadow roots; no match when the selector is not valid. */
export function queryAll(selector: string, scope?: Element): Element[] {
  const found: Element[] = [];
  try {
    for (const root of openRoots()) {
      if (!scope || root === scope.getRootNode()) {
        found.push(...(scope ?? root).querySelectorAll(selector));
      } else if (root instanceof ShadowRoot && holds(scope, root.host)) {
        found.push(...root.querySelectorAll(selector));
      }
    }
  } catch {
    return [];
  }
  return found;
}

/** Whether the scope is the element or around it, also from outside of its shadow root. */
export function holds(scope: Element, element: Element): boolean {
  return scope.contains(element) || (group('host').size > 0 && isAbove(scope, element));
}

/**
 * Elements that assistive technology knows by this role and name, at most `MOST_COUNTED`; `null` when the
 * search takes too long.
 */
export function withRoleAndName(role: string, name: string): Element[] | null {
  const until = performance.now() + PATIENCE;
  const found: Element[] = [];
  let count = 0;
  for (const piece of group(`role:${role}`)) {
    count += 1;
    if (count % 16 === 0 && performance.now() > until) return null;
    if (piece.isHidden || piece.isConcealed || !piece.element.isConnected) continue;
    if (nameOfPiece(piece) !== name) continue;
    if (found.push(piece.element) === MOST_COUNTED) break;
  }
  return found;
}

/** Whether `withRoleAndName` may find the element by its own role and name. */
export function isFoundByName(element: Element): boolean {
  const piece = pieceOf(element);
  return piece !== undefined && !piece.isHidden && !piece.isConcealed;
}

export function withLabel(label: string): Element[] {
  const fields = new Set<Element>();
  for (const each of queryAll('label')) {
    const { control } = each as HTMLLabelElement;
    if (control && !fields.has(control) && labelOf(control) === label) fields.add(control);
  }
  return [...fields];
}

/**
 * Innermost elements with this shown text, or the nearest thing to act on around them that has the
 * same; at most `MOST_COUNTED`. Texts that the page cuts into other stretches than those of `like` may be
 * missed.
 */
export function withText(text: string, like: Element): Element[] | null {
  const until = performance.now() + PATIENCE;
  const found = new Set<Element>();
  const keys = new Set([keyOf(text), keyOf(firstTextOf(like)?.data ?? '')]);
  let count = 0;
  for (const key of keys) {
    for (const { element, isHidden } of group(`text:${key}`)) {
      count += 1;
      if (count % 16 === 0 && performance.now() > until) return null;
      if (isHidden || !element.isConnected) continue;
      const innermost = holderOf(text, element);
      if (!innermost) continue;
      found.add(raised(innermost, text));
      if (found.size === MOST_COUNTED) return [...found];
    }
  }
  return [...found];
}

/** Whether `withText` may find the element by its own text. */
export function isFoundByText(text: string, element: Element): boolean {
  const first = firstTextOf(element)?.parentElement;
  const innermost = first ? holderOf(text, first) : null;
  return innermost !== null && raised(innermost, text) === element;
}

/** The name of an element of the page as it is now; worked out once. */
export function nameOfPiece(piece: Piece): string {
  if (piece.name !== undefined && piece.nameAge === age.labels) return piece.name;
  const name = nameOf(piece.element);
  if (isWritten()) {
    piece.name = name;
    piece.nameAge = age.labels;
  }
  return name;
}

function isAbove(scope: Element, element: Element): boolean {
  const root = element.getRootNode();
  return root instanceof ShadowRoot && (scope.contains(root.host) || isAbove(scope, root.host));
}

/** The element or the first around it that says all of the text and nothing else. */
function holderOf(text: string, element: Element): Element | null {
  for (
    let at: Element | null = element, level = 0;
    at && level < 4;
    at = at.parentElement, level++
  ) {
    if (at.firstElementChild && at.textContent.length > text.length * 8 + 200) return null;
    const shown = at.firstElementChild ? textOf(at) : collapse(at.textContent);
    if (shown === text) return at;
    // What is around it says even more.
    if (!text.includes(shown)) return null;
  }
  return null;
}

function raised(element: Element, text: string): Element {
  const around = closestOf(element, INTERACTIVE);
  return around && around !== element && textOf(around) === text ? around : element;
}

function firstTextOf(element: Element): Text | null {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { data, parentElement } = node as Text;
    if (data.trim() && parentElement && isVisible(parentElement)) return node as Text;
  }
  return null;
}
