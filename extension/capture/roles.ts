const BY_TAG: Record<string, string> = {
  article: 'article',
  aside: 'complementary',
  button: 'button',
  datalist: 'listbox',
  dd: 'definition',
  details: 'group',
  dialog: 'dialog',
  dt: 'term',
  fieldset: 'group',
  figure: 'figure',
  form: 'form',
  h1: 'heading',
  h2: 'heading',
  h3: 'heading',
  h4: 'heading',
  h5: 'heading',
  h6: 'heading',
  hr: 'separator',
  html: 'document',
  iframe: 'iframe',
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
  section: 'region',
  summary: 'button',
  table: 'table',
  tbody: 'rowgroup',
  td: 'cell',
  textarea: 'textbox',
  tfoot: 'rowgroup',
  th: 'columnheader',
  thead: 'rowgroup',
  tr: 'row',
  ul: 'list',
};

const BY_INPUT_TYPE: Record<string, string> = {
  button: 'button',
  checkbox: 'checkbox',
  email: 'textbox',
  image: 'button',
  number: 'spinbutton',
  radio: 'radio',
  range: 'slider',
  reset: 'button',
  search: 'searchbox',
  submit: 'button',
  tel: 'textbox',
  text: 'textbox',
  url: 'textbox',
  password: 'textbox',
};

/** Roles that take their name from what they hold: https://www.w3.org/TR/wai-aria-1.2/#namefromcontent */
export const NAMED_BY_CONTENT = new Set([
  'button',
  'cell',
  'checkbox',
  'columnheader',
  'gridcell',
  'heading',
  'link',
  'menuitem',
  'menuitemcheckbox',
  'menuitemradio',
  'option',
  'radio',
  'row',
  'rowheader',
  'switch',
  'tab',
  'tooltip',
  'treeitem',
]);

/**
 * The role of an element by its own tag and attributes, a working part of
 * https://www.w3.org/TR/html-aam-1.0/#html-element-role-mappings; `null` for none. Pure, so that a
 * reader of a snapshot finds the same.
 *
 * `header` and `footer` have no role here: theirs depends on what is around them.
 */
export function roleOf(tag: string, attribute: (name: string) => string | null): string | null {
  const explicit = attribute('role')?.trim().split(/\s+/)[0];
  if (explicit) return explicit;
  if (tag === 'a' || tag === 'area') return attribute('href') === null ? null : 'link';
  if (tag === 'img') return attribute('alt') === '' ? 'presentation' : 'img';
  if (tag === 'select') {
    const isList = attribute('multiple') !== null || Number(attribute('size') ?? 1) > 1;
    return isList ? 'listbox' : 'combobox';
  }
  if (tag === 'input') {
    const type = (attribute('type') ?? 'text').toLowerCase();
    const role = Object.hasOwn(BY_INPUT_TYPE, type) ? BY_INPUT_TYPE[type] : undefined;
    const isText = role === 'textbox' || role === 'searchbox';
    if (isText && attribute('list') !== null) return 'combobox';
    return role ?? null;
  }
  return Object.hasOwn(BY_TAG, tag) ? (BY_TAG[tag] ?? null) : null;
}
