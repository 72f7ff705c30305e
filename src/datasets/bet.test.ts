import { describe, expect, test } from 'vitest';
import { seededRandom } from '../lib/page/random.ts';
import { PlaceBet } from './bet.ts';
import { falseAlarm } from './probes.ts';

type Habit = (size: number, random: () => number) => number;

const fair: Habit = (size, random) => Math.floor(random() * size);
const sometimes =
  (share: number, place: number): Habit =>
  (size, random) =>
    random() < share ? Math.min(place, size - 1) : fair(size, random);

/** What the bets say of so many files, with lists of 2 to 24 candidates. */
function played(habit: Habit, files: number, lines: number): number[] {
  const random = seededRandom(`${habit}:${lines}`);
  return Array.from({ length: files }, () => {
    const bet = new PlaceBet();
    for (let line = 0; line < lines; line++) {
      const size = 2 + Math.floor(random() * 23);
      bet.add(habit(size, random), size);
    }
    return bet.p();
  });
}

const shareBelow = (ps: number[], level: number) => ps.filter((p) => p <= level).length / ps.length;

test.each([3, 10, 19, 100])('of fair files of %i lines no more win than chance allows', (lines) => {
  const ps = played(fair, 1_000, lines);

  for (const level of [0.1, 0.05, 0.01]) expect(shareBelow(ps, level)).toBeLessThanOrEqual(level);
  expect(Math.min(...ps)).toBeGreaterThan(falseAlarm);
});

describe('habits are found as soon as the lines can show them', () => {
  test.each<[string, Habit, number]>([
    ['always first', () => 0, 10],
    ['always last', (size) => size - 1, 10],
    ['always in the middle', (size) => Math.floor(size / 2), 40],
    ['first half of the time', sometimes(0.5, 0), 80],
    ['third in a quarter', sometimes(0.25, 2), 250],
    ['only in the first half', (size, random) => fair(Math.ceil(size / 2), random), 80],
    ['only on even places', (size, random) => 2 * fair(Math.ceil(size / 2), random), 120],
    [
      'the smaller of two places',
      (size, random) => Math.min(fair(size, random), fair(size, random)),
      400,
    ],
  ])('%s', (_name, habit, lines) => {
    expect(shareBelow(played(habit, 40, lines), falseAlarm / 2)).toBeGreaterThan(0.9);
  });
});

test('what is won does not depend on how long the lists are', () => {
  const bet = new PlaceBet();

  for (let line = 0; line < 50; line++) bet.add(0, 1); // nothing to choose

  expect(bet.p()).toBe(1);
});
