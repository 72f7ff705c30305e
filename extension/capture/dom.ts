/** Elements that are one thing to act on, with all that is in them. */
const CONTROL =
  'a[href],button,input:not([type=hidden]),select,textarea,summary,[contenteditable],[role=button],[role=link],' +
  '[role=option],[role=tab],[role^=menuitem],[role=treeitem],[draggable=true]';

/** Elements that a person can act on. */
export const INTERACTIVE =
  'a[href],button,input:not([type=hidden]),select,textarea,summary,label,option,[contenteditable=""],' +
  '[contenteditable=true],[tabindex]:not([tabindex="-1"]),[onclick],[draggable=true],[role=button],' +
  '[role=link],[role=checkbox],[role=radio],[role=switch],[role=tab],[role=option],[role=menuitem],' +
  '[role=menuitemcheckbox],[role=menuitemradio],[role=combobox],[role=slider],[role=treeitem]';

/** What they hold is not shown as text. */
const UNREAD = /^(?:script|style|noscript|template|select|textarea)$/;

/** The parent as it is shown: the host for the top of a shadow root. */
export function parentOf(element: Element): Element | null {
  return element.parentElement ?? hostAround(element);
}

function hostAround(element: Element): Element | null {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

/** As `closest`, through open shadow roots. */
export function closestOf(element: Element, selector: string): Element | null {
  for (let at: Element | null = element; at; at = hostAround(at)) {
    const found = at.closest(selector);
    if (found) return found;
  }
  return null;
}

export function isVisible(element: Element): boolean {
  return element.checkVisibility({ visibilityProperty: true });
}

/** Whether assistive technology is told of the element. */
export function isExposed(element: Element): boolean {
  return isVisible(element) && !closestOf(element, '[aria-hidden=true],[inert]');
}

export function isInView({ left, top, right, bottom, width, height }: DOMRect): boolean {
  if (width === 0 || height === 0) return false;
  return right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
}

export function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Text that is shown: without scripts, styles and hidden parts. */
export function textOf(element: Element, maxChars = 4_096): string {
  if (!element.firstElementChild && !element.shadowRoot && !UNREAD.test(element.localName)) {
    return collapse(element.textContent).slice(0, maxChars);
  }
  let text = '';
  const visit = (node: Node): void => {
    if (text.length > maxChars) return;
    if (node instanceof Text) text += node.data;
    if (!(node instanceof Element || node instanceof ShadowRoot)) return;
    if (node instanceof Element) {
      if (UNREAD.test(node.localName)) return;
      if (node !== element && !isVisible(node)) return;
      if (node.shadowRoot) visit(node.shadowRoot);
    }
    const isBlock = node instanceof Element && getComputedStyle(node).display !== 'inline';
    if (isBlock || (node instanceof Element && node.localName === 'br')) text += ' ';
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (text.length > maxChars) return;
      visit(child);
    }
    if (isBlock) text += ' ';
  };
  visit(element);
  return collapse(text).slice(0, maxChars);
}

/** Where the event really happened, also within open shadow roots. */
export function originOf(event: Event): Element | null {
  const { target } = event;
  if (target instanceof Element && !target.shadowRoot) return target;
  const first = event.composedPath()[0];
  if (first instanceof Element) return first;
  return first instanceof Document ? first.documentElement : null;
}

/** What the person meant: the control of a label, the button around an icon, else the element. */
export function meantBy(element: Element): Element {
  const interactive = closestOf(element, INTERACTIVE);
  if (interactive instanceof HTMLLabelElement) return interactive.control ?? element;
  if (!interactive || interactive === element) return element;
  // A pane that takes the focus, or hears the clicks of all that is in it, is not what was meant.
  const isPane = !interactive.matches(CONTROL) && interactive.querySelector(CONTROL) !== null;
  return isPane ? element : interactive;
}

export function isTextField(
  element: Element | null,
): element is HTMLInputElement | HTMLTextAreaElement | HTMLElement {
  if (element instanceof HTMLTextAreaElement) return true;
  if (element instanceof HTMLInputElement) {
    return /^(?:text|email|password|search|tel|url|number)$/.test(element.type);
  }
  return element instanceof HTMLElement && element.isContentEditable;
}

/** Fields whose parts are typed or picked: each part may change the value. */
export function isDateField(element: Element | null): element is HTMLInputElement {
  return (
    element instanceof HTMLInputElement &&
    /^(?:date|time|datetime-local|month|week)$/.test(element.type)
  );
}

export function isTickBox(element: Element | null): element is HTMLInputElement {
  return element instanceof HTMLInputElement && /^(?:checkbox|radio)$/.test(element.type);
}
