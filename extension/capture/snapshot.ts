import { INTERACTIVE, isVisible } from './dom.ts';
import { cleanText, cleanUrl, learnSecrets, sensitivityOf, shownValueOf } from './privacy.ts';

export interface Snapshot {
  html: string;
  /** `data-cs-ref` of everything in it. */
  refs: Set<string>;
}

const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;
/** Kept as an empty element, so that child positions hold. */
const EMPTIED = /^(?:script|style|noscript|iframe|object)$/;
const DROPPED = /^(?:on.*|style|nonce|integrity|srcset|srcdoc|ping|value|checked|selected)$/;
const ADDRESS = /^(?:href|src|action|formaction|poster|cite|data|xlink:href)$/;
const DRAWING = /^(?:d|points|path)$/;

const refs = new WeakMap<Element, string>();
let lastRef = 0;

/** `undefined` before the first snapshot that holds the element. */
export function refOf(element: Element): string | undefined {
  return refs.get(element);
}

/**
 * The document as HTML without scripts, style sheets and comments. Every element has a `data-cs-ref`,
 * the same as long as the document lives; what is not shown has `data-cs-hidden`; what can be acted
 * on has `data-cs-box="x,y,width,height"` in CSS pixels of its own frame's viewport. Open shadow roots
 * are written as `<template shadowrootmode>`. Fields show their present state, personal ones masked.
 */
export function takeSnapshot(): Snapshot {
  const parts = ['<!DOCTYPE html>'];
  const seen = new Set<string>();
  learnSecrets();

  const writeChildren = (parent: Node): void => {
    for (const child of parent.childNodes) {
      if (child instanceof Element) writeElement(child);
      else if (child instanceof Text) parts.push(escapeText(cleanText(child.data)));
    }
  };
  const writeElement = (element: Element): void => {
    const tag = element.localName;
    parts.push(`<${tag}`);
    if (!EMPTIED.test(tag) || tag === 'iframe') writeAttributes(element, parts);
    const ref = assignRef(element);
    seen.add(ref);
    parts.push(` data-cs-ref="${ref}"${marksOf(element)}>`);
    if (VOID.test(tag)) return;
    if (element.shadowRoot) {
      parts.push('<template shadowrootmode="open">');
      writeChildren(element.shadowRoot);
      parts.push('</template>');
    }
    if (tag === 'textarea') parts.push(escapeText(shownValueOf(element)));
    else if (isMaskedEditor(element)) parts.push(escapeText(shownValueOf(element)));
    else if (!EMPTIED.test(tag)) writeChildren(element);
    parts.push(`</${tag}>`);
  };
  writeElement(document.documentElement);
  return { html: parts.join(''), refs: seen };
}

function assignRef(element: Element): string {
  const known = refs.get(element);
  if (known) return known;
  lastRef += 1;
  const ref = `e${lastRef}`;
  refs.set(element, ref);
  return ref;
}

function writeAttributes(element: Element, parts: string[]): void {
  for (const { name, value } of element.attributes) {
    if (DROPPED.test(name) && !isChoiceValue(element, name)) continue;
    if (DRAWING.test(name) && element instanceof SVGElement) continue;
    const clean = ADDRESS.test(name) ? shortAddress(value) : cleanText(value);
    parts.push(clean === '' ? ` ${name}` : ` ${name}="${escapeAttribute(clean)}"`);
  }
  if (element instanceof HTMLOptionElement && element.selected) parts.push(' selected');
  if (!(element instanceof HTMLInputElement)) return;
  if (element.checked) parts.push(' checked');
  if (isChoiceValue(element, 'value') || element.type === 'file') return;
  const value = shownValueOf(element);
  if (value !== '') parts.push(` value="${escapeAttribute(value)}"`);
}

/** Values that the page gave and nobody typed. */
function isChoiceValue(element: Element, name: string): boolean {
  if (name !== 'value') return false;
  if (!(element instanceof HTMLInputElement)) return true;
  return /^(?:checkbox|radio|submit|button|reset)$/.test(element.type);
}

function isMaskedEditor(element: Element): boolean {
  return element.hasAttribute('contenteditable') && sensitivityOf(element) !== null;
}

function marksOf(element: Element): string {
  if (!isVisible(element)) return ' data-cs-hidden';
  if (!element.matches(INTERACTIVE)) return '';
  const { x, y, width, height } = element.getBoundingClientRect();
  return ` data-cs-box="${[x, y, width, height].map(Math.round).join(',')}"`;
}

function shortAddress(url: string): string {
  return url.startsWith('data:') ? 'data:,' : cleanUrl(url);
}

function escapeText(text: string): string {
  return text.replace(/[&<>\u00a0]/g, (char) => ENTITIES[char] ?? char);
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"\u00a0]/g, (char) => ENTITIES[char] ?? char);
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\u00a0': '&nbsp;',
};
