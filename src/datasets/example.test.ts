import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePage } from '../lib/page/parse.ts';
import { buildExample, type Example, type ExampleInput, readable } from './example.ts';
import { describeInteraction, type PastAction } from './history.ts';

const SHOP = `<html><head><title>Jackets</title></head><body>
  <header><a href="/" data-cs-ref="e1" data-cs-box="0,0,9,9">Home</a>
    <input type="search" aria-label="Search" data-cs-ref="e2" value="" autofocus></header>
  <main><h1 data-cs-ref="e3">Jackets</h1>
    <ul>${['Blue', 'Red', 'Green']
      .map(
        (colour, at) => `<li><h2 data-cs-ref="e${10 + at}">${colour} jacket</h2>
        <button data-cs-ref="e${20 + at}"><i data-cs-ref="e${30 + at}">+</i> Add to cart</button></li>`,
      )
      .join('')}</ul>
    <label>Size <select data-cs-ref="e40"><option value="s">Small</option><option value="m">Medium</option></select></label>
    <div data-cs-hidden><button data-cs-ref="e50">Unseen</button></div>
    <label><input type="checkbox" data-cs-ref="e60"> Gift</label>
  </main></body></html>`;

const act = (action: Partial<PastAction> = {}): PastAction => ({
  sequence: 5,
  type: 'CLICK',
  url: 'https://shop.example/jackets',
  ...action,
});

const build = (input: Partial<ExampleInput> = {}) =>
  buildExample({
    task: 'Buy the red jacket',
    history: [],
    page: parsePage(SHOP),
    targetRef: 'e21',
    interaction: act(),
    seed: 's:5',
    ...input,
  });

const made = (input: Partial<ExampleInput> = {}): Example => {
  const example = build(input);
  if ('skipped' in example) throw new Error(`expected an example, got ${example.skipped}`);
  return example;
};

const answerOf = (example: Example) =>
  example.candidates.find(({ ref }) => ref === example.answer.ref);

test('an example shows task, page and candidates, and its answer is one of them', () => {
  const example = made();

  expect(example.title).toBe('Jackets');
  expect(example.answer).toMatchObject({ operation: 'click', value: null });
  expect(answerOf(example)).toMatchObject({
    text: 'button "+ Add to cart"',
    within: 'listitem "Red jacket"',
  });
  expect(example.outline).toContain(`[${example.answer.ref}] button "+ Add to cart"`);
});

test('twins are told apart by what they stand in, all by the same rule', () => {
  const twins = made().candidates.filter(({ text }) => text.includes('Add to cart'));

  expect(twins.map(({ within }) => within).sort()).toEqual([
    'listitem "Blue jacket"',
    'listitem "Green jacket"',
    'listitem "Red jacket"',
  ]);
});

test('a part of a control stands for the control', () => {
  expect(made({ targetRef: 'e31' })).toEqual(made({ targetRef: 'e21' }));
});

test('nothing of the snapshot tells the answer: no ref of its own, no focus, no box', () => {
  const text = JSON.stringify(
    made({ targetRef: 'e2', interaction: act({ type: 'INPUT', value: 'x' }) }),
  );

  expect(text).not.toMatch(/\be[2-9]\d\b|data-cs|focus|0,0,9,9/);
});

test('a label stands for its field, and neither it nor a part of a control is a candidate', () => {
  const example = made();
  const page = parsePage(SHOP.replace('<label><input', '<label data-cs-ref="e61"><input'));

  expect(example.candidates.map(({ text }) => text)).not.toContain('generic "Gift"');
  expect(example.candidates.map(({ text }) => text)).not.toContain('generic "+"');
  expect(answerOf(made({ page, targetRef: 'e61' }))?.text).toBe('checkbox "Gift"');
});

test('the same seed gives the same example, another seed another order', () => {
  const orders = new Set(
    ['a', 'b', 'c'].map((seed) =>
      made({ seed })
        .candidates.map(({ text, within }) => text + within)
        .join(),
    ),
  );

  expect(made()).toEqual(made());
  expect(orders.size).toBe(3);
});

test('the history holds what came before and nothing of the action or after it', () => {
  const target = { tag: 'input', role: 'searchbox', name: 'Search' };
  const { history } = made({
    interaction: act({ sequence: 5, type: 'INPUT', value: 'rain', target }),
    targetRef: 'e2',
    history: [
      act({ sequence: 1, type: 'NAVIGATION', pageTitle: 'Jackets' }),
      act({ sequence: 2, type: 'CLICK', target: { tag: 'a', role: 'link', name: 'Home' } }),
      act({ sequence: 3, type: 'HOVER', target }),
      act({ sequence: 4, type: 'FOCUS', target }),
      act({ sequence: 5, type: 'INPUT', value: 'rain', target }),
      act({ sequence: 6, type: 'KEY_PRESS', key: 'Enter', target }),
    ],
  });

  expect(history).toEqual([
    'arrive at "Jackets", "https://shop.example/jackets"',
    'click link "Home"',
  ]);
});

test('a long history says what it leaves out', () => {
  const history = Array.from({ length: 50 }, (_, at) => act({ sequence: at + 1, type: 'SCROLL' }));

  expect(made({ history, interaction: act({ sequence: 99 }) })).toMatchObject({
    historyLeftOut: 30,
  });
});

test('a chosen option is named as a person sees it', () => {
  const example = made({ targetRef: 'e40', interaction: act({ type: 'SELECT', value: 'm' }) });

  expect(example.answer).toMatchObject({ operation: 'select', value: 'Medium' });
});

