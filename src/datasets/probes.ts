import { binomialTail, wilson } from '../lib/statistics.ts';
import { PlaceBet } from './bet.ts';
import type { ReadLine } from './read-line.ts';

/** How well a rule that reads no words finds the answer. */
export type Probe = {
  name: string;
  lines: number;
  /** Lines in which the rule found the answer. */
  hits: number;
  /** Share that a blind choice would find, 0 to 1. */
  chance: number;
  /** Interval of 95 % of the share that the rule finds. */
  low: number;
  high: number;
  /** Most chance of so uneven places in a fair file; `null` for rules that are not about places. */
  p: number | null;
};

/**
 * The chance that a fair file is refused by all probes of a kind together (places, forms, tokens, repetitions)
 * is at most this. Every session is a file, so that thousands of files are judged: of 10,000 fair sessions, 0.4
 * are refused at most. What a short file cannot show at this level, the dataset that it enters shows.
 */
export const falseAlarm = 1e-5;

const placeProbes = 2;
const readerProbes = 6;

/** Do some places hold the answer more often than others? */
export class PlaceProbe {
  readonly #name: string;
  readonly #bet = new PlaceBet();
  readonly #seen: number[] = [];
  #lines = 0;
  #hits = 0;
  #chance = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add(place: number, size: number): void {
    this.#bet.add(place, size);
    this.#lines++;
    this.#chance += 1 / size;
    if (this.#favourite(size) === place) this.#hits++;
    this.#seen[place] = (this.#seen[place] ?? 0) + 1;
  }

  /** Its rule: the place that held most answers before. */
  result(): Probe {
    const [lines, hits] = [this.#lines, this.#hits];
    const chance = lines === 0 ? 0 : this.#chance / lines;
    const p = lines === 0 ? null : this.#bet.p();
    return { name: this.#name, lines, hits, chance, ...wilson(hits, lines), p };
  }

  tells(): boolean {
    return this.#lines > 0 && this.#bet.p() < falseAlarm / placeProbes;
  }

  #favourite(size: number): number {
    let best = 0;
    for (let at = 1; at < size; at++)
      if ((this.#seen[at] ?? 0) > (this.#seen[best] ?? 0)) best = at;
    return best;
  }
}

/** Does a rule that looks at the form alone read the answer off? */
export class ReaderProbe {
  readonly name: string;
  readonly #read: (read: ReadLine) => string | undefined;
  #lines = 0;
  #hits = 0;
  #chance = 0;

  constructor(name: string, read: (read: ReadLine) => string | undefined) {
    this.name = name;
    this.#read = read;
  }

  add(read: ReadLine): void {
    const guess = this.#read(read);
    if (guess === undefined) return;
    this.#lines++;
    this.#chance += 1 / read.candidates.length;
    if (guess === read.answer.ref) this.#hits++;
  }

  result(): Probe {
    const [lines, hits] = [this.#lines, this.#hits];
    const chance = lines === 0 ? 0 : this.#chance / lines;
    return { name: this.name, lines, hits, chance, ...wilson(hits, lines), p: null };
  }

  /**
   * People do prefer the first field of a page and long titles, so that beating chance is no leak. Being
   * right more often than not is, where chance alone would be right in a quarter at most: exactly, a file
   * is refused when a rule that is right in half of the lines would be right as often in one file of 600,000.
   */
  tells(): boolean {
    const { lines, hits, chance } = this.result();
    return chance <= 0.25 && binomialTail(hits, lines, 0.5) < falseAlarm / readerProbes;
  }
}
