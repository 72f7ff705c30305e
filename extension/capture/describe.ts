import type { PageState, Rectangle, Target } from '../../src/contract/interaction.ts';
import { limits } from '../../src/contract/limits.ts';
import { INTERACTIVE, isInView, isTextField, isTickBox, isVisible, textOf } from './dom.ts';
import { nameOf, roleOfElement } from './names.ts';
import { cssOf } from './paths.ts';
import { shown } from './pieces.ts';
import { cleanText, cleanUrl, rawValueOf, sensitivityOf, shownValueOf } from './privacy.ts';

const KEPT =
  /^(?:id|class|name|type|role|href|for|alt|title|placeholder|autocomplete|aria-.*|data-.*)$/;
const LONGEST_ATTRIBUTE = 200;
const LONGEST_TEXT = 300;

export function stateOfPage(): PageState {
  const focused = document.activeElement;
  return {
    url: cleanUrl(location.href).slice(0, limits.urlChars),
    title: cleanText(document.title).slice(0, limits.nameChars),
    scrollX: Math.round(scrollX),
    scrollY: Math.round(scrollY),
    viewportWidth: innerWidth,
    viewportHeight: innerHeight,
    devicePixelRatio,
    activeElement: focused && focused !== document.body ? selectorOf(focused) : null,
    visibleElements: shown.count || null,
  };
}

let known: { element: Element; selector: string; until: number } | null = null;

/** Where the focus is changes little, and is asked for often. */
function selectorOf(element: Element): string {
  if (known?.element === element && performance.now() < known.until) return known.selector;
  const selector = cleanText(cssOf(element)).slice(0, limits.selectorChars);
  known = { element, selector, until: performance.now() + 1_000 };
  return selector;
}

export function targetOf(element: Element): Target {
  const text = textOf(element, LONGEST_TEXT);
  const isField = element.matches('input,select,textarea') || isTextField(element);
  return {
    tag: element.localName,
    role: roleOfElement(element),
    name: cleanText(nameOf(element)).slice(0, limits.nameChars) || null,
    text: isField ? null : cleanText(text) || null,
    value: isField ? shownValueOf(element).slice(0, 4_096) : null,
    attributes: attributesOf(element),
    rectangle: rectangleOf(element),
    isVisible: isVisible(element) && isInView(element.getBoundingClientRect()),
  };
}

/**
 * What the element is, for those who judge how sure the target is.
 *
 * @param isHit a pointer found it, so that nothing covers it; `null`: no pointer looks for it. Both spare the
 *   page a hit test, which takes milliseconds where it is long
 */
export function analyse(element: Element, isHit: boolean | null = false) {
  const field = element as Partial<HTMLInputElement & HTMLSelectElement>;
  const form = field.form instanceof HTMLFormElement ? field.form : element.closest('form');
  const isField = element.matches('input,select,textarea');
  return {
    isInteractive: element.matches(INTERACTIVE),
    isFormField: isField,
    fieldType: isField ? (field.type ?? null) : null,
    isEditable: isTextField(element),
    isRequired: field.required ?? false,
    isDisabled: element.matches(':disabled,[aria-disabled=true]'),
    isReadOnly: field.readOnly ?? false,
    isChecked: isTickBox(element) ? element.checked : null,
    isExpanded: element.getAttribute('aria-expanded'),
    isPressed: element.getAttribute('aria-pressed'),
    isSelected: element.getAttribute('aria-selected'),
    isFocused: element.matches(':focus'),
    isEmpty: isField ? rawValueOf(element) === '' : null,
    isPersonal: isField ? sensitivityOf(element) !== null : false,
    isInShadow: element.getRootNode() instanceof ShadowRoot,
    isCovered: isHit === false ? isCovered(element) : isHit && false,
    options: element instanceof HTMLSelectElement ? element.options.length : null,
    form: form ? { name: cleanText(nameOf(form)) || null, fields: form.elements.length } : null,
  };
}

function attributesOf(element: Element): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const { name, value } of [...element.attributes].slice(0, 40)) {
    if (!KEPT.test(name)) continue;
    const clean = name === 'href' ? cleanUrl(value) : cleanText(value);
    kept[name] = clean.slice(0, LONGEST_ATTRIBUTE);
  }
  return kept;
}

function rectangleOf(element: Element): Rectangle {
  let { x, y, width, height } = element.getBoundingClientRect();
  const label = isTickBox(element) ? element.labels?.[0] : undefined;
  // A tick box drawn by its label has no size of its own.
  if ((width < 2 || height < 2) && label) ({ x, y, width, height } = label.getBoundingClientRect());
  return { x: tenth(x), y: tenth(y), width: tenth(width), height: tenth(height) };
}

/** Whether something else takes the click in the middle of the element; `null` out of view. */
function isCovered(element: Element): boolean | null {
  const { x, y, width, height } = element.getBoundingClientRect();
  const root = element.getRootNode() as Document | ShadowRoot;
  const top = root.elementFromPoint(x + width / 2, y + height / 2);
  return top ? !element.contains(top) && !top.contains(element) : null;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
