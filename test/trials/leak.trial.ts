import { expect, test } from 'vitest';
import type { Example } from '../../src/datasets/example.ts';
import { checkLeaks } from '../../src/datasets/leak.ts';
import { toChatLine } from '../../src/datasets/openai.ts';
import { falseAlarm } from '../../src/datasets/probes.ts';
import { seededRandom } from '../../src/lib/page/random.ts';
import { makeShopExample } from '../shop-examples.ts';
import { seed } from './seed.ts';

/** Enough to choose files from, whose lines are independent of each other. */
const pool = Array.from({ length: 2_000 }, (_, at) => makeShopExample(at, seed));
const random = seededRandom(seed);

const chosen = (lines: number) =>
  Array.from({ length: lines }, () => pool[Math.floor(random() * pool.length)] as Example);
const refused = (examples: readonly Example[]) =>
  checkLeaks(examples.map((example) => toChatLine(example))).counts;
const withAnswer = (example: Example, change: (text: string) => string): Example => {
  const { ref } = example.answer;
  const reworded = (text: string) => change(text);
  return {
    ...example,
    outline: example.outline.replace(
      new RegExp(`\\[${ref}\\] .*`),
      (line) => `[${ref}] ${reworded(line.slice(ref.length + 3))}`,
    ),
    candidates: example.candidates.map((one) =>
      one.ref === ref ? { ...one, text: reworded(one.text) } : one,
    ),
  };
};
const atFront = (example: Example): Example => ({
  ...example,
  candidates: example.candidates.toSorted(
    (a, b) => Number(b.ref === example.answer.ref) - Number(a.ref === example.answer.ref),
  ),
});

test('of 600 fair sessions of 2 to 60 lines none is refused', () => {
  const codes: string[] = [];

  for (let file = 0; file < 600; file++)
    codes.push(...Object.keys(refused(chosen(2 + Math.floor(random() * 59)))));

  expect(falseAlarm * 4 * 600).toBeLessThan(0.05); // what is expected at most
  expect(codes).toEqual([]);
});

test('planted leaks are found in more files the longer they are', () => {
  const plants: Record<string, (example: Example) => Example> = {
    'always first': atFront,
    'first half of the time': (example) => (random() < 0.5 ? atFront(example) : example),
    'first in a quarter': (example) => (random() < 0.25 ? atFront(example) : example),
    'marked by a word': (example) =>
      withAnswer(example, (text) => text.replace(/"(.*?)"/, '"$1 now"')),
    'a third marked': (example) =>
      random() < 1 / 3 ? withAnswer(example, (text) => text.replace(/"(.*?)"/, '"$1 ✓"')) : example,
    'in capitals': (example) =>
      withAnswer(example, (text) => text.replace(/"(.*?)"/, (name) => name.toUpperCase())),
    'the longest': (example) =>
      withAnswer(example, (text) =>
        text.replace(/"(.*?)"/, `"$1 ${'and more of the same '.repeat(8)}"`),
      ),
  };
  const lengths = [10, 20, 40, 100, 250];
  const files = 12;

  const table = Object.entries(plants).map(([name, plant]) => {
    const shares = lengths.map((lines) => {
      const found = Array.from({ length: files }, () => refused(chosen(lines).map(plant)));
      return found.filter((counts) => Object.keys(counts).length > 0).length / files;
    });
    return { name, shares };
  });

  process.stdout.write(
    `Share of files that are refused, of ${lengths.join(', ')} lines:\n${table
      .map(
        ({ name, shares }) =>
          `  ${name.padEnd(24)}${shares.map((one) => one.toFixed(2)).join('  ')}`,
      )
      .join('\n')}\n`,
  );
  for (const { shares } of table) expect(shares.at(-1)).toBe(1);
});
