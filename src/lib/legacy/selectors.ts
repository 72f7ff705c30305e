import { Selector } from '../../contract/interaction.ts';
import { limits } from '../../contract/limits.ts';
import type { SelectorStrategy } from '../../contract/vocabulary.ts';
import { isJsonObject, type Path } from './json.ts';
import type { Remains } from './remains.ts';

/** JSON of all selectors of one interaction, so that the rest of it keeps room within the limit. */
const MAX_CHARS = 16_384;

const IDENT = String.raw`(?:--|-?(?:[_a-zA-Z\u0080-\uffff]|\\.))(?:[-\w\u0080-\uffff]|\\.)*`;
const STRING = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`;
const css = {
  combinator: /\s*[>+~,]\s*|\s+/y,
  type: new RegExp(`\\*|${IDENT}`, 'y'),
  id: new RegExp(`#${IDENT}`, 'y'),
  class: new RegExp(`\\.${IDENT}`, 'y'),
  attribute: new RegExp(
    `\\[\\s*${IDENT}\\s*(?:[~|^$*]?=\\s*(?:${STRING}|${IDENT})\\s*[is]?\\s*)?\\]`,
    'y',
  ),
  pseudo: new RegExp(`::?(?:${standardPseudos()})(?![-\\w])(?:\\((?:${STRING}|[^()"'])*\\))?`, 'y'),
};
type Token = { kind: keyof typeof css; text: string };

const TEST_ID = /^\[\s*data-(?:test|testid|test-id|test_id|cy|qa|automation-id)\s*=/;

/**
 * All selectors of a legacy event, the recorder's first choice first, each value once.
 *
 * `confidence` is the recorder's `reliability`, `null` where it gave none or no number from 0 to 1; it
 * counted no matches. What does not fit the contract (too long, too many) stays in `remains`.
 */
export function takeSelectors(remains: Remains): Selector[] {
  const reliability = remains.peek(['selectors', 'reliability']);
  const alternatives = remains.peek(['selectors', 'alternatives']);
  const singles: Path[] = [
    ['selectors', 'cssPath'],
    ['selectors', 'xpath'],
    ['elementDetails', 'cssSelector'],
    ['elementDetails', 'xpath'],
    ['action', 'selector'],
  ];
  const values = new Set<unknown>([
    remains.peek(['selectors', 'primary']),
    ...(Array.isArray(alternatives) ? alternatives : []),
    ...singles.map(remains.peek),
    ...(isJsonObject(reliability) ? Object.keys(reliability) : []),
  ]);

  const taken = new Map<unknown, Selector>();
  let chars = 0;
  for (const value of values) {
    if (typeof value !== 'string' || taken.size >= limits.selectorsPerInteraction) continue;
    const rate = remains.peek(['selectors', 'reliability', value]);
    const confidence = Selector.shape.confidence.safeParse(rate).data ?? null;
    const selector = { strategy: strategyOf(value), value, matchCount: null, confidence };
    chars += JSON.stringify(selector).length;
    if (chars > MAX_CHARS || !Selector.safeParse(selector).success) continue;
    taken.set(value, selector);
    if (rate === confidence) remains.drop(['selectors', 'reliability', value]);
  }

  for (const path of [...singles, ['selectors', 'primary']]) {
    if (taken.has(remains.peek(path))) remains.drop(path);
  }
  if (Array.isArray(alternatives) && alternatives.length > 0) {
    if (alternatives.every((value) => taken.has(value))) {
      remains.drop(['selectors', 'alternatives']);
    }
  }
  return [...taken.values()];
}

/**
 * The strategy by the form of the value; the value itself is never changed. What a browser would not
 * take as CSS or XPath is OTHER: jQuery's `:contains()`, an id with unescaped slashes. Attribute
 * selectors for `role` and `aria-label` are CSS: they are written as CSS and resolve as CSS.
 */
export function strategyOf(value: string): SelectorStrategy {
  if (/^\(*\.?\/\/?[\w*@.]/.test(value)) return 'XPATH';
  const tokens = cssTokensOf(value);
  if (!tokens) return 'OTHER';
  const has = (kind: Token['kind'], form: RegExp) =>
    tokens.some((token) => token.kind === kind && form.test(token.text));
  const isOneElement = !has('combinator', /./s);
  if (isOneElement && has('attribute', TEST_ID)) return 'TEST_ID';
  if (isOneElement && tokens.at(-1)?.kind === 'id') return 'ID';
  if (has('combinator', />/) && has('pseudo', /^:nth-(?:child|of-type)/)) return 'STRUCTURAL';
  return 'CSS';
}

/** Whether a browser would take the text as a CSS selector. */
export function isCss(value: string): boolean {
  return cssTokensOf(value) !== null;
}

function cssTokensOf(value: string): Token[] | null {
  const tokens: Token[] = [];
  let at = 0;
  while (at < value.length) {
    const before = tokens.at(-1)?.kind ?? 'combinator';
    const token = tokenAt(value, at, before === 'combinator');
    if (!token || (before === 'combinator' && token.kind === 'combinator')) return null;
    tokens.push(token);
    at += token.text.length;
  }
  return tokens.length > 0 && tokens.at(-1)?.kind !== 'combinator' ? tokens : null;
}

function tokenAt(value: string, at: number, startsElement: boolean): Token | null {
  const kinds = ['id', 'class', 'attribute', 'pseudo', 'combinator', 'type'] as const;
  for (const kind of kinds) {
    if (kind === 'type' && !startsElement) continue;
    css[kind].lastIndex = at;
    const text = css[kind].exec(value)?.[0];
    if (text) return { kind, text };
  }
  return null;
}

function standardPseudos(): string {
  return [
    'nth-last-of-type|nth-last-child|nth-of-type|nth-child|first-of-type|last-of-type|only-of-type',
    'first-child|last-child|only-child|root|empty|not|is|where|has|checked|disabled|enabled|required',
    'optional|read-only|read-write|focus-visible|focus-within|focus|hover|active|link|visited|target',
    'before|after|placeholder-shown|valid|invalid|lang|dir|scope|defined|open|host|slotted|part',
  ].join('|');
}
