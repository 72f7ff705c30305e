import type { SelectorStrategy } from '../../contract/vocabulary.ts';
import type { Page, PageElement } from './element.ts';
import { resolveSelector } from './selector.ts';
import { textOf } from './text.ts';

/** A way to find an element again. */
export type FoundSelector = {
  strategy: SelectorStrategy;
  value: string;
  /** Elements of the page that it finds, at least 1. */
  matchCount: number;
  /** Trust that it still holds on a later day, 0 to 1; divided by the matches. */
  confidence: number;
};

const testIds = ['data-testid', 'data-test-id', 'data-test', 'data-cy', 'data-qa'];
const longestText = 80;

/** As the recorder trusts them (`extension/capture/selectors.ts`), before anything is known of the site. */
const trust: Partial<Record<SelectorStrategy, number>> = {
  TEST_ID: 0.97,
  ID: 0.92,
  ROLE_NAME: 0.9,
  LABEL: 0.85,
  TEXT: 0.7,
  CSS: 0.65,
  STRUCTURAL: 0.3,
};

const fields = new Set(['input', 'select', 'textarea']);

/**
 * Selectors that find an element of a snapshot, most reliable first. Each was tried on the page; one that
 * does not find the element is left out. Empty only for an element that is not of the page.
 */
export function selectorsOf(page: Page, element: PageElement): FoundSelector[] {
  const found: FoundSelector[] = [];
  const add = (strategy: SelectorStrategy, value: string): void => {
    if (found.some((each) => each.value === value)) return;
    const matches = resolveSelector(page, { strategy, value });
    if (!matches?.includes(element)) return;
    const confidence = Math.round(((trust[strategy] ?? 0.3) / matches.length) * 100) / 100;
    found.push({ strategy, value, matchCount: matches.length, confidence });
  };
  const { attributes, role, name, tag } = element;
  for (const attribute of testIds)
    if (attributes[attribute]) add('TEST_ID', `[${attribute}=${quoted(attributes[attribute])}]`);
  if (attributes.id && !isGenerated(attributes.id)) add('ID', `[id=${quoted(attributes.id)}]`);
  if (role && name && name.length <= longestText * 2) {
    const own = `${role}[name=${quoted(name)}]`;
    add('ROLE_NAME', own);
    if ((found.at(-1)?.matchCount ?? 1) > 1) {
      const scope = scopeOf(element);
      if (scope) add('ROLE_NAME', `${scope} >> ${own}`);
    }
  }
  if (fields.has(tag) && name && name.length <= longestText) add('LABEL', name);
  const text = textOf(element);
  if (text && text.length <= longestText) add('TEXT', text);
  if (attributes.name) add('CSS', `${tag}[name=${quoted(attributes.name)}]`);
  add('STRUCTURAL', structureOf(element));
  return found.sort((a, b) => b.confidence - a.confidence);
}

/** An id that a build or a framework made, and will make otherwise the next time. */
function isGenerated(id: string): boolean {
  return /\d{4,}|^:r|^(?:radix|headlessui|mui|ember|react)-|[a-f0-9]{8,}/i.test(id);
}

/** The nearest element around it that has a key of its own, as a CSS selector. */
function scopeOf(element: PageElement): string | null {
  for (let around = element.parent; around; around = around.parent) {
    const { attributes } = around;
    for (const key of [...testIds, 'data-id', 'data-sku', 'data-key', 'data-product'])
      if (attributes[key]) return `[${key}=${quoted(attributes[key])}]`;
    if (attributes.id && !isGenerated(attributes.id)) return `[id=${quoted(attributes.id)}]`;
  }
  return null;
}

/** Child positions from the root. */
function structureOf(element: PageElement): string {
  const steps: string[] = [];
  for (let at: PageElement | null = element; at; at = at.parent) {
    if (at.tag === 'html') {
      steps.unshift('html');
      break;
    }
    const place = at.siblings.filter((node) => typeof node !== 'string').indexOf(at) + 1;
    steps.unshift(`${at.tag}:nth-child(${place})`);
  }
  return steps.join(' > ');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
