import { isTextField } from './dom.ts';
import { mend } from './mend.ts';
import { roleOfElement } from './names.ts';
import {
  age,
  countAsShown,
  exchange,
  forget,
  type Kid,
  type Piece,
  regroup,
  soil,
} from './pieces.ts';
import { cleanText, cleanUrl, rawValueOf, sensitivityOf, shownValueOf } from './privacy.ts';

export const SHADOW_OPEN = '<template shadowrootmode="open">';
export const SHADOW_CLOSE = '</template>';
export const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;
/** Kept as an empty element, so that child positions hold. */
const EMPTIED = /^(?:script|style|noscript|iframe|object)$/;
const NEVER_SHOWN = /^(?:head|script|style|link|meta|title|base|template|noscript)$/;
const DROPPED = /^(?:on.*|style|nonce|integrity|srcset|srcdoc|ping|value|checked|selected)$/;
const ADDRESS = /^(?:href|src|action|formaction|poster|cite|data|xlink:href)$/;
const DRAWING = /^(?:d|points|path)$/;
const NATIVE = /^(?:button|input|select|textarea|summary|label|option)$/;
const ACTING_ROLE =
  /^(?:button|link|checkbox|radio|switch|tab|option|menuitem|menuitemcheckbox|menuitemradio|combobox|slider|treeitem)$/;
const LANDMARK = /^(?:main|navigation|complementary|search|region|form|dialog|alertdialog)$/;
/** What may hold a closed shadow root: https://dom.spec.whatwg.org/#dom-element-attachshadow */
const HOST = /-|^(?:article|aside|blockquote|div|footer|h[1-6]|header|main|nav|p|section|span)$/;
const LONGEST_ATTRIBUTE = 4_000;
/** Longer texts are not looked up by what they say. */
export const LONGEST_KEY = 40;

/** Writes the start tag, and finds out what kind of element it is. */
export function writeOwn(piece: Piece): void {
  const { element, tag } = piece;
  const isField = /^(?:input|select|textarea)$/.test(tag);
  piece.role = roleOfElement(element);
  piece.isActionable =
    (NATIVE.test(tag) && element.getAttribute('type') !== 'hidden') ||
    (piece.role !== null && ACTING_ROLE.test(piece.role));
  piece.sensitivity =
    isField || element.hasAttribute('contenteditable') ? sensitivityOf(element) : null;
  piece.sensitivityAge = age.labels;
  if (isField) piece.state = stateOf(element);
  piece.open = `<${tag}${attributesOf(piece, tag)} data-cs-ref="e${piece.number}"`;
  regroup(piece, 'groups', groupsOf(piece, tag, isField));
  piece.isMarkOld = true;
}

/** Says whether it is shown, and where. Needs the layout. */
export function writeMarks(piece: Piece): void {
  const { element, parent } = piece;
  const isConcealed = piece.isConcealing || (parent?.isConcealed ?? false);
  if (isConcealed !== piece.isConcealed) {
    piece.isConcealed = isConcealed;
    soilKids(piece);
  }
  piece.isHidden = NEVER_SHOWN.test(piece.tag) || !isShown(element);
  piece.isMarkOld = false;
  countAsShown(piece, !piece.isHidden);
  piece.marks = piece.isHidden ? ' data-cs-hidden' : '';
  if (piece.isHidden || !piece.isActionable) return;
  if (piece.tag !== 'option' || !piece.box) measure(piece);
  writeBox(piece);
}

/** Takes the place of the element on the page. Needs the layout. @returns whether it is another one */
export function measure(piece: Piece): boolean {
  const { box } = piece;
  const { x, y, width, height } = piece.element.getBoundingClientRect();
  const [left, top] = [x + scrollX, y + scrollY];
  const isSame = box?.x === left && box.y === top && box.width === width && box.height === height;
  if (!isSame) piece.box = { x: left, y: top, width, height };
  return !isSame;
}

/** Of the page: what scrolls with it is written once. */
export function writeBox(piece: Piece): void {
  if (!piece.box) return;
  const { x, y, width, height } = piece.box;
  const [left, top] = [Math.round(x), Math.round(y)];
  piece.marks = ` data-cs-box="${left},${top},${Math.round(width)},${Math.round(height)}"`;
}

/** The start tag with its marks. */
export function headOf({ open, marks }: Piece): string {
  return `${open}${marks}>`;
}

/** The end tag; empty for an element that has none. */
export function closeOf({ tag }: Piece): string {
  return VOID.test(tag) ? '' : `</${tag}>`;
}

export function writeKids(piece: Piece): Kid[] {
  const { element, tag } = piece;
  const spots = piece.areKidsOld ? null : piece.spots;
  piece.areKidsOld = false;
  piece.spots = null;
  if (VOID.test(tag) || EMPTIED.test(tag)) return [];
  if (tag === 'textarea' || isMaskedEditor(piece)) {
    exchange(piece.kids, document.createDocumentFragment(), piece, () => '');
    return [escapeText(shownValueOf(element))];
  }
  const mended = spots && mend(piece, spots, escapeText);
  if (!mended) return writeTexts(piece, element, piece.kids);
  for (const kid of mended.gone) if (!kid.element.isConnected) forget(kid);
  return mended.kids;
}

