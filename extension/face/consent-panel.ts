import { ask } from '../wire.ts';
import { consentSummary, consentText } from './consent-text.ts';
import { h } from './dom.ts';
import { actionButton, type Trouble } from './pieces.ts';

/** The agreement in short, with a way to its full text. */
export function consentShort(onTrouble: (trouble: Trouble | null) => void): HTMLElement {
  return h(
    'div',
    {},
    h('ul', { class: 'points' }, ...consentSummary.map((point) => h('li', {}, point))),
    h('p', {}, h('a', { href: 'options.html#consent', target: '_blank' }, 'Read the full text')),
    agreeButton(onTrouble, 'wide'),
  );
}

/** The full text, word by word as its hash counts it. */
export function consentInFull(): HTMLElement {
  const parts = consentText.text
    .split('\n\n')
    .map((part) => (part.startsWith('# ') ? h('h3', {}, part.slice(2)) : h('p', {}, part)));
  return h('div', { class: 'prose', lang: consentText.locale }, ...parts);
}

export function agreeButton(
  onTrouble: (trouble: Trouble | null) => void,
  extraClass = '',
): HTMLButtonElement {
  const button = actionButton('I agree', { kind: 'primary', onTrouble }, () =>
    ask('consent.give', { version: consentText.version, locale: consentText.locale }),
  );
  if (extraClass) button.classList.add(extraClass);
  return button;
}
