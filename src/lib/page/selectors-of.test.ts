import { expect, test } from 'vitest';
import { parsePage } from './parse.ts';
import { selectorsOf } from './selectors-of.ts';

const page = parsePage(`<html><body><nav><a href="/a" data-cs-ref="e1">Help</a></nav>
  <ul><li data-sku="a"><button data-cs-ref="e2">Add "to" cart</button></li>
  <li data-sku="b"><button data-cs-ref="e3">Add "to" cart</button></li></ul>
  <label>Name <input id="name" name="who" data-testid="who" data-cs-ref="e4"></label>
  <div id="ember1234" data-cs-ref="e5" role="button"></div></body></html>`);

const found = (ref: string) => {
  const element = page.byRef.get(ref);
  if (!element) throw new Error(`Expected ${ref} on the page.`);
  return selectorsOf(page, element);
};

test('the most reliable selector comes first, and each was tried on the page', () => {
  expect(found('e4').map(({ strategy, value }) => `${strategy} ${value}`)).toEqual([
    'TEST_ID [data-testid="who"]',
    'ID [id="name"]',
    'ROLE_NAME textbox[name="Name"]',
    'LABEL Name',
    'CSS input[name="who"]',
    expect.stringMatching(/^STRUCTURAL html > body/),
  ]);
  expect(found('e4').every(({ matchCount }) => matchCount === 1)).toBe(true);
});

test('twins are told apart by the key of what is around them', () => {
  expect(found('e3')[0]).toMatchObject({
    value: '[data-sku="b"] >> button[name="Add \\"to\\" cart"]',
    matchCount: 1,
  });
  expect(found('e3').find(({ value }) => value.startsWith('button['))).toMatchObject({
    matchCount: 2,
    confidence: 0.45,
  });
});

test('generated ids are not relied on, and an element without a name still has its place', () => {
  expect(found('e5').map(({ strategy }) => strategy)).toEqual(['STRUCTURAL']);
});
