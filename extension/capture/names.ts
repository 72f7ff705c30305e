import { collapse, isVisible } from './dom.ts';
import { NAMED_BY_CONTENT, roleOf } from './roles.ts';

const CAPTIONS: Record<string, string> = {
  fieldset: ':scope > legend',
  figure: ':scope > figcaption',
  table: ':scope > caption',
};
const LABELABLE = /^(?:input|select|textarea|button|meter|output|progress)$/;

export function roleOfElement(element: Element): string | null {
  return roleOf(element.localName, (name) => element.getAttribute(name));
}

/**
 * The accessible name in the order of https://www.w3.org/TR/accname-1.2/: `aria-labelledby`,
 * `aria-label`, the label of the language, the content where the role allows it, `title`,
 * `placeholder`. Without CSS content and without names of slotted elements.
 */
export function nameOf(element: Element): string {
  return collapse(
    labelledBy(element) ||
      element.getAttribute('aria-label') ||
      nativeName(element) ||
      (NAMED_BY_CONTENT.has(roleOfElement(element) ?? '') ? contentOf(element) : '') ||
      element.getAttribute('title') ||
      element.getAttribute('placeholder') ||
      '',
  );
}

/** The text of the labels of a field, without the fields in them. */
export function labelOf(element: Element): string {
  // `labels` walks the whole tree: asked only where there can be one.
  if (!LABELABLE.test(element.localName) || !(element.id || element.closest('label'))) return '';
  const labels = (element as HTMLInputElement).labels ?? [];
  return collapse([...labels].map((label) => contentOf(label)).join(' '));
}

function labelledBy(element: Element): string {
  const ids = element.getAttribute('aria-labelledby')?.trim();
  if (!ids) return '';
  const root = element.getRootNode() as Document | ShadowRoot;
  return ids
    .split(/\s+/)
    .map((id) => root.getElementById(id))
    .map((label) => label && (label.getAttribute('aria-label') || contentOf(label, true)))
    .filter(Boolean)
    .join(' ');
}

function nativeName(element: Element): string {
  if (element instanceof HTMLInputElement && /^(?:submit|reset|button)$/.test(element.type)) {
    return element.value || { submit: 'Submit', reset: 'Reset' }[element.type] || '';
  }
  const label = labelOf(element);
  if (label) return label;
  const tag = element.localName;
  const isPicture = /^(?:img|area)$/.test(tag) || (tag === 'input' && isImageButton(element));
  const alt = isPicture ? element.getAttribute('alt') : null;
  if (alt) return alt;
  const caption = Object.hasOwn(CAPTIONS, tag) ? CAPTIONS[tag] : undefined;
  const found = caption ? element.querySelector(caption) : null;
  return found ? contentOf(found) : '';
}

function isImageButton(element: Element): boolean {
  return element instanceof HTMLInputElement && element.type === 'image';
}

/** @param isReferred hidden content counts when another element refers to it */
function contentOf(element: Element, isReferred = false): string {
  if (!element.firstElementChild && !element.shadowRoot) return collapse(element.textContent);
  let text = '';
  const visit = (node: Node): void => {
    if (node instanceof Text) text += node.data;
    if (!(node instanceof Element)) return;
    if (node !== element) {
      if (/^(?:script|style|input|select|textarea)$/.test(node.localName)) return;
      if (node.getAttribute('aria-hidden') === 'true' || (!isReferred && !isVisible(node))) return;
      const own = node.getAttribute('aria-label') || node.getAttribute('alt');
      if (own) {
        text += ` ${own} `;
        return;
      }
    }
    const gap = getComputedStyle(node).display === 'inline' ? '' : ' ';
    text += gap;
    const children = node instanceof HTMLSlotElement ? node.assignedNodes({ flatten: true }) : null;
    for (const child of children ?? (node.shadowRoot ?? node).childNodes) visit(child);
    text += gap;
  };
  visit(element);
  return collapse(text);
}
