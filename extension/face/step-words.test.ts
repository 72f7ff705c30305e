import { expect, test } from 'vitest';
import type { InteractionRecord, Target } from '../../src/contract/interaction.ts';
import { dropReasons, interactionTypes, wordsOf } from '../../src/contract/vocabulary.ts';
import { interactionWords } from './step-words.ts';

const button: Target = { tag: 'button', role: 'button', name: 'Add to basket' };

function makeStep(change: Partial<InteractionRecord>): InteractionRecord {
  return {
    id: '01a1fb76-745e-73ef-bcc1-e3dec96e9b92',
    sequence: 1,
    type: 'CLICK',
    occurredAt: '2026-11-21T00:16:44.174Z',
    sessionTimeMs: 0,
    url: 'https://shop.example/jackets?token=secret',
    frame: [],
    selectors: [],
    confidence: 1,
    target: button,
    ...change,
  };
}

test.for<[string, Partial<InteractionRecord>]>([
  ['Clicked “Add to basket” (button)', {}],
  ['Clicked “Search” (text field)', { target: { tag: 'input', role: 'combobox', name: 'Search' } }],
  ['Clicked a picture without a name', { target: { tag: 'img', role: 'img' } }],
  ['Clicked an article without a name', { target: { tag: 'article', role: 'article', name: ' ' } }],
  ['Clicked the page', { target: { tag: 'body' } }],
  ['Typed “rain jacket” into “Add to basket” (button)', { type: 'INPUT', value: 'rain\n jacket' }],
  ['Typed something into “Add to basket” (button)', { type: 'INPUT' }],
  [
    'Chose “M” in “Size” (list)',
    { type: 'SELECT', value: 'M', target: { tag: 'select', role: 'combobox', name: 'Size' } },
  ],
  [
    'Pressed Ctrl + Shift + K',
    { type: 'KEY_PRESS', key: 'K', modifiers: { control: true, shift: true }, target: null },
  ],
  ['Pressed Space in “Add to basket” (button)', { type: 'KEY_PRESS', key: ' ' }],
  [
    'Switched “Waterproof” (checkbox) off',
    {
      type: 'CHANGE',
      value: 'false',
      target: { tag: 'input', role: 'checkbox', name: 'Waterproof' },
    },
  ],
  [
    'Chose “Blue” (choice)',
    { type: 'CHANGE', value: 'true', target: { tag: 'input', role: 'radio', name: 'Blue' } },
  ],
  ['Scrolled the page', { type: 'SCROLL', target: { tag: 'html' } }],
  ['Came to shop.example/jackets', { type: 'NAVIGATION' }],
  [
    'A dialog without a name came up',
    { type: 'MODAL_OPEN', target: { tag: 'dialog', role: 'dialog' } },
  ],
])('%s', ([words, change]) => {
  expect(interactionWords(makeStep(change))).toBe(words);
});

test('every type of interaction and every reason to give one up has words', () => {
  const all = [
    ...wordsOf(interactionTypes).map((type) => interactionWords(makeStep({ type }))),
    ...wordsOf(dropReasons).map((dropped) => interactionWords({ sequence: 1, dropped })),
  ];

  expect(
    all.filter((words) => !/^[A-Z“].{8,}/.test(words) || /undefined|null/.test(words)),
  ).toEqual([]);
});

test('what stands behind the question mark of an address is not repeated', () => {
  const all = wordsOf(interactionTypes).map((type) => interactionWords(makeStep({ type })));

  expect(all.join()).not.toContain('secret');
});
