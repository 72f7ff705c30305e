import { expect, test } from 'vitest';
import { chancesFrom } from './chances.ts';

const refs = ['e1', 'e2', 'e3', 'e12'];
const sure = (token: string) => ({ token, logprob: 0, top: [{ token, logprob: 0 }] });
const torn = (token: string, chances: Record<string, number>) => ({
  token,
  logprob: Math.log(chances[token] ?? 0),
  top: Object.entries(chances).map(([word, chance]) => ({
    token: word,
    logprob: Math.log(chance),
  })),
});
const round = (ranked: ReturnType<typeof chancesFrom>) =>
  ranked?.map(({ ref, confidence }) => [ref, Math.round(confidence * 1_000) / 1_000]);

test('where a number is one token, its alternatives are the other candidates', () => {
  const tokens = [
    ...['{"', 'ref', '":', ' "', 'e'].map(sure),
    torn('12', { '12': 0.7, '3': 0.2, '1': 0.06, '77': 0.04 }),
    sure('"}'),
  ];

  expect(round(chancesFrom(tokens, 'e12', refs))).toEqual([
    ['e12', 0.73], // half of what `1` had: it might have become e1 or e12
    ['e3', 0.2],
    ['e1', 0.03],
  ]);
});

test('where digits are tokens, what ends the ref tells the short one from the long one', () => {
  const tokens = [
    ...['{"ref": "', 'e'].map(sure),
    torn('1', { '1': 0.9, '2': 0.1 }),
    torn('2', { '2': 0.6, '"': 0.4 }),
    sure('"'),
  ];

  expect(round(chancesFrom(tokens, 'e12', refs))).toEqual([
    ['e12', 0.54],
    ['e1', 0.36],
    ['e2', 0.1],
  ]);
});

test('a token that begins before the ref counts only where its alternative begins alike', () => {
  const tokens = [sure('{"ref":'), torn('"e2', { '"e2': 0.5, '"e3': 0.3, ' "': 0.2 }), sure('"}')];

  expect(round(chancesFrom(tokens, 'e2', refs))).toEqual([
    ['e2', 0.5],
    ['e3', 0.3],
  ]);
});

test('tokens that do not spell the call say nothing', () => {
  expect(chancesFrom([], 'e2', refs)).toBeNull();
  expect(chancesFrom([sure('I click "ref": "e3"')], 'e2', refs)).toBeNull();
});
