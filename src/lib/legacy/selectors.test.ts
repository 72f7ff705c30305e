import { expect, test } from 'vitest';
import { remainsOf } from './remains.ts';
import { strategyOf, takeSelectors } from './selectors.ts';

test.each([
  ['[data-testid="sizeButton-0"]', 'TEST_ID'],
  ['button[data-cy=save]', 'TEST_ID'],
  ['#sizeButton-0', 'ID'],
  ['div#sizeButton-0', 'ID'],
  ['#men-products-\\/men\\/products\\.html', 'ID'],
  ['//button[@id="a"]', 'XPATH'],
  ['(//main/div[2])[1]', 'XPATH'],
  ['/html/body/div[3]', 'XPATH'],
  ['#main > div.a:nth-of-type(2) > li:nth-child(3)', 'STRUCTURAL'],
  ['nav > ul.f180f4', 'CSS'],
  ['[aria-label="Add\\ to\\ bag"]', 'CSS'],
  ['div[role="radio"]', 'CSS'],
  ['img', 'CSS'],
  ['a:not([href^="#"]):hover, .b', 'CSS'],
  ['[role="radio"]:contains("XS")', 'OTHER'],
  ['button#men-products-/men/products.html', 'OTHER'],
  ['text=Add to bag', 'OTHER'],
  ['.2xl', 'OTHER'],
  ['div >', 'OTHER'],
  ['', 'OTHER'],
])('%j has the strategy %s', (value, strategy) => {
  expect(strategyOf(value)).toBe(strategy);
});

test('the first choice comes first, each value once, and reliability is the confidence', () => {
  const remains = remainsOf({
    selectors: {
      primary: '#b',
      alternatives: ['button', '#b'],
      cssPath: '#b',
      reliability: { '#b': 0.4, button: null, '.only-rated': 0.1 },
    },
    elementDetails: { xpath: '//b', text: 'B' },
  });

  const selectors = takeSelectors(remains);

  expect(selectors).toEqual([
    { strategy: 'ID', value: '#b', matchCount: null, confidence: 0.4 },
    { strategy: 'CSS', value: 'button', matchCount: null, confidence: null },
    { strategy: 'XPATH', value: '//b', matchCount: null, confidence: null },
    { strategy: 'CSS', value: '.only-rated', matchCount: null, confidence: 0.1 },
  ]);
  expect(remains.rest()).toEqual({ elementDetails: { text: 'B' } });
});

test('what does not fit the contract stays where it was', () => {
  const long = `#${'a'.repeat(3_000)}`;
  const many = Array.from({ length: 30 }, (_, index) => `#a${index}`);
  const selectors = { primary: long, alternatives: many, reliability: { '#a0': 7 } };

  const remains = remainsOf(structuredClone({ selectors }));

  expect(takeSelectors(remains)).toHaveLength(24);
  expect(remains.rest()).toEqual({ selectors });
});
