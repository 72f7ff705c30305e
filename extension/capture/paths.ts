import { looksGenerated } from './generated.ts';
import { openRoots } from './roots.ts';

const TELLING = ['data-testid', 'name', 'aria-label', 'placeholder', 'for', 'href', 'type', 'role'];
/** Questions to the whole page that one path may cost; some 0.5 ms each on 10,000 elements. */
const MOST_TESTS = 10;

/** Elements after one that are looked at before the whole page is searched for another match. */
const SOON = 120;

type Root = Document | ShadowRoot;

/**
 * A CSS selector of stable parts, as short as is unique in its root; `host >> …` for what is in an
 * open shadow root. Positions (`:nth-of-type`) are used only where nothing else tells.
 */
export function cssOf(element: Element): string {
  const root = element.getRootNode() as Root;
  const own = cssWithin(element, root);
  return root instanceof ShadowRoot ? `${cssOf(root.host)} >> ${own}` : own;
}

/** Child positions from the root: `html > body:nth-child(2) > …`. */
export function structureOf(element: Element): string {
  const steps: string[] = [];
  for (let at: Element | null = element; at; at = at.parentElement) {
    const place = at.parentNode instanceof Document ? '' : `:nth-child(${placeOf(at, false)})`;
    steps.unshift(`${CSS.escape(at.localName)}${place}`);
  }
  const root = element.getRootNode();
  const own = steps.join(' > ');
  return root instanceof ShadowRoot ? `${structureOf(root.host)} >> ${own}` : own;
}

/** Place among the siblings, from 1; `isOfType`: among those of the same tag. */
export function placeOf(element: Element, isOfType: boolean): number {
  let place = 1;
  for (let at = element.previousElementSibling; at; at = at.previousElementSibling) {
    if (!isOfType || at.localName === element.localName) place += 1;
  }
  return place;
}

export function hasTwins(element: Element): boolean {
  const { localName } = element;
  for (let at = element.previousElementSibling; at; at = at.previousElementSibling) {
    if (at.localName === localName) return true;
  }
  for (let at = element.nextElementSibling; at; at = at.nextElementSibling) {
    if (at.localName === localName) return true;
  }
  return false;
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Climbs until a part is unique in the root. Each step below is the only one among its siblings, so
 * that the whole is unique however far it has to climb.
 */
function cssWithin(element: Element, root: Root): string {
  let path = '';
  let tests = 0;
  for (let at: Element | null = element; at; at = at.parentElement) {
    const parts = partsOf(at);
    for (const part of parts) {
      if (tests >= MOST_TESTS) break;
      tests += 1;
      const candidate = path ? `${part} > ${path}` : part;
      if (isOnlyOne(candidate, element, root)) return candidate;
    }
    path = path ? `${stepOf(at, parts)} > ${path}` : stepOf(at, parts);
  }
  return path;
}

/** What matches many times mostly matches something before the element: found without a look at them all. */
export function isOnlyOne(selector: string, element: Element, root: Root): boolean {
  if (root.querySelector(selector) !== element || isSoonMatched(selector, element)) return false;
  return root.querySelectorAll(selector).length === 1;
}

/** The first of many alike has others right after it. */
function isSoonMatched(selector: string, element: Element): boolean {
  const walker = document.createTreeWalker(element.getRootNode(), NodeFilter.SHOW_ELEMENT);
  walker.currentNode = element;
  for (let n = 0; n < SOON && walker.nextNode(); n++) {
    if ((walker.currentNode as Element).matches(selector)) return true;
  }
  return false;
}

/** The first part that no sibling shares, else the position. */
function stepOf(element: Element, parts: string[]): string {
  const tag = CSS.escape(element.localName);
  if (!hasTwins(element)) {
    const [part = tag] = parts;
    return part.startsWith('#') ? tag + part : part; // a sibling of another tag may have the same id
  }
  const { parentNode } = element;
  for (const part of parts) {
    let twins = 0;
    for (const each of parentNode?.children ?? []) if (each.matches(part) && ++twins > 1) break;
    if (twins === 1) return part;
  }
  return `${tag}:nth-of-type(${placeOf(element, true)})`;
}

/** From the most telling to the plainest. */
function partsOf(element: Element): string[] {
  const tag = CSS.escape(element.localName);
  if (element.id && !looksGenerated(element.id)) return [`#${CSS.escape(element.id)}`];
  const attributes = TELLING.flatMap((name) => {
    const value = element.getAttribute(name);
    if (!value || value.length > 120 || (name === 'href' && /[?#]/.test(value))) return [];
    return [`${tag}[${name}=${quote(value)}]`];
  });
  const classes = [...element.classList]
    .filter((each) => !looksGenerated(each))
    .slice(0, 3)
    .map((each) => `.${CSS.escape(each)}`);
  const all = classes.length > 1 ? [tag + classes.join('')] : [];
  return [...attributes.slice(0, 2), ...classes.slice(0, 1).map((each) => tag + each), ...all, tag];
}

/** Open roots count among the places where a selector may match. */
export function countAll(selector: string): number {
  let count = 0;
  for (const root of openRoots()) count += root.querySelectorAll(selector).length;
  return count;
}