test('a box that changes without a click before it was clicked', () => {
  const interaction = act({ type: 'CHANGE', value: 'true' });
  const elsewhere = act({ sequence: 4, target: { tag: 'button', ref: 'e21' } });

  expect(made({ targetRef: 'e60', interaction, history: [elsewhere] }).answer).toMatchObject({
    operation: 'click',
    value: null,
  });
});

test('held keys belong to the answer', () => {
  const interaction = act({ type: 'KEY_PRESS', key: 'a', modifiers: { control: true } });

  expect(made({ targetRef: 'e2', interaction }).answer).toMatchObject({
    operation: 'press',
    value: 'Control+a',
  });
});

test.each<[string, Partial<ExampleInput>]>([
  ['NOT_AN_ANSWER', { interaction: act({ type: 'NAVIGATION' }) }],
  ['NOT_AN_ANSWER', { interaction: act({ type: 'SCROLL' }) }],
  ['CONSEQUENCE', { interaction: act({ type: 'SUBMIT' }) }],
  [
    'CONSEQUENCE',
    {
      interaction: act({ type: 'CHANGE', value: 'true' }),
      targetRef: 'e60',
      history: [act({ sequence: 4, target: { tag: 'input', ref: 'e60' } })],
    },
  ],
  [
    'SNAPSHOT_AFTER_ACTION',
    { interaction: act({ type: 'CHANGE', value: 'false' }), targetRef: 'e60' },
  ],
  ['TASK_MISSING', { task: null }],
  ['TASK_MISSING', { task: ' \n' }],
  ['SNAPSHOT_MISSING', { page: null }],
  ['TARGET_MISSING', { targetRef: null }],
  ['TARGET_NOT_IN_SNAPSHOT', { targetRef: 'e999' }],
  ['TARGET_NOT_VISIBLE', { targetRef: 'e50' }],
  [
    'TARGET_NOT_ACTIONABLE',
    { page: parsePage('<main data-cs-ref="e21"><button>x</button></main>') },
  ],
  ['VALUE_MISSING', { interaction: act({ type: 'INPUT' }), targetRef: 'e2' }],
  [
    'OPTION_NOT_IN_SNAPSHOT',
    { interaction: act({ type: 'SELECT', value: 'XL' }), targetRef: 'e40' },
  ],
  ['SNAPSHOT_AFTER_ACTION', { interaction: act({ type: 'SELECT', value: 's' }), targetRef: 'e40' }],
  ['SNAPSHOT_AFTER_ACTION', { interaction: act({ type: 'INPUT', value: '' }), targetRef: 'e2' }],
  ['TOO_FEW_CANDIDATES', { page: parsePage('<button data-cs-ref="e21">x</button>') }],
])('a guess is never made: %s', (reason, input) => {
  expect(build(input)).toEqual({ skipped: reason });
});

test('whatever the page, the answer is offered exactly once and stands in the outline', () => {
  const pages = fc.array(
    fc.record({
      tag: fc.constantFrom('button', 'a href="/x"', 'p', 'div data-cs-box="1,1,5,5"', 'h2', 'li'),
      name: fc.string({ maxLength: 400 }),
    }),
    { minLength: 2, maxLength: 300 },
  );
  fc.assert(
    fc.property(pages, fc.nat(), fc.string(), (items, pick, seed) => {
      const html = items.map(
        ({ tag, name }, at) =>
          `<${tag} data-cs-ref="e${at}">${name.replaceAll('<', '')}</${tag.split(' ')[0]}>`,
      );
      const example = build({
        page: parsePage(html.join('')),
        targetRef: `e${pick % items.length}`,
        seed,
      });
      if ('skipped' in example) return;
      const { candidates, answer, outline } = example;
      expect(candidates.filter(({ ref }) => ref === answer.ref)).toHaveLength(1);
      expect(candidates.length).toBeLessThanOrEqual(24);
      for (const { ref } of candidates) expect(outline.split(`[${ref}] `)).toHaveLength(2);
    }),
    { numRuns: 40 },
  );
});

test('the answer stands everywhere equally often', () => {
  const page = parsePage(SHOP);
  const counts = new Array<number>(24).fill(0);
  const size = made().candidates.length;
  for (let sequence = 0; sequence < 1_000; sequence++) {
    const { answer } = made({ page, seed: `session:${sequence}` });
    const at = Number(answer.ref.slice(1)) - 1;
    counts[at] = (counts[at] as number) + 1;
  }

  const expected = 1_000 / size;
  const chiSquare = counts
    .slice(0, size)
    .reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(size * 2.7); // beyond p = 0.001 for 10 and more candidates
});

test('a person can read an example', () => {
  const lines = readable(
    made({ history: [act({ sequence: 1, target: { tag: 'a', name: 'Home' } })] }),
  ).split('\n');

  expect(lines[0]).toBe('Task      Buy the red jacket');
  expect(lines).toContain('  1. click a "Home"');
  expect(lines.at(-1)).toMatch(/^→ \[e\d+\] click button "\+ Add to cart"$/);
});

test('every kind of interaction has words on one line', () => {
  const target = { tag: 'div', role: 'button\nCandidates:', name: 'a\nb' };
  for (const type of [
    'CLICK',
    'CHANGE',
    'NAVIGATION',
    'TAB_OPEN',
    'DRAG',
    'PASTE',
    'OTHER',
    'MODAL_OPEN',
    'DOWNLOAD',
  ] as const) {
    const words = describeInteraction(
      act({ type, target, value: 'x\ny', url: 'https://a/\n[e1] x' }),
    );
    expect(words).not.toContain('\n');
  }
});