export function writeShadow(piece: Piece, root: ShadowRoot): Kid[] {
  piece.isShadowOld = false;
  return writeTexts(piece, root, piece.shadow ?? []);
}

/** What changes in a field without any change of the document. */
export function stateOf(field: Element): string {
  if (field instanceof HTMLInputElement) return `${field.checked} ${field.value}`;
  if (!(field instanceof HTMLSelectElement)) return rawValueOf(field);
  return [...field.selectedOptions].map(({ index }) => index).join();
}

function writeTexts(piece: Piece, parent: ParentNode, old: Kid[]): Kid[] {
  let key = '';
  let isPersonal = false;
  const kids = exchange(old, parent, piece, ({ data }) => {
    const clean = cleanText(data);
    isPersonal ||= clean !== data;
    key ||= keyOf(data);
    return escapeText(clean);
  });
  const names = key ? [`text:${key}`] : [];
  if (isPersonal) names.push('personal');
  if (parent === piece.element) regroup(piece, 'textGroups', names);
  else if (isPersonal)
    regroup(piece, 'textGroups', [...new Set([...piece.textGroups, 'personal'])]);
  return kids;
}

/** What a text is looked up by; empty for a blank one. */
export function keyOf(text: string): string {
  const beginning = text.trimStart().slice(0, LONGEST_KEY * 2);
  return beginning.replace(/\s+/g, ' ').slice(0, LONGEST_KEY).trim();
}

function attributesOf(piece: Piece, tag: string): string {
  const { element } = piece;
  let written = '';
  const isEmptied = EMPTIED.test(tag) && tag !== 'iframe';
  piece.isConcealing = false;
  for (const name of element.getAttributeNames()) {
    const value = element.getAttribute(name) ?? '';
    actsBy(piece, name, value);
    if (name === 'inert' || (name === 'aria-hidden' && value === 'true')) piece.isConcealing = true;
    if (isEmptied || (DROPPED.test(name) && !isChoiceValue(element, name))) continue;
    if (DRAWING.test(name) && element instanceof SVGElement) continue;
    const clean = ADDRESS.test(name)
      ? shortAddress(value)
      : cleanText(value).slice(0, LONGEST_ATTRIBUTE);
    written += clean === '' ? ` ${name}` : ` ${name}="${escapeAttribute(clean)}"`;
  }
  if (element instanceof HTMLOptionElement && element.selected) written += ' selected';
  if (!(element instanceof HTMLInputElement)) return written;
  if (element.checked) written += ' checked';
  if (isChoiceValue(element, 'value') || element.type === 'file') return written;
  const shown = shownOf(piece, element);
  return shown === '' ? written : `${written} value="${escapeAttribute(shown)}"`;
}

function shownOf({ sensitivity }: Piece, field: HTMLInputElement): string {
  if (field.value === '') return '';
  return sensitivity?.placeholder ?? cleanText(field.value);
}

function actsBy(piece: Piece, name: string, value: string): void {
  if (piece.isActionable) return;
  piece.isActionable =
    name === 'onclick' ||
    (name === 'draggable' && value === 'true') ||
    (name === 'tabindex' && value !== '-1') ||
    (name === 'contenteditable' && value !== 'false');
}

function groupsOf(piece: Piece, tag: string, isField: boolean): string[] {
  const { element, role } = piece;
  const names: string[] = [];
  if (role) names.push(`role:${role}`);
  if (piece.isActionable) names.push('act');
  if (isField || element.hasAttribute('contenteditable')) names.push('field');
  if (/^h[1-3]$/.test(tag)) names.push('heading');
  else if (tag === 'canvas' || tag === 'iframe' || tag === 'frame') names.push(tag);
  if (role && LANDMARK.test(role)) names.push('landmark');
  const isLink = (tag === 'a' || tag === 'area') && element.hasAttribute('href');
  if (isLink && element.getRootNode() === document) names.push('link');
  if (tag === 'form' && element.getRootNode() === document) names.push('form');
  if (element.shadowRoot) names.push('host');
  // Empty, or a custom element: nothing to be seen of what it shows.
  else if (HOST.test(tag) && (tag.includes('-') || !element.firstChild)) names.push('maybe-host');
  return names;
}

/** Values that the page gave and nobody typed. */
function isChoiceValue(element: Element, name: string): boolean {
  if (name !== 'value') return false;
  if (!(element instanceof HTMLInputElement)) return true;
  return /^(?:checkbox|radio|submit|button|reset)$/.test(element.type);
}

function isMaskedEditor({ element, sensitivity }: Piece): boolean {
  return sensitivity !== null && isTextField(element) && element.hasAttribute('contenteditable');
}

function isShown(element: Element): boolean {
  return element.checkVisibility({ visibilityProperty: true });
}

function soilKids(piece: Piece): void {
  for (const kid of piece.kids) if (typeof kid !== 'string') soil(kid, 'marks');
  for (const kid of piece.shadow ?? []) if (typeof kid !== 'string') soil(kid, 'marks');
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
