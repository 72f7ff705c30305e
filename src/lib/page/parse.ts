import { Parser } from 'htmlparser2';
import type { Rectangle } from '../../contract/interaction.ts';
import { laidOut, type Page, type PageElement, type PageNode } from './element.ts';
import { accessibleName, indexLabels } from './name.ts';
import { interactiveRoles, isEditable, roleOf } from './role.ts';
import { fieldValue, statesOf } from './state.ts';

/**
 * Deeper is left out. Browsers stop at 512 when they parse (Blink, `kMaximumHTMLParserDOMTreeDepth`);
 * the parser's time is quadratic in the depth, so that a hostile snapshot would hold it for minutes.
 */
const MAX_DEPTH = 1_000;

const unseen = new Set('head script style template noscript meta link title'.split(' '));
const nativeControls = new Set(['button', 'select', 'summary', 'textarea']);
const labelledControls = new Set(['checkbox', 'radio', 'file']);

/** Reads a snapshot as the recorder writes it. Never throws; what is not HTML reads as text. */
export function parsePage(html: string): Page {
  const page = readTree(html);
  markVisible(page.top);
  const labels = indexLabels(page.elements);
  page.fieldOf = labels.fields;
  for (const element of page.elements) revealLabelled(element, labels.of(element));
  for (const element of page.elements) element.role = roleOf(element);
  for (const element of page.elements) {
    element.level = levelOf(element);
    element.value = fieldValue(element);
    element.states = statesOf(element);
    // The recorder measures labels, too; a click on one acts on its field, which is offered by itself.
    element.interactive = isInteractive(element) && !page.fieldOf.has(element);
  }
  for (const element of page.elements) element.name = accessibleName(element, labels);
  return page;
}

export function visibleElements(page: Page): PageElement[] {
  return page.elements.filter((element) => element.visible);
}

/** What a person could act on: visible controls. The options of a native list belong to the list. */
export function interactiveElements(page: Page): PageElement[] {
  return page.elements.filter((element) => element.visible && element.interactive);
}

/**
 * What a click on an element acts on: the control around it, the field of the label around it, the
 * list of a native option; `null` when there is none and the element stands for itself.
 */
export function controlOf(page: Page, element: PageElement): PageElement | null {
  for (let around: PageElement | null = element; around; around = around.parent) {
    if (around.interactive) return around;
    const field = page.fieldOf.get(around);
    if (field?.interactive && field.visible) return field;
  }
  return null;
}

function readTree(html: string): Page {
  const elements: PageElement[] = [];
  const byRef = new Map<string, PageElement>();
  const page: Page = { title: '', top: [], elements, byRef, fieldOf: new Map(), cutShort: false };
  type Place = { list: PageNode[]; element: PageElement | null; host: PageElement | null };
  const places: Place[] = [{ list: page.top, element: null, host: null }];
  const title: string[] = [];

  const parser = new Parser({
    onopentag(tag, attributes) {
      if (places.length > MAX_DEPTH) page.cutShort = true;
      if (page.cutShort) return;
      const place = places.at(-1) as Place;
      if (tag === 'template' && attributes.shadowrootmode && place.element) {
        places.push({ list: place.element.shadow, element: place.element, host: place.element });
        return;
      }
      const element = bareElement(tag, attributes, place.element, place.list, place.host);
      place.list.push(element);
      elements.push(element);
      if (element.ref !== null && !byRef.has(element.ref)) byRef.set(element.ref, element);
      places.push({ list: element.children, element, host: place.host });
    },
    ontext(text) {
      if (page.cutShort) return;
      const place = places.at(-1) as Place;
      place.list.push(text);
      if (place.element?.tag === 'title' && place.element.parent?.tag !== 'svg') title.push(text);
    },
    onclosetag() {
      if (!page.cutShort && places.length > 1) places.pop();
    },
  });
  // In pieces, so that a page that is too deep is left early.
  for (let at = 0; at < html.length && !page.cutShort; at += 65_536) {
    parser.write(html.slice(at, at + 65_536));
  }
  if (!page.cutShort) parser.end();
  page.title = title.join('').replace(/\s+/g, ' ').trim();
  return page;
}

function bareElement(
  tag: string,
  attributes: Record<string, string>,
  parent: PageElement | null,
  siblings: PageNode[],
  host: PageElement | null,
): PageElement {
  return {
    ref: attributes['data-cs-ref'] ?? null,
    tag,
    attributes,
    role: null,
    name: '',
    level: null,
    states: {},
    value: null,
    visible: false,
    interactive: false,
    box: readBox(attributes['data-cs-box']),
    parent,
    children: [],
    shadow: [],
    siblings,
    host,
  };
}

/** Walks the layout, so that what no slot shows stays invisible. */
function markVisible(top: PageNode[]): void {
  const seen = new Set<PageElement>();
  const stack = top.map((node) => ({ node, shown: true }));
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, shown } = next;
    if (typeof node === 'string' || seen.has(node)) continue;
    seen.add(node);
    // A measured child shows itself even where its parent has no box (`display: contents`).
    const isMeasured = node.box !== null && node.box.width > 0 && node.box.height > 0;
    node.visible = !isHidden(node) && (shown || isMeasured);
    for (const child of laidOut(node)) stack.push({ node: child, shown: node.visible });
  }
}

/** A check box drawn by its label is a hidden input beside a visible label: people do act on it. */
function revealLabelled(element: PageElement, labels: readonly PageElement[]): void {
  if (element.visible || element.tag !== 'input') return;
  if (!labelledControls.has((element.attributes.type ?? '').toLowerCase())) return;
  element.visible = labels.some((label) => label.visible);
}

function isHidden({ tag, attributes }: PageElement): boolean {
  if (unseen.has(tag) || attributes.hidden !== undefined) return true;
  const mark = attributes['data-cs-hidden'];
  if (mark !== undefined && mark !== 'false') return true;
  return tag === 'input' && (attributes.type ?? '').toLowerCase() === 'hidden';
}

function isInteractive(element: PageElement): boolean {
  const { tag, attributes, role } = element;
  if (tag === 'option' || tag === 'optgroup') return false;
  if (element.box !== null || nativeControls.has(tag)) return true;
  if (tag === 'input') return role !== null;
  if (role !== null && interactiveRoles.has(role) && role !== 'gridcell') return true;
  return isEditable(attributes) || Number(attributes.tabindex ?? -1) >= 0;
}

function levelOf({ tag, attributes, role }: PageElement): number | null {
  if (role !== 'heading') return null;
  const level = Number(attributes['aria-level'] ?? /^h([1-6])$/.exec(tag)?.[1]);
  return Number.isInteger(level) && level >= 1 ? level : 2; // 2 is what WAI-ARIA assumes
}

function readBox(text: string | undefined): Rectangle | null {
  const [x, y, width, height, ...rest] = (text ?? '').split(',').map(Number);
  if (x === undefined || y === undefined || width === undefined || height === undefined)
    return null;
  if (rest.length > 0 || ![x, y, width, height].every(Number.isFinite)) return null;
  return { x, y, width, height };
}
