import type { PageElement } from './element.ts';

/** Roles of WAI-ARIA 1.2 that a page may name; another word in `role` is ignored, as browsers do. */
export const roles: ReadonlySet<string> = new Set(
  `alert alertdialog application article banner blockquote button caption cell checkbox code
  columnheader combobox complementary contentinfo definition deletion dialog directory document
  emphasis feed figure form generic grid gridcell group heading img insertion link list listbox
  listitem log main marquee math menu menubar menuitem menuitemcheckbox menuitemradio meter
  navigation note option paragraph progressbar radio radiogroup region row rowgroup rowheader
  scrollbar search searchbox separator slider spinbutton status strong subscript superscript switch
  tab table tablist tabpanel term textbox time timer toolbar tooltip tree treegrid treeitem`.split(
    /\s+/,
  ),
);

/** Roles that people act on. */
export const interactiveRoles: ReadonlySet<string> = new Set(
  `button checkbox combobox gridcell link listbox menuitem menuitemcheckbox menuitemradio option
  radio searchbox slider spinbutton switch tab textbox treeitem`.split(/\s+/),
);

/** Roles whose field takes text. */
export const textRoles: ReadonlySet<string> = new Set([
  'textbox',
  'searchbox',
  'combobox',
  'spinbutton',
]);

/** Roles that take their name from what they contain (WAI-ARIA 1.2, section 5.2.8.4). */
export const namedByContent: ReadonlySet<string> = new Set(
  `button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio
  option radio row rowheader switch tab tooltip treeitem`.split(/\s+/),
);

const inputRoles: Record<string, string> = {
  button: 'button',
  checkbox: 'checkbox',
  email: 'textbox',
  file: 'button',
  image: 'button',
  number: 'spinbutton',
  radio: 'radio',
  range: 'slider',
  reset: 'button',
  search: 'searchbox',
  submit: 'button',
};

const tagRoles: Record<string, string> = {
  article: 'article',
  aside: 'complementary',
  blockquote: 'blockquote',
  button: 'button',
  caption: 'caption',
  code: 'code',
  datalist: 'listbox',
  dd: 'definition',
  details: 'group',
  dialog: 'dialog',
  dt: 'term',
  fieldset: 'group',
  figure: 'figure',
  h1: 'heading',
  h2: 'heading',
  h3: 'heading',
  h4: 'heading',
  h5: 'heading',
  h6: 'heading',
  hr: 'separator',
  li: 'listitem',
  main: 'main',
  menu: 'list',
  meter: 'meter',
  nav: 'navigation',
  ol: 'list',
  optgroup: 'group',
  option: 'option',
  output: 'status',
  p: 'paragraph',
  progress: 'progressbar',
  search: 'search',
  summary: 'button',
  table: 'table',
  tbody: 'rowgroup',
  textarea: 'textbox',
  tfoot: 'rowgroup',
  thead: 'rowgroup',
  tr: 'row',
  ul: 'list',
};

const sectioning = new Set(['article', 'aside', 'main', 'nav', 'section']);

/**
 * Role of an element, `null` for one that has none of its own (a plain `div`).
 *
 * A subset of HTML-AAM 1.0: `form` and `section` count only when an author named them, since their
 * implicit role depends on the name; `password`, date and colour fields read as textboxes.
 */
export function roleOf(element: PageElement): string | null {
  for (const word of (element.attributes.role ?? '').toLowerCase().split(/\s+/)) {
    if (roles.has(word)) return word === 'generic' ? null : word;
    if (word === 'none' || word === 'presentation') return null;
  }
  const { tag, attributes } = element;
  if (tag === 'a' || tag === 'area') return attributes.href === undefined ? null : 'link';
  if (tag === 'input') return inputRole(attributes);
  if (tag === 'select') return isListbox(attributes) ? 'listbox' : 'combobox';
  if (tag === 'img') return attributes.alt === '' ? null : 'img';
  if (tag === 'svg') return attributes['aria-label'] ? 'img' : null;
  if (tag === 'td') return 'cell';
  if (tag === 'th') return attributes.scope === 'row' ? 'rowheader' : 'columnheader';
  if (tag === 'form' || tag === 'section') return sectionRole(tag, attributes);
  if (tag === 'header' || tag === 'footer') return isInSection(element) ? null : pageRole(tag);
  if (isEditable(attributes)) return 'textbox';
  return tagRoles[tag] ?? null;
}

export function isEditable(attributes: Record<string, string>): boolean {
  const editable = attributes.contenteditable;
  return editable !== undefined && editable !== 'false';
}

function inputRole(attributes: Record<string, string>): string | null {
  const type = (attributes.type ?? 'text').toLowerCase();
  if (type === 'hidden') return null;
  const role = inputRoles[type] ?? 'textbox';
  const takesText = role === 'textbox' || role === 'searchbox';
  return takesText && attributes.list !== undefined ? 'combobox' : role;
}

function isListbox({ multiple, size }: Record<string, string>): boolean {
  return multiple !== undefined || Number(size) > 1;
}

function sectionRole(tag: string, attributes: Record<string, string>): string | null {
  const isNamed = attributes['aria-label'] ?? attributes['aria-labelledby'] ?? attributes.title;
  if (!isNamed) return null;
  return tag === 'form' ? 'form' : 'region';
}

function pageRole(tag: string): string {
  return tag === 'header' ? 'banner' : 'contentinfo';
}

function isInSection(element: PageElement): boolean {
  for (let above = element.parent; above; above = above.parent) {
    if (sectioning.has(above.tag)) return true;
  }
  return false;
}
