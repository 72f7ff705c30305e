import { expect, test } from 'vitest';
import { seededRandom } from '../lib/page/random.ts';
import { MarkerProbe } from './marker-probe.ts';
import type { ReadLine } from './read-line.ts';

/** A line whose candidates have words of their own, as shops with many products do. */
function aLine(at: number, random: () => number, mark: string): ReadLine {
  const chosen = Math.floor(random() * 24);
  const candidates = Array.from({ length: 24 }, (_, n) => ({
    ref: `e${n + 1}`,
    text: `button "Add w${at}x${n} to cart${n === chosen ? mark : ''}"`,
  }));
  return {
    system: '',
    frame: '',
    hasImage: false,
    task: '',
    history: [],
    address: '',
    outline: [],
    candidates,
    strangers: [],
    prompt: '',
    answer: { ref: `e${chosen + 1}`, operation: 'click', value: null },
  };
}

const lines = 12_000; // 288,000 different words, several times what is kept

test('a marker that begins late in a long file is found, though most words were forgotten', () => {
  const [random, probe] = [seededRandom('late'), new MarkerProbe()];

  for (let at = 0; at < lines; at++) probe.add(aLine(at, random, at > lines * 0.7 ? ' now' : ''));

  expect(probe.markers()).toEqual(['now']);
});

test('a word that was on others before it was forgotten is no marker when it comes back on answers', () => {
  const [random, probe] = [seededRandom('back'), new MarkerProbe()];

  for (let at = 0; at < lines; at++) {
    const line = aLine(at, random, at > lines * 0.6 ? ' sale' : '');
    if (at < lines * 0.4)
      for (const one of line.candidates) if (one.ref !== line.answer.ref) one.text += ' sale';
    probe.add(line);
  }

  expect(probe.markers()).toEqual([]);
});

test('a fair file has no marker', () => {
  const [random, probe] = [seededRandom('fair'), new MarkerProbe()];

  for (let at = 0; at < lines; at++) probe.add(aLine(at, random, ''));

  expect(probe.markers()).toEqual([]);
});
