import { expect, test } from 'vitest';
import { chooseCandidates } from './candidates.ts';
import { interactiveElements, parsePage } from './parse.ts';
import { seededRandom, shuffled } from './random.ts';

const shop = (products: number) =>
  parsePage(
    Array.from(
      { length: products },
      (
        _,
        at,
      ) => `<li><h3 data-cs-ref="h${at}">Jacket ${at}</h3><a data-cs-ref="a${at}" href="/${at}">Details</a>
        <button data-cs-ref="b${at}">Add jacket ${at}</button></li>`,
    ).join(''),
  );

const choose = (page: ReturnType<typeof shop>, ref: string, seed: string, limit = 24) => {
  const target = page.byRef.get(ref);
  if (!target) throw new Error(`expected ${ref} on the page`);
  return chooseCandidates(page, target, { limit, random: seededRandom(seed) });
};

test('a choice holds the target once, is full, and is the same for the same seed', () => {
  const page = shop(100);

  for (let seed = 0; seed < 50; seed++) {
    const chosen = choose(page, 'b40', String(seed));
    expect(chosen).toHaveLength(24);
    expect(new Set(chosen).size).toBe(24);
    expect(chosen.filter(({ ref }) => ref === 'b40')).toHaveLength(1);
  }
  expect(choose(page, 'b40', 'x')).toEqual(choose(page, 'b40', 'x'));
});

test('things that nobody can act on are offered in the same number, whether or not one is the target', () => {
  const page = shop(100);
  const headings = (ref: string) =>
    choose(page, ref, 'x').filter(({ role }) => role === 'heading').length;

  expect(headings('b40')).toBe(6);
  expect(headings('h40')).toBe(6);
});

test('a small page gives all that it has', () => {
  expect(choose(shop(5), 'b3', 'x').filter(({ interactive }) => interactive)).toHaveLength(10);
});

test('the target is not the middle of its rivals, nor of any other guessable place', () => {
  const page = shop(200);
  const pool = interactiveElements(page);
  const rounds = 800;
  let median = 0;
  let crowded = 0;

  for (let round = 0; round < rounds; round++) {
    const random = seededRandom(`round ${round}`);
    const target = pool[Math.floor(random() * pool.length)] as (typeof pool)[number];
    const chosen = chooseCandidates(page, target, { limit: 24, random }).filter(
      ({ interactive }) => interactive,
    );
    const places = chosen.map((element) => pool.indexOf(element)).sort((a, b) => a - b);
    if (pool[places[9] ?? -1] === target) median++;
    const near = (at: number) => places.filter((other) => Math.abs(other - at) <= 3).length;
    const best = places.reduce((a, b) => (near(b) > near(a) ? b : a));
    if (pool[best] === target) crowded++;
  }

  // Chance is 1 in 18, and 1 in 4 for one who could tell a pivot from its rivals.
  expect(median / rounds).toBeLessThan(0.09);
  expect(crowded / rounds).toBeLessThan(0.2);
});

test('a shuffle puts everything everywhere equally often', () => {
  const counts = new Array<number>(10).fill(0);
  for (let seed = 0; seed < 10_000; seed++) {
    const at = shuffled([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], seededRandom(`session:${seed}`)).indexOf(3);
    counts[at] = (counts[at] as number) + 1;
  }

  const chiSquare = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
  expect(chiSquare).toBeLessThan(27.9); // p = 0.001 at 9 degrees of freedom
});
