import type { PageElement, PageNode, States } from './element.ts';
import { isEditable } from './role.ts';
import { textOf, tidy } from './text.ts';

/** What an outline calls the states, in its order. */
export const stateWords = [
  'checked',
  'half-checked',
  'selected',
  'disabled',
  'expanded',
  'collapsed',
  'pressed',
] as const;

const checkable = new Set(['checkbox', 'radio']);
const valueless = new Set([
  'button',
  'checkbox',
  'file',
  'hidden',
  'image',
  'radio',
  'reset',
  'submit',
]);

export function statesOf(element: PageElement): States {
  const { tag, attributes } = element;
  const states: States = {};
  const checked = truth(attributes['aria-checked']);
  if (tag === 'input' && checkable.has(typeOf(element))) {
    states.checked = attributes.checked !== undefined;
  } else if (checked !== null) states.checked = checked;
  const selected = truth(attributes['aria-selected']);
  if (tag === 'option') states.selected = attributes.selected !== undefined;
  else if (selected !== null) states.selected = selected === true;
  if (isDisabled(element)) states.disabled = true;
  const expanded = truth(attributes['aria-expanded']);
  if (tag === 'summary' && element.parent?.tag === 'details') {
    states.expanded = element.parent.attributes.open !== undefined;
  } else if (expanded !== null) states.expanded = expanded === true;
  const pressed = truth(attributes['aria-pressed']);
  if (pressed !== null) states.pressed = pressed;
  return states;
}

/** Words of {@link stateWords} that hold. */
export function wordsOfStates(states: States): string[] {
  const words: string[] = [];
  if (states.checked === true) words.push('checked');
  if (states.checked === 'mixed') words.push('half-checked');
  if (states.selected) words.push('selected');
  if (states.disabled) words.push('disabled');
  if (states.expanded === true) words.push('expanded');
  if (states.expanded === false) words.push('collapsed');
  if (states.pressed) words.push('pressed');
  return words;
}

/** What a field holds; a native list answers with its chosen options, joined by a comma. */
export function fieldValue(element: PageElement): string | null {
  const { tag, attributes, role } = element;
  if (tag === 'input') return valueless.has(typeOf(element)) ? null : (attributes.value ?? '');
  if (tag === 'textarea')
    return element.children.filter((node) => typeof node === 'string').join('');
  if (tag === 'select') return chosen(element).join(', ');
  const ranged = attributes['aria-valuetext'] ?? attributes['aria-valuenow'];
  if (ranged !== undefined) return ranged;
  if (tag === 'progress' || tag === 'meter') return attributes.value ?? null;
  if (isEditable(attributes) || role === 'textbox' || role === 'searchbox') {
    return textOf(element);
  }
  return null;
}

/** Texts of the options of a native list, in order. */
export function optionsOf(select: PageElement): string[] {
  return optionElements(select).map(optionText);
}

/**
 * Text of the native option that a person would name: the one with this text, else the one with this
 * `value`; `null` when there is none.
 */
export function optionNamed(select: PageElement, value: string): string | null {
  const options = optionElements(select);
  const option =
    options.find((option) => optionText(option) === tidy(value)) ??
    options.find(({ attributes }) => attributes.value === value);
  return option ? optionText(option) : null;
}

/** Native options under a list, groups opened. */
function optionElements(select: PageElement): PageElement[] {
  const isElement = (node: PageNode) => typeof node !== 'string';
  return select.children
    .filter(isElement)
    .flatMap((child) => (child.tag === 'optgroup' ? child.children.filter(isElement) : [child]))
    .filter((child) => child.tag === 'option');
}

function optionText(option: PageElement): string {
  const text = option.children.filter((node) => typeof node === 'string').join('');
  return tidy(option.attributes.label ?? text);
}

function chosen(select: PageElement): string[] {
  const options = optionElements(select);
  const selected = options.filter((option) => option.attributes.selected !== undefined);
  if (selected.length > 0 || select.attributes.multiple !== undefined)
    return selected.map(optionText);
  return options.slice(0, 1).map(optionText); // what a browser shows when nothing is chosen
}

function isDisabled(element: PageElement): boolean {
  if (element.attributes.disabled !== undefined) return true;
  if (element.attributes['aria-disabled'] === 'true') return true;
  if (!['button', 'input', 'select', 'textarea'].includes(element.tag)) return false;
  for (let above = element.parent; above; above = above.parent) {
    if (above.tag === 'fieldset' && above.attributes.disabled !== undefined) return true;
  }
  return false;
}

function typeOf({ attributes }: PageElement): string {
  return (attributes.type ?? 'text').toLowerCase();
}

function truth(word: string | undefined): boolean | 'mixed' | null {
  if (word === 'true') return true;
  if (word === 'false') return false;
  return word === 'mixed' ? 'mixed' : null;
}
