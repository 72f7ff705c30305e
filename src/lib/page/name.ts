import type { PageElement } from './element.ts';
import { namedByContent } from './role.ts';
import { readText, tidy } from './text.ts';

/** Labels of the page, found once. */
export type Labels = {
  /** Labels of a field: those that point to it and those that hold it. */
  of(element: PageElement): readonly PageElement[];
  /** The field of each label that has one. */
  fields: ReadonlyMap<PageElement, PageElement>;
  byId(id: string): PageElement | undefined;
};

const labelable = new Set('button input meter output progress select textarea'.split(' '));

export function indexLabels(elements: readonly PageElement[]): Labels {
  const ids = new Map<string, PageElement>();
  const labels = new Map<PageElement, PageElement[]>();
  const fields = new Map<PageElement, PageElement>();
  for (const element of elements) {
    const { id } = element.attributes;
    if (id && !ids.has(id)) ids.set(id, element);
  }
  for (const label of elements) {
    if (label.tag !== 'label') continue;
    const field = label.attributes.for ? ids.get(label.attributes.for) : firstField(label);
    if (!field || !labelable.has(field.tag)) continue;
    labels.set(field, [...(labels.get(field) ?? []), label]);
    fields.set(label, field);
  }
  return { fields, of: (element) => labels.get(element) ?? [], byId: (id) => ids.get(id) };
}

/**
 * Accessible name after AccName 1.2, simplified: no CSS content, no names across shadow trees by id,
 * content up to 500 nodes and 1,024 characters.
 */
export function accessibleName(element: PageElement, labels: Labels): string {
  const pointed = (element.attributes['aria-labelledby'] ?? '')
    .split(/\s+/)
    .map((id) => labels.byId(id))
    .filter((label) => label !== undefined)
    .map((label) => labelText(label))
    .join(' ');
  const candidates = [
    () => pointed,
    () => element.attributes['aria-label'],
    () => nativeName(element, labels),
    () => (isNamedByContent(element) ? readContent(element, false) : ''),
    () => element.attributes.title,
    () => element.attributes.placeholder,
  ];
  for (const candidate of candidates) {
    const name = tidy(candidate() ?? '');
    if (name !== '') return name;
  }
  return '';
}

function labelText(label: PageElement): string {
  // A hidden label still names what points to it (AccName 1.2, step 2A).
  return label.attributes['aria-label'] ?? readContent(label, !label.visible);
}

function nativeName(element: PageElement, labels: Labels): string {
  const { tag, attributes } = element;
  const ofLabels = labels.of(element).map((label) => readContent(label, false, element));
  if (ofLabels.join('').trim() !== '') return ofLabels.join(' ');
  if (tag === 'input') return inputName(attributes);
  if (tag === 'img' || tag === 'area') return attributes.alt ?? '';
  if (tag === 'fieldset') return childText(element, 'legend');
  if (tag === 'table') return childText(element, 'caption');
  if (tag === 'figure') return childText(element, 'figcaption');
  if (tag === 'optgroup') return attributes.label ?? '';
  if (tag === 'svg') return childText(element, 'title', true);
  return '';
}

function inputName({ type, value, alt }: Record<string, string>): string {
  const kind = (type ?? '').toLowerCase();
  if (kind === 'submit') return value ?? 'Submit';
  if (kind === 'reset') return value ?? 'Reset';
  if (kind === 'button') return value ?? '';
  return kind === 'image' ? (alt ?? value ?? 'Submit') : '';
}

function childText(element: PageElement, tag: string, evenHidden = false): string {
  const child = element.children.find((node) => typeof node !== 'string' && node.tag === tag);
  return child && typeof child !== 'string' ? readContent(child, evenHidden) : '';
}

function isNamedByContent({ role, tag }: PageElement): boolean {
  return (role !== null && namedByContent.has(role)) || tag === 'summary';
}

function readContent(root: PageElement, evenHidden: boolean, except?: PageElement): string {
  return readText(root, { evenHidden, except, instead: substitute });
}

/** What stands for a child whose text is not its content; `null` when its content is read. */
function substitute({ tag, attributes }: PageElement): string | null {
  if (attributes['aria-hidden'] === 'true') return '';
  if (attributes['aria-label']) return attributes['aria-label'];
  if (tag === 'img') return attributes.alt ?? '';
  if (tag === 'input') return attributes.type === 'submit' ? (attributes.value ?? '') : '';
  return tag === 'select' || tag === 'textarea' ? '' : null;
}

function firstField(label: PageElement): PageElement | undefined {
  for (const child of label.children) {
    if (typeof child === 'string') continue;
    const field = labelable.has(child.tag) ? child : firstField(child);
    if (field) return field;
  }
  return undefined;
}
