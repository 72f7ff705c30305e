type Value = string | number | boolean | null | undefined;

/** Attributes by their HTML names; `true` is an empty attribute, `false` and `null` none. */
export type Attributes = Record<string, Value>;

export type Child = Node | string | null;

/** An element with attributes and children: `h('button', { type: 'button' }, 'Start')`. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Changes the text only when it differs, so that nothing is announced, selected or drawn anew. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: Value): void {
  const text = value === true ? '' : value;
  if (text === false || text === null || text === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(text)) element.setAttribute(name, String(text));
}

/** Shows or hides; the focus never stays on what is hidden, it goes to `heir`. */
export function show(element: HTMLElement, isShown: boolean, heir?: HTMLElement): void {
  if (element.hidden === !isShown) return;
  const hadFocus = !isShown && element.contains(document.activeElement);
  element.hidden = !isShown;
  if (hadFocus) heir?.focus();
}

/** Shows one of two; the focus goes from the one to the other. */
export function showOne(isFirst: boolean, first: HTMLElement, second: HTMLElement): void {
  const [shown, hidden] = isFirst ? [first, second] : [second, first];
  show(shown, true); // before the other is hidden: what is hidden takes no focus
  show(hidden, false, shown);
}

/** One row of a list that is kept in place. */
export type Row<T> = { element: HTMLElement; update: (item: T) => void };

/**
 * Keeps the children of `list` in step with items: a row stays the same element for as long as its key
 * is there, so that focus, open details and scrolling stay.
 *
 * @returns brings the list to these items
 */
export function keepRows<T>(
  list: HTMLElement,
  keyOf: (item: T) => string,
  makeRow: (item: T) => Row<T>,
): (items: T[]) => void {
  const rows = new Map<string, Row<T>>();
  return (items) => {
    const keys = new Set(items.map(keyOf));
    for (const [key, row] of rows) {
      if (keys.has(key)) continue;
      row.element.remove();
      rows.delete(key);
    }
    let before: Element | null = null;
    for (const item of items) {
      const key = keyOf(item);
      const row = rows.get(key) ?? makeRow(item);
      rows.set(key, row);
      row.update(item);
      const place: Element | null = before ? before.nextElementSibling : list.firstElementChild;
      if (place !== row.element) list.insertBefore(row.element, place);
      before = row.element;
    }
  };
}
