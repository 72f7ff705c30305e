import { expect, test } from 'vitest';
import { interactiveElements, parsePage, visibleElements } from './parse.ts';

const CHECKOUT = `<!DOCTYPE html><html lang="en"><head><title>Checkout ·
  Outdoor Shop</title></head><body data-cs-ref="e1">
  <header data-cs-ref="e2"><a data-cs-ref="e3" data-cs-box="8,8,60,20" href="/">Home</a></header>
  <form data-cs-ref="e4">
    <h2 data-cs-ref="e5">Delivery</h2>
    <label data-cs-ref="e6" for="zip">Zip code</label>
    <input data-cs-ref="e7" id="zip" data-cs-box="8,80,200,30" value="10115">
    <label data-cs-ref="e8">Size <select data-cs-ref="e9" data-cs-box="8,120,90,30">
      <option data-cs-ref="e10">S</option><option data-cs-ref="e11" selected>M</option></select></label>
    <input data-cs-ref="e12" type="checkbox" id="gift" checked data-cs-hidden data-cs-box="0,0,1,1">
    <label data-cs-ref="e13" for="gift">Wrap as a gift</label>
    <textarea data-cs-ref="e14" aria-label="Note"> Leave it
at the door</textarea>
    <button data-cs-ref="e15" data-cs-box="8,200,90,30" disabled>Pay <b data-cs-ref="e16">now</b></button>
    <button data-cs-ref="e17" data-cs-box="8,240,90,30" aria-expanded="false" aria-label="More"><svg></svg></button>
    <div data-cs-ref="e18" data-cs-hidden>Secret <button data-cs-ref="e19">Hidden</button></div>
    <div data-cs-ref="e20" data-cs-hidden><button data-cs-ref="e21" data-cs-box="8,280,90,30">Floating</button></div>
    <fieldset data-cs-ref="e22" disabled><legend data-cs-ref="e23">Pay by</legend>
      <input data-cs-ref="e24" type="radio" name="by" aria-labelledby="card"><span id="card" data-cs-ref="e25">Card</span>
    </fieldset>
  </form></body></html>`;

test('a snapshot reads as elements with refs, roles, names, states and values', () => {
  const page = parsePage(CHECKOUT);

  const read = (ref: string) => {
    const { role, name, value, states } = page.byRef.get(ref) ?? {};
    return { role, name, value, ...states };
  };

  expect(page.title).toBe('Checkout · Outdoor Shop');
  expect(read('e3')).toEqual({ role: 'link', name: 'Home', value: null });
  expect(read('e7')).toEqual({ role: 'textbox', name: 'Zip code', value: '10115' });
  expect(read('e9')).toEqual({ role: 'combobox', name: 'Size', value: 'M' });
  expect(read('e12')).toEqual({
    role: 'checkbox',
    name: 'Wrap as a gift',
    value: null,
    checked: true,
  });
  expect(read('e14')).toMatchObject({
    role: 'textbox',
    name: 'Note',
    value: ' Leave it\nat the door',
  });
  expect(read('e15')).toEqual({ role: 'button', name: 'Pay now', value: null, disabled: true });
  expect(read('e17')).toEqual({ role: 'button', name: 'More', value: null, expanded: false });
  expect(read('e22')).toMatchObject({ role: 'group', name: 'Pay by' });
  expect(read('e24')).toEqual({
    role: 'radio',
    name: 'Card',
    value: null,
    checked: false,
    disabled: true,
  });
  expect(page.byRef.get('e5')?.level).toBe(2);
  expect(page.byRef.get('e7')?.box).toEqual({ x: 8, y: 80, width: 200, height: 30 });
});

test('what the recorder marked hidden is not visible, and neither is what it holds', () => {
  const visible = visibleElements(parsePage(CHECKOUT)).map(({ ref }) => ref);

  expect(visible).not.toContain('e18');
  expect(visible).not.toContain('e19');
});

test('a measured control shows itself inside of a box that has no size of its own', () => {
  expect(parsePage(CHECKOUT).byRef.get('e21')?.visible).toBe(true);
});

test('a hidden check box with a visible label can be acted on', () => {
  const refs = interactiveElements(parsePage(CHECKOUT)).map(({ ref }) => ref);

  expect(refs).toEqual(['e3', 'e7', 'e9', 'e12', 'e14', 'e15', 'e17', 'e21', 'e24']);
});

test('open shadow trees are read through their slots', () => {
  const page = parsePage(`<my-button data-cs-ref="e1"><template shadowrootmode="open">
    <button data-cs-ref="e2"><slot></slot></button></template>Buy<i slot="other" data-cs-ref="e3">unseen</i></my-button>`);

  expect(page.byRef.get('e2')).toMatchObject({ role: 'button', name: 'Buy', visible: true });
  expect(page.byRef.get('e3')?.visible).toBe(false);
});

test('a hostile depth ends the page early instead of holding the server', () => {
  const startedAt = performance.now();
  const page = parsePage(`<p data-cs-ref="e1">x</p>${'<div>'.repeat(1_000_000)}`);

  expect(page.cutShort).toBe(true);
  expect(page.byRef.has('e1')).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('what is not HTML is not an error', () => {
  expect(parsePage('\u0000<<<>>>&&& </x>').elements).toEqual([]);
  expect(parsePage('').top).toEqual([]);
});
