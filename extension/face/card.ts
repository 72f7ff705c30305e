import type { FaceState } from '../messages.ts';
import { h, setText } from './dom.ts';
import type { Trouble } from './pieces.ts';

export type Card = { element: HTMLElement; update: (state: FaceState) => void };
export type Complain = (trouble: Trouble | null) => void;

/** A part of the page: what it is on the left, what can be done on the right. */
export function card(id: string, title: string, hint: string, ...children: Node[]): HTMLElement {
  return h(
    'section',
    { id, class: 'card', 'aria-labelledby': `${id}-title` },
    h('div', {}, h('h2', { id: `${id}-title` }, title), h('p', { class: 'hint' }, hint)),
    h('div', { class: 'card-body' }, ...children),
  );
}

/** Name and value, in two columns. */
export function facts(names: string[]): { element: HTMLElement; set: (values: string[]) => void } {
  const values = names.map(() => h('dd', {}));
  const rows = names.map((name, index) => h('div', {}, h('dt', {}, name), values[index] ?? null));
  return {
    element: h('dl', { class: 'fact-list' }, ...rows),
    set: (texts) => values.forEach((value, index) => void setText(value, texts[index] ?? '')),
  };
}
