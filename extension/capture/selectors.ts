import type { Selector } from '../../src/contract/interaction.ts';
import { limits } from '../../src/contract/limits.ts';
import type { SelectorStrategy } from '../../src/contract/vocabulary.ts';
import { textOf } from './dom.ts';
import { looksGenerated } from './generated.ts';
import { labelOf, nameOf, roleOfElement } from './names.ts';
import { countAll, cssOf, hasTwins, isOnlyOne, placeOf, quote, structureOf } from './paths.ts';
import { cleanText } from './privacy.ts';
import { openRoots } from './roots.ts';
import { scopeOf } from './scopes.ts';
import {
  holds,
  isFoundByName,
  isFoundByText,
  MOST_COUNTED,
  queryAll,
  withLabel,
  withRoleAndName,
  withText,
} from './search.ts';

/** @param isFound whether the element is among more matches than were counted */
type AddFound = (
  strategy: SelectorStrategy,
  value: string,
  matches: Element[] | null,
  isFound?: () => boolean,
) => void;

const TEST_ID_ATTRIBUTES = ['data-testid', 'data-test-id', 'data-test', 'data-cy', 'data-qa'];
const LONGEST_TEXT = 80;

/** Positions fail by matching something else, not by matching nothing. */
const POSITIONAL = { pattern: /:nth-|\[\d+\]/, trust: 0.45 };
/** Trust in a strategy that matches once, before anything is known of the site: order of `STACK.md`. */
const TRUST: Record<SelectorStrategy, number> = {
  TEST_ID: 0.97,
  ID: 0.92,
  ROLE_NAME: 0.9,
  LABEL: 0.85,
  TEXT: 0.7,
  CSS: 0.65,
  XPATH: 0.5,
  STRUCTURAL: 0.3,
  OTHER: 0.3,
};

/** Nobody has counted: there were too many to count in the time that an action has. */
const UNCOUNTED_TRUST = 0.5;

/**
 * The selectors of an element within its own frame, with the number of elements that match now.
 *
 * `>>` goes on among the descendants of what matched before it, through open shadow roots. A part
 * `word[name="…"]` of a ROLE_NAME selector is a role and an accessible name, any other part is CSS.
 * LABEL matches the field whose label has this text. TEXT matches the innermost elements with this
 * shown text, or the nearest thing to act on around them that has the same. A selector whose words
 * are personal is left out. Matches of ROLE_NAME and TEXT are counted up to 100.
 */
export function selectorsOf(element: Element): Selector[] {
  const found: Selector[] = [];
  const add = (strategy: SelectorStrategy, value: string, matchCount: number | null): void => {
    if (matchCount === 0 || cleanText(value) !== value) return;
    if (value.length > limits.selectorChars || found.some((each) => each.value === value)) return;
    const isPositional = /^(?:CSS|XPATH)$/.test(strategy) && POSITIONAL.pattern.test(value);
    const trust = isPositional ? POSITIONAL.trust : TRUST[strategy];
    const share = matchCount === null ? UNCOUNTED_TRUST : 1 / matchCount;
    found.push({ strategy, value, matchCount, confidence: Math.round(trust * share * 100) / 100 });
  };
  const addFound: AddFound = (strategy, value, matches, isFound) => {
    const isIn = matches?.includes(element) || (matches?.length === MOST_COUNTED && isFound?.());
    add(strategy, value, matches && (isIn ? matches.length : 0));
  };

  for (const attribute of TEST_ID_ATTRIBUTES) {
    const value = element.getAttribute(attribute);
    if (!value) continue;
    const selector = `[${attribute}=${quote(value)}]`;
    add('TEST_ID', selector, countAll(selector));
  }
  if (element.id && !looksGenerated(element.id)) {
    const selector = `#${CSS.escape(element.id)}`;
    add('ID', selector, countAll(selector));
  }
  addRoleName(element, addFound);
  const label = labelOf(element);
  if (label && label.length <= LONGEST_TEXT) addFound('LABEL', label, withLabel(label));
  const text = textOf(element, LONGEST_TEXT + 1);
  if (text && text.length <= LONGEST_TEXT) {
    addFound('TEXT', text, withText(text, element), () => isFoundByText(text, element));
  }
  const css = cssOf(element);
  addFound('CSS', css, resolveChain(css, element));
  const xpath = xpathOf(element);
  if (xpath) add('XPATH', xpath, 1);
  add('STRUCTURAL', structureOf(element), 1);
  return found;
}

/** CSS parts joined by ` >> `. The path of an element of the document is known to find it alone there. */
function resolveChain(value: string, element: Element): Element[] {
  if (element.isConnected && element.getRootNode() === document) {
    return [
      element,
      ...openRoots()
        .slice(1)
        .flatMap((root) => [...root.querySelectorAll(value)]),
    ];
  }
  const [first = '', ...rest] = value.split(' >> ');
  let found = queryAll(first);
  for (const part of rest) found = [...new Set(found.flatMap((scope) => queryAll(part, scope)))];
  return found;
}

function addRoleName(element: Element, add: AddFound): void {
  const role = roleOfElement(element);
  const name = role ? nameOf(element) : '';
  if (!role || !name || name.length > LONGEST_TEXT * 2) return;
  const value = `${role}[name=${quote(name)}]`;
  const matches = withRoleAndName(role, name);
  const scope = matches?.length === 1 ? null : scopeOf(element);
  if (scope) {
    const isComplete = matches && matches.length < MOST_COUNTED;
    const within = isComplete
      ? matches
      : queryAll('*', scope.element).filter((each) => isNamed(each, role, name));
    add(
      'ROLE_NAME',
      `${scope.selector} >> ${value}`,
      within.filter((each) => holds(scope.element, each)),
    );
  }
  add('ROLE_NAME', value, matches, () => isFoundByName(element));
}

function isNamed(element: Element, role: string, name: string): boolean {
  return roleOfElement(element) === role && nameOf(element) === name;
}

/**
 * By attributes where they tell, else by position below the nearest id; none in a shadow root. Every
 * step below the anchor is the only one of its tag or says its place, so that it matches once.
 */
function xpathOf(element: Element): string | null {
  if (element.getRootNode() !== document) return null;
  const steps: string[] = [];
  for (let at: Element | null = element; at; at = at.parentElement) {
    const tag = at instanceof SVGElement ? `*[name()='${at.localName}']` : at.localName;
    const anchor = anchorOf(at);
    const value = (anchor && at.getAttribute(anchor)) ?? '';
    if (anchor && isOnlyOne(`[${anchor}=${quote(value)}]`, at, document)) {
      const rest = steps.map((step) => `/${step}`).join('');
      return `//${tag}[@${anchor}=${xpathString(value)}]${rest}`;
    }
    steps.unshift(hasTwins(at) ? `${tag}[${placeOf(at, true)}]` : tag);
  }
  return `/${steps.join('/')}`;
}

function anchorOf(element: Element): string | null {
  if (element.id && !looksGenerated(element.id)) return 'id';
  return (
    [...TEST_ID_ATTRIBUTES, 'name', 'aria-label'].find((name) => element.getAttribute(name)) ?? null
  );
}

function xpathString(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  if (!text.includes('"')) return `"${text}"`;
  return `concat(${text
    .split("'")
    .map((part) => `'${part}'`)
    .join(`, "'", `)})`;
}
