import { type Options, selectAll } from 'css-select';
import type { SelectorStrategy } from '../../contract/vocabulary.ts';
import { laidOut, type Page, type PageElement, type PageNode } from './element.ts';
import { roles } from './role.ts';
import { textOf, tidy } from './text.ts';

/**
 * Elements that a selector finds in the snapshot, hidden ones included where the browser would include
 * them; `null` when that cannot be told: XPath, selectors of unknown kind, CSS that is not understood or takes
 * too long.
 *
 * CSS reaches through open shadow roots. `a >> b` seeks `b` inside of `a`.
 */
export function resolveSelector(
  page: Page,
  { strategy, value }: { strategy: SelectorStrategy; value: string },
): PageElement[] | null {
  switch (strategy) {
    case 'TEST_ID':
    case 'ID':
    case 'CSS':
    case 'STRUCTURAL':
      return resolveChain(page, splitChain(value), false);
    case 'ROLE_NAME':
      return resolveChain(page, splitChain(value), true);
    case 'LABEL':
      return page.elements.filter((element) => element.visible && isLabelled(element, tidy(value)));
    case 'TEXT':
      return byText(page, tidy(value));
    case 'XPATH':
    case 'OTHER':
      return null;
  }
}

/**
 * Looks at a node that one selector may cost, about 50 ms. css-select goes back over every way to match
 * `a b c d`: six levels in a page of 120 took minutes, in which the worker did nothing else.
 */
const MAX_LOOKS = 5_000_000;
const MAX_STEPS = 8;
let looksLeft = 0;

const adapter: NonNullable<Options<PageNode, PageElement>['adapter']> = {
  isTag: (node): node is PageElement => look() && typeof node !== 'string',
  getAttributeValue: ({ attributes }, name) => attributes[name],
  hasAttrib: ({ attributes }, name) => attributes[name] !== undefined,
  getName: ({ tag }) => tag,
  getParent: ({ parent }) => look() && parent,
  getChildren: (node) =>
    typeof node === 'string'
      ? []
      : node.shadow.length > 0
        ? [...node.shadow, ...node.children]
        : node.children,
  getSiblings: (node) => (typeof node === 'string' ? [node] : node.siblings),
  getText: (node) => (typeof node === 'string' ? node : textOf(node)),
  removeSubsets: outermost,
};

const fields = new Set('button input meter output progress select textarea'.split(' '));

/** `role[name="…"]`. */
const ROLE_STEP = /^(?:role=)?([a-z]+)\[name=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]$/;

/** The last step is a role where the strategy says so; `button[name="x"]` is CSS otherwise. */
function resolveChain(page: Page, steps: string[], endsInRole: boolean): PageElement[] | null {
  if (steps.length > MAX_STEPS) return null;
  looksLeft = MAX_LOOKS;
  let scope: Set<PageElement> | null = null;
  for (const [at, step] of steps.entries()) {
    const isLast = at === steps.length - 1;
    const found = endsInRole && isLast ? byRole(page, step) : byCss(page, step);
    if (found === null) return null;
    const around: Set<PageElement> | null = scope;
    scope = new Set(around ? found.filter((element) => hasAncestor(element, around)) : found);
  }
  return scope && [...scope];
}

function byRole(page: Page, step: string): PageElement[] | null {
  const [, role, quoted] = ROLE_STEP.exec(step) ?? [];
  if (role === undefined || quoted === undefined || !roles.has(role)) return null;
  const name = tidy(quoted.slice(1, -1).replace(/\\(.)/g, '$1'));
  return page.elements.filter(
    (element) => element.visible && element.role === role && element.name === name,
  );
}

function byCss(page: Page, selector: string): PageElement[] | null {
  try {
    return selectAll<PageNode, PageElement>(selector, page.top, { adapter, cacheResults: false });
  } catch {
    return null; // css-what and css-select throw at what they do not know
  }
}

/** Always true. @throws {RangeError} the selector has cost too much */
function look(): true {
  looksLeft -= 1;
  if (looksLeft < 0) throw new RangeError('The selector takes too long.');
  return true;
}

/** Splits at `>>`, but not inside of quotes or brackets. */
function splitChain(selector: string): string[] {
  const steps = [''];
  let quote = '';
  for (let at = 0; at < selector.length; at++) {
    const char = selector[at] as string;
    if (quote === '' && selector.startsWith('>>', at)) {
      steps.push('');
      at++;
      continue;
    }
    if (char === '\\') {
      steps[steps.length - 1] += selector.slice(at, at + 2);
      at++;
      continue;
    }
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    steps[steps.length - 1] += char;
  }
  return steps.map((step) => step.trim());
}

function isLabelled({ tag, role, name }: PageElement, label: string): boolean {
  return name === label && (fields.has(tag) || role === 'textbox') && tag !== 'button';
}

/**
 * Visible elements that show exactly this text. A button and the `span` in it show the same: of such a
 * chain the control counts, or the innermost when none is one.
 */
function byText(page: Page, text: string): PageElement[] {
  if (text === '') return [];
  const shows = new Set(
    page.elements
      .filter(({ visible, tag }) => visible && tag !== 'slot')
      .filter((element) => shownText(element) === text),
  );
  const chosen = new Set<PageElement>();
  for (const innermost of shows) {
    if (laidOut(innermost).some((child) => typeof child !== 'string' && shows.has(child))) continue;
    let best = innermost;
    for (let above = innermost.parent; above && shows.has(above); above = above.parent) {
      if (!best.interactive && above.interactive) best = above;
    }
    chosen.add(best);
  }
  return page.elements.filter((element) => chosen.has(element));
}

/** An input shows its label inside itself and has no content. */
function shownText(element: PageElement): string {
  const isButton = element.tag === 'input' && element.role === 'button';
  return isButton ? element.name : textOf(element);
}

function hasAncestor(element: PageElement, ancestors: ReadonlySet<PageElement>): boolean {
  for (let above = element.parent; above; above = above.parent)
    if (ancestors.has(above)) return true;
  return false;
}

function outermost(nodes: PageNode[]): PageNode[] {
  const all = new Set(nodes.filter((node) => typeof node !== 'string'));
  return nodes.filter((node) => typeof node === 'string' || !hasAncestor(node, all));
}
