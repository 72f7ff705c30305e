import { expect, test } from 'vitest';
import type { SelectorStrategy } from '../../contract/vocabulary.ts';
import { parsePage } from './parse.ts';
import { resolveSelector } from './selector.ts';

const page = parsePage(`<html data-cs-ref="e1"><body data-cs-ref="e2">
  <form name="q" data-cs-ref="e3"><label for="s" data-cs-ref="e4">Search  term</label>
    <input id="s" name="q" data-cs-ref="e5"><button name="go" data-cs-ref="e6"><span data-cs-ref="e7">Go</span></button></form>
  <ul data-cs-ref="e8">
    <li data-sku="a" data-cs-ref="e9"><button data-testid="add-a" data-cs-ref="e10">Add "to" &gt;&gt; cart</button></li>
    <li data-sku="b" data-cs-ref="e11"><button data-testid="add-b" data-cs-ref="e12">Add "to" &gt;&gt; cart</button></li>
    <li data-sku="c" data-cs-hidden data-cs-ref="e13"><button data-cs-ref="e14">Add "to" &gt;&gt; cart</button></li></ul>
  <x-card data-cs-ref="e15"><template shadowrootmode="open"><p data-cs-ref="e16">Card</p><slot></slot></template>
    <b data-cs-ref="e17">Light</b></x-card></body></html>`);

const refs = (strategy: SelectorStrategy, value: string) =>
  resolveSelector(page, { strategy, value })?.map(({ ref }) => ref) ?? null;

test('CSS, ids, test ids and structural paths find what a browser finds', () => {
  expect(refs('ID', '#s')).toEqual(['e5']);
  expect(refs('TEST_ID', '[data-testid="add-b"]')).toEqual(['e12']);
  expect(refs('CSS', 'li > button')).toEqual(['e10', 'e12', 'e14']);
  expect(refs('CSS', 'button[name="go"]')).toEqual(['e6']);
  expect(
    refs('STRUCTURAL', 'html > body:nth-child(1) > ul:nth-child(2) > li:nth-child(2)'),
  ).toEqual(['e11']);
});

test('a role and a name find visible elements, within a scope where one is given', () => {
  expect(refs('ROLE_NAME', 'textbox[name="Search term"]')).toEqual(['e5']);
  expect(refs('ROLE_NAME', 'button[name="Add \\"to\\" >> cart"]')).toEqual(['e10', 'e12']);
  expect(refs('ROLE_NAME', '[data-sku="b"] >> button[name="Add \\"to\\" >> cart"]')).toEqual([
    'e12',
  ]);
  expect(refs('ROLE_NAME', 'form[name="q"] >> button[name="Go"]')).toEqual(['e6']);
});

test('a text finds the control that shows it, a label its field', () => {
  expect(refs('TEXT', 'Go')).toEqual(['e6']);
  expect(refs('TEXT', 'Light')).toEqual(['e17']);
  expect(refs('LABEL', 'Search term')).toEqual(['e5']);
});

test('CSS reaches through open shadow roots and counts children on each side apart', () => {
  expect(refs('CSS', 'x-card p:first-child')).toEqual(['e16']);
  expect(refs('CSS', 'x-card > b:first-child')).toEqual(['e17']);
});

test('nothing found is not the same as cannot tell', () => {
  expect(refs('CSS', '.gone')).toEqual([]);
  expect(refs('XPATH', '//button')).toBeNull();
  expect(refs('OTHER', 'button')).toBeNull();
  expect(refs('CSS', 'li:[')).toBeNull();
  expect(refs('ROLE_NAME', 'no such syntax')).toBeNull();
});

test('a selector that would take for ever is given up, and costs the next one nothing', () => {
  const deep = parsePage(`${'<div>'.repeat(200)}x${'</div>'.repeat(200)}`);
  const wide = parsePage(`<ul>${'<li data-cs-ref="e1">x</li>'.repeat(2_000)}</ul>`);
  const seek = (page: typeof deep, value: string) =>
    resolveSelector(page, { strategy: 'CSS', value });

  const begunAt = performance.now();
  expect(seek(deep, 'nosuch div div div div div div div')).toBeNull();
  expect(seek(wide, 'nosuch ~ li ~ li ~ li ~ li')).toBeNull();
  expect(seek(wide, Array(500).fill('ul').join(' >> '))).toBeNull();
  expect(performance.now() - begunAt).toBeLessThan(10_000);

  expect(seek(deep, 'div div div')).toHaveLength(198);
  expect(seek(wide, 'ul > li:nth-child(1999)')).toHaveLength(1);
});
