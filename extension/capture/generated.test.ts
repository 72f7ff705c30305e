import { expect, test } from 'vitest';
import { looksGenerated } from './generated.ts';

test.each([
  ':r3:',
  'css-1x9k2p',
  'sc-bdVaJa1',
  'Button_root__3fK2a',
  'ember123',
  'mat-input-7',
  'radix-:r1:',
  'field-1f0c9d2e-7a41-4c1f',
  'row-20481',
  'a1b2c3',
])('%s was made by a machine', (name) => {
  expect(looksGenerated(name)).toBe(true);
});

test.each([
  'email',
  'add-to-cart',
  'col2',
  'size_guide',
  'h1',
  'step-3',
  'checkoutForm',
  'is-open',
])('%s was chosen by a person', (name) => {
  expect(looksGenerated(name)).toBe(false);
});
