import { expect, test } from 'vitest';
import type { Example } from '../datasets/example.ts';
import { habitsOf, majorityAnswerer, randomAnswerer } from './baselines.ts';

const texts = ['button "Save"', 'textbox "Name"', 'button "Add to cart"', 'link "Help"'];
const example = (right: number, operation: Example['answer']['operation'] = 'click'): Example => ({
  task: `Task ${right}`,
  history: [],
  historyLeftOut: 0,
  url: 'https://a.example/',
  title: '',
  outline: '',
  candidates: texts.map((text, at) => ({ ref: `e${at + 1}`, text, within: null })),
  answer: { ref: `e${right + 1}`, operation, value: operation === 'type' ? 'x' : null },
});
const { signal } = new AbortController();

test('the majority takes what was right most often, and does with it what people mostly do', async () => {
  const habits = await habitsOf(
    [example(2), example(2), example(0), example(1, 'type')].map((one) => ({ example: one })),
  );
  const majority = majorityAnswerer(habits);

  const known = await majority.answer(example(0), signal);
  const unknown = await majority.answer(
    {
      ...example(0),
      candidates: [
        { ref: 'e1', text: 'link "Buy"', within: null },
        { ref: 'e2', text: 'button "Into the bag" disabled', within: null },
      ],
    },
    signal,
  );

  expect(known).toMatchObject({ operation: 'click', value: null });
  expect(known.ranked[0]?.ref).toBe('e3');
  expect(unknown.ranked[0]?.ref).toBe('e2'); // most answers were buttons
});

test('chance answers the same to the same question, and hits one of four', async () => {
  const habits = await habitsOf([{ example: example(0) }]);
  const random = randomAnswerer(habits, 'seed');
  let hits = 0;
  for (let round = 0; round < 400; round += 1) {
    const question = { ...example(0), task: `Task ${round}` };
    const answer = await random.answer(question, signal);
    expect(await random.answer(question, signal)).toEqual(answer);
    if (answer.ranked[0]?.ref === 'e1') hits += 1;
  }
  expect(hits).toBeGreaterThan(70);
  expect(hits).toBeLessThan(130);
});
