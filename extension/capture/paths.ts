import { looksGenerated } from './generated.ts';

const TELLING = ['data-testid', 'name', 'type', 'role', 'aria-label', 'href', 'placeholder', 'for'];
const MOST_LEVELS = 6;

/**
 * A CSS selector of stable parts, as short as is unique in its root; `host >> …` for what is in an
 * open shadow root. Positions (`:nth-of-type`) are used only where nothing else tells.
 */
export function cssOf(element: Element): string {
  const root = element.getRootNode() as Document | ShadowRoot;
  const own = cssWithin(element, root);
  return root instanceof ShadowRoot ? `${cssOf(root.host)} >> ${own}` : own;
}

/** Child positions from the root: `html > body:nth-child(2) > …`. */
export function structureOf(element: Element): string {
  const steps: string[] = [];
  for (let at: Element | null = element; at; at = at.parentElement) {
    const siblings = at.parentNode instanceof Document ? null : at.parentNode?.children;
    const place = siblings ? `:nth-child(${[...siblings].indexOf(at) + 1})` : '';
    steps.unshift(`${CSS.escape(at.localName)}${place}`);
  }
  const root = element.getRootNode();
  const own = steps.join(' > ');
  return root instanceof ShadowRoot ? `${structureOf(root.host)} >> ${own}` : own;
}

function cssWithin(element: Element, root: Document | ShadowRoot): string {
  let path = '';
  for (let at: Element | null = element, level = 0; at; at = at.parentElement, level++) {
    const candidates = partsOf(at).map((part) => (path ? `${part} > ${path}` : part));
    const unique = candidates.find((candidate) => root.querySelectorAll(candidate).length === 1);
    if (unique) return unique;
    const isLast = level >= MOST_LEVELS;
    path = `${positioned(at, candidates, path)}`;
    if (isLast || root.querySelectorAll(path).length === 1) return path;
  }
  return path;
}

/** The fewest matches win; among equals the part without a position. */
function positioned(element: Element, candidates: string[], path: string): string {
  const root = element.getRootNode() as Document | ShadowRoot;
  const twins = [...(element.parentElement?.children ?? [])].filter(
    (each) => each.localName === element.localName,
  );
  const place = `${CSS.escape(element.localName)}:nth-of-type(${twins.indexOf(element) + 1})`;
  const all = twins.length > 1 ? [...candidates, path ? `${place} > ${path}` : place] : candidates;
  let best = all[0] ?? '*';
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of all) {
    const count = root.querySelectorAll(candidate).length;
    if (count >= fewest) continue;
    best = candidate;
    fewest = count;
  }
  return best;
}

/** From the plainest to the most telling. */
function partsOf(element: Element): string[] {
  const tag = CSS.escape(element.localName);
  if (element.id && !looksGenerated(element.id)) return [`#${CSS.escape(element.id)}`];
  const attributes = TELLING.flatMap((name) => {
    const value = element.getAttribute(name);
    if (!value || value.length > 120 || (name === 'href' && /[?#]/.test(value))) return [];
    return [`[${name}="${value.replace(/["\\]/g, '\\$&')}"]`];
  });
  const classes = [...element.classList]
    .filter((each) => !looksGenerated(each))
    .slice(0, 3)
    .map((each) => `.${CSS.escape(each)}`);
  return [
    tag,
    ...attributes.map((attribute) => tag + attribute),
    ...classes.map((each) => tag + each),
    tag + classes.join(''),
    tag + classes.join('') + attributes.join(''),
  ].filter((part, index, all) => all.indexOf(part) === index);
}
