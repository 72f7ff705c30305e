import type { Selector } from '../../src/contract/interaction.ts';
import { limits } from '../../src/contract/limits.ts';
import type { SelectorStrategy } from '../../src/contract/vocabulary.ts';
import {
  closestOf,
  collapse,
  everyElement,
  INTERACTIVE,
  isExposed,
  parentOf,
  queryAll,
  textOf,
} from './dom.ts';
import { looksGenerated } from './generated.ts';
import { labelOf, nameOf, roleOfElement } from './names.ts';
import { cssOf, structureOf } from './paths.ts';
import { cleanText } from './privacy.ts';
import { scopeOf } from './scopes.ts';

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

/**
 * The selectors of an element within its own frame, with the number of elements that match now.
 *
 * `>>` goes on among the descendants of what matched before it, through open shadow roots. A part
 * `word[name="…"]` of a ROLE_NAME selector is a role and an accessible name, any other part is CSS.
 * LABEL matches the field whose label has this text. TEXT matches the innermost elements with this
 * shown text, or the nearest thing to act on around them that has the same. A selector whose words
 * are personal is left out.
 */
export function selectorsOf(element: Element): Selector[] {
  const found: Selector[] = [];
  const add = (strategy: SelectorStrategy, value: string, matches: Element[]): void => {
    if (!matches.includes(element) || cleanText(value) !== value) return;
    if (value.length > limits.selectorChars || found.some((each) => each.value === value)) return;
    const isPositional = /^(?:CSS|XPATH)$/.test(strategy) && POSITIONAL.pattern.test(value);
    const trust = isPositional ? POSITIONAL.trust : TRUST[strategy];
    const confidence = Math.round((trust / matches.length) * 100) / 100;
    found.push({ strategy, value, matchCount: matches.length, confidence });
  };
  const addCss = (strategy: SelectorStrategy, value: string): void =>
    add(strategy, value, resolveChain(value));

  for (const attribute of TEST_ID_ATTRIBUTES) {
    const value = element.getAttribute(attribute);
    if (value) addCss('TEST_ID', `[${attribute}=${quote(value)}]`);
  }
  if (element.id && !looksGenerated(element.id)) addCss('ID', `#${CSS.escape(element.id)}`);
  addRoleName(element, add);
  const label = labelOf(element);
  if (label && label.length <= LONGEST_TEXT) add('LABEL', label, withLabel(label));
  const text = textOf(element);
  if (text && text.length <= LONGEST_TEXT) add('TEXT', text, withText(text));
  addCss('CSS', cssOf(element));
  const xpath = xpathOf(element);
  if (xpath) add('XPATH', xpath, resolveXpath(xpath));
  addCss('STRUCTURAL', structureOf(element));
  return found;
}

/** CSS parts joined by ` >> `. */
function resolveChain(value: string): Element[] {
  const [first = '', ...rest] = value.split(' >> ');
  let found = queryAll(first);
  for (const part of rest) found = [...new Set(found.flatMap((scope) => queryAll(part, scope)))];
  return found;
}

function withRoleAndName(role: string, name: string, among = everyElement()): Element[] {
  return among.filter(
    (each) => roleOfElement(each) === role && isExposed(each) && nameOf(each) === name,
  );
}

function addRoleName(
  element: Element,
  add: (strategy: SelectorStrategy, value: string, matches: Element[]) => void,
): void {
  const role = roleOfElement(element);
  const name = role ? nameOf(element) : '';
  if (!role || !name || name.length > LONGEST_TEXT * 2) return;
  const value = `${role}[name=${quote(name)}]`;
  const matches = withRoleAndName(role, name);
  const scope = matches.length > 1 ? scopeOf(element) : null;
  if (scope) {
    const within = matches.filter((each) => closestInside(each, scope.element));
    add('ROLE_NAME', `${scope.selector} >> ${value}`, within);
  }
  add('ROLE_NAME', value, matches);
}

function closestInside(element: Element, scope: Element): boolean {
  for (let at: Element | null = element; at; at = parentOf(at)) if (at === scope) return true;
  return false;
}

function withLabel(label: string): Element[] {
  return queryAll('input,select,textarea,button').filter((each) => labelOf(each) === label);
}

function withText(text: string): Element[] {
  const innermost: Element[] = [];
  for (const each of everyElement(document.body)) {
    const raw = each.textContent;
    if (raw.length > text.length * 8 + 200 || !collapse(raw).includes(text.slice(0, 8))) continue;
    if (textOf(each) !== text) continue;
    if (![...each.children].some((child) => textOf(child) === text)) innermost.push(each);
  }
  const raised = innermost.map((each) => {
    const around = closestOf(each, INTERACTIVE);
    return around && textOf(around) === text ? around : each;
  });
  return [...new Set(raised)];
}

/** By attributes where they tell, else by position below the nearest id; none in a shadow root. */
function xpathOf(element: Element): string | null {
  if (element.getRootNode() !== document) return null;
  const steps: string[] = [];
  for (let at: Element | null = element; at; at = at.parentElement) {
    const tag = at instanceof SVGElement ? `*[name()='${at.localName}']` : at.localName;
    const anchor = anchorOf(at);
    if (
      anchor &&
      document.querySelectorAll(`[${anchor}=${quote(at.getAttribute(anchor) ?? '')}]`).length === 1
    ) {
      return `//${tag}[@${anchor}=${xpathString(at.getAttribute(anchor) ?? '')}]${steps.map((step) => `/${step}`).join('')}`;
    }
    const twins = [...(at.parentElement?.children ?? [])].filter(
      (each) => each.localName === at.localName,
    );
    steps.unshift(twins.length > 1 ? `${tag}[${twins.indexOf(at) + 1}]` : tag);
  }
  return `/${steps.join('/')}`;
}

function anchorOf(element: Element): string | null {
  if (element.id && !looksGenerated(element.id)) return 'id';
  return (
    [...TEST_ID_ATTRIBUTES, 'name', 'aria-label'].find((name) => element.getAttribute(name)) ?? null
  );
}

function resolveXpath(xpath: string): Element[] {
  const result = document.evaluate(xpath, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
  const found: Element[] = [];
  for (let index = 0; index < result.snapshotLength; index++) {
    const node = result.snapshotItem(index);
    if (node instanceof Element) found.push(node);
  }
  return found;
}

function xpathString(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  if (!text.includes('"')) return `"${text}"`;
  return `concat(${text
    .split("'")
    .map((part) => `'${part}'`)
    .join(`, "'", `)})`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
