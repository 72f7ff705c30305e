/** A strategy that learns: it bets on places as the answers before lay. */
type Learner = {
  /** What a place that held no answer yet weighs. */
  prior: number;
  /** What is counted: the place itself, or what it has in common with others. */
  keyOf(place: number, size: number): number;
  /** How often each was right. */
  counts: number[];
  /** Natural logarithm of what it has. */
  has: number;
};

const shares = 8;

const keys: Learner['keyOf'][] = [
  (place) => place,
  (place, size) => size - 1 - place,
  (place, size) => Math.floor((place * shares) / size),
];

/** A habit that always holds shows soonest with a small one, a habit that sometimes holds with a large one. */
const priors = [0.1, 1];

/** Places from the front, and from the back, on which somebody bets all the time. */
const fixedPlaces = 24;

/** What part of what he has he stakes. */
const stakes = [1 / 16, 1 / 4, 3 / 4];

/**
 * Evidence that places of answers are no chance, as what gamblers win.
 *
 * They begin with 1 between them. At every line some stake a part of what they have on one place, always the
 * same; others stake all of it, on places as the answers before lay (from the front, from the back, by the eighth of
 * the list). Each place of a list of n pays n times its stake, which is fair where every place is as likely. So,
 * whatever they do, what they have is 1 on average at any time, and the chance that it ever reaches 1/α is at
 * most α (Ville, 1939; Shafer, "Testing by betting", 2021). That holds for files of any length, for lists of any
 * sizes mixed, and however often one looks: it is no approximation, and nothing has to be corrected for the number of
 * places that were tried, since they share the first stake.
 */
export class PlaceBet {
  readonly #learners: Learner[] = priors.flatMap((prior) =>
    keys.map((keyOf) => ({ prior, keyOf, counts: [], has: 0 })),
  );
  /** Logarithms of what the others have, by place and stake. */
  readonly #front = new Float64Array(fixedPlaces * stakes.length);
  readonly #back = new Float64Array(fixedPlaces * stakes.length);

  /** The answer was at a place, from 0, of so many. */
  add(place: number, size: number): void {
    for (const learner of this.#learners) learn(learner, place, size);
    pay(this.#front, place, size);
    pay(this.#back, size - 1 - place, size);
  }

  /** Most chance that a fair file has of winning as much, 0 to 1. */
  p(): number {
    const learned = meanOf(this.#learners.map(({ has }) => has));
    const fixed = meanOf([...this.#front, ...this.#back]);
    return Math.min(1, Math.exp(-meanOf([learned, fixed])));
  }
}

function learn(learner: Learner, place: number, size: number): void {
  const { prior, keyOf, counts } = learner;
  const weightOf = (at: number) => prior + (counts[keyOf(at, size)] ?? 0);
  let all = 0;
  for (let at = 0; at < size; at++) all += weightOf(at);
  learner.has += Math.log((weightOf(place) * size) / all);
  const key = keyOf(place, size);
  counts[key] = (counts[key] ?? 0) + 1;
}

function pay(has: Float64Array, place: number, size: number): void {
  for (const [which, stake] of stakes.entries()) {
    const lost = Math.log(1 - stake);
    const most = Math.min(size, fixedPlaces);
    for (let at = 0; at < most; at++) {
      const change = at === place ? Math.log(1 - stake + stake * size) : lost;
      has[at * stakes.length + which] = (has[at * stakes.length + which] ?? 0) + change;
    }
  }
}

/** Logarithm of the mean of numbers that are given by their logarithms. */
function meanOf(logs: readonly number[]): number {
  const most = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - most), 0);
  return most + Math.log(sum / logs.length);
}
