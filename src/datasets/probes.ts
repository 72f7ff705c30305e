import { binomialTail, chiSquareTail, wilson } from '../lib/statistics.ts';
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
  /** Chance of so uneven places in a fair file; `null` for rules that are not about places. */
  p: number | null;
};

/** Below, chance alone looks like a pattern. */
const MIN_LINES = 10;

/** A file is refused for a place only below this; one fair file in a thousand. */
const P_VALUE = 0.001;

/**
 * Of the interval by which a rule must be right more often than not: 99.9 %. The report shows the usual
 * 95 %, but a refusal at that would hit one fair file in forty.
 */
const REFUSAL_Z = 3.29;

/** From here on the chi-square approximation holds (expected counts of 5 in ten cells). */
const CHI_SQUARE_LINES = 50;

/** Beyond so many different tokens, the rare ones are forgotten. */
const MAX_TOKENS = 100_000;

/** A token on fewer than one answer in so many may be forgotten. */
const FORGET_SHARE = 100;

/** Cells of a quarter of a megabyte in all; two tokens that share one seem to stand on more others. */
const SKETCH_CELLS = 65_536;

/** Do some places hold the answer more often than others? */
export class PlaceProbe {
  readonly #name: string;
  /** By fold and place: the rule is learned on one half of the lines and tried on the other. */
  readonly #hits: [number[], number[]] = [[], []];
  readonly #expected: [number[], number[]] = [[], []];
  #lines = 0;
  #chance = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add(place: number, size: number): void {
    const fold = (this.#lines++ % 2) as 0 | 1;
    this.#chance += 1 / size;
    this.#hits[fold][place] = (this.#hits[fold][place] ?? 0) + 1;
    for (let at = 0; at < size; at++) {
      this.#expected[fold][at] = (this.#expected[fold][at] ?? 0) + 1 / size;
    }
  }

  result(): Probe {
    const [a, b] = [this.#favourite(0), this.#favourite(1)];
    const hits = (this.#hits[1][a] ?? 0) + (this.#hits[0][b] ?? 0);
    const expected = (this.#expected[1][a] ?? 0) + (this.#expected[0][b] ?? 0);
    const lines = this.#lines;
    const chance = lines === 0 ? 0 : expected / lines;
    return { name: this.#name, lines, hits, chance, ...wilson(hits, lines), p: this.#p() };
  }

  tells(): boolean {
    const { lines, hits, chance, p } = this.result();
    if (lines < MIN_LINES) return false;
    // Exact: an interval of Wilson's refused one fair file of 12 to 30 lines in thirty (simulated).
    return (p !== null && p < P_VALUE) || binomialTail(hits, lines, chance) < P_VALUE;
  }

  #favourite(fold: 0 | 1): number {
    const hits = this.#hits[fold];
    let best = 0;
    for (const [at, count] of hits.entries()) if ((count ?? 0) > (hits[best] ?? 0)) best = at;
    return best;
  }

  /** Chi-square for many lines; for few the binomial bound on the fullest place. */
  #p(): number | null {
    if (this.#lines < MIN_LINES) return null;
    const places = this.#expected[0].length > this.#expected[1].length ? 0 : 1;
    const cells = this.#expected[places].map((_, at) => ({
      hits: (this.#hits[0][at] ?? 0) + (this.#hits[1][at] ?? 0),
      expected: (this.#expected[0][at] ?? 0) + (this.#expected[1][at] ?? 0),
    }));
    const fullest = Math.max(...cells.map(({ hits }) => hits));
    const chance = this.#chance / this.#lines;
    const bound = Math.min(1, cells.length * binomialTail(fullest, this.#lines, chance));
    if (this.#lines < CHI_SQUARE_LINES) return bound;
    const wide = mergeSmall(cells);
    if (wide.length < 2) return bound;
    const value = wide.reduce(
      (sum, { hits, expected }) => sum + (hits - expected) ** 2 / expected,
      0,
    );
    return chiSquareTail(value, wide.length - 1);
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
   * People do prefer the first field of a page and long titles, so that beating chance is no leak.
   * Being right more often than not is, where chance alone would be right in a quarter at most.
   */
  tells(): boolean {
    const { lines, hits, chance } = this.result();
    if (lines < MIN_LINES || chance > 0.25) return false;
    return wilson(hits, lines, REFUSAL_Z).low > 0.5 || (hits === lines && chance < 0.25);
  }
}

type TokenCount = {
  answers: number;
  others: number;
  /** Hashes of the texts of different answers with it, five at most. */
  names: Set<number>;
  /** Answers that it may have been on before it was counted. */
  missed: number;
};

/**
 * Is there a token that stands on answers and on nothing else?
 *
 * Memory is bounded however long the file is: beyond so many tokens, those that stand on few answers are
 * forgotten from time to time (lossy counting: Manku and Motwani, 2002). What stands on a quarter of the
 * answers is never among them. On how many other candidates a forgotten one stood is kept in a sketch.
 */
export class MarkerProbe {
  readonly #tokens = new Map<string, TokenCount>();
  readonly #others = new Uint32Array(SKETCH_CELLS);
  #lines = 0;

  add({ candidates, answer }: ReadLine): void {
    this.#lines++;
    for (const { ref, text } of candidates) {
      const isAnswer = ref === answer.ref;
      for (const token of tokensOf(text)) {
        const count = this.#tokens.get(token) ?? this.#begin(token);
        if (!isAnswer) count.others++;
        else {
          count.answers++;
          if (count.names.size < 5)
            count.names.add(hashOf(text.toLowerCase().replaceAll(token, '')));
        }
      }
    }
    if (this.#tokens.size > MAX_TOKENS) this.#forget();
  }

  /**
   * Tokens on a quarter of the answers, on five different ones at least, and on others once in twenty
   * times at most. A word that people do choose (`Search`, `Add`) stands on few different answers, or on
   * their rivals too.
   */
  markers(): string[] {
    if (this.#lines < MIN_LINES) return [];
    return [...this.#tokens]
      .filter(
        ([, { answers, others, names, missed }]) =>
          (answers + missed) * 4 >= this.#lines && names.size >= 5 && others * 20 <= answers,
      )
      .map(([token]) => token);
  }

  #begin(token: string): TokenCount {
    const others = this.#others[hashOf(token) % SKETCH_CELLS] ?? 0;
    const missed = this.#forgotten;
    const count = { answers: 0, others, names: new Set<number>(), missed };
    this.#tokens.set(token, count);
    return count;
  }

  /** Answers that a token may have been on and still be forgotten. */
  #forgotten = 0;

  #forget(): void {
    const least = Math.max(this.#forgotten, this.#lines / FORGET_SHARE);
    for (const [token, { answers, others, missed }] of this.#tokens) {
      if (answers + missed > least) continue;
      const cell = hashOf(token) % SKETCH_CELLS;
      this.#others[cell] = Math.max(this.#others[cell] ?? 0, others);
      this.#tokens.delete(token);
    }
    this.#forgotten = least;
  }
}

/** FNV-1a, 32 bits: for telling apart, not for safety. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

/** Words and signs of a candidate and what its form shows; the role is its meaning and left out. */
function tokensOf(text: string): Set<string> {
  const [role = '', ...rest] = text.split(' ');
  const said = rest.join(' ');
  const tokens = new Set(said.toLowerCase().match(/[\p{L}\p{N}]+|[^\p{L}\p{N}\s"]+/gu) ?? []);
  const name = /^"((?:[^"\\]|\\.)*)"/.exec(said)?.[1] ?? '';
  tokens.delete(role);
  if (name === '') tokens.add('<no name>');
  if (/^[^\p{Ll}]*\p{Lu}{3}[^\p{Ll}]*$/u.test(name)) tokens.add('<capitals>');
  if (/\s{2}|^\s|\s$/.test(name)) tokens.add('<spaces>');
  return tokens;
}

function mergeSmall(cells: readonly { hits: number; expected: number }[]) {
  const wide: { hits: number; expected: number }[] = [];
  let rest = { hits: 0, expected: 0 };
  for (const cell of cells) {
    rest = { hits: rest.hits + cell.hits, expected: rest.expected + cell.expected };
    if (rest.expected < 5) continue;
    wide.push(rest);
    rest = { hits: 0, expected: 0 };
  }
  const last = wide.at(-1);
  if (!last) return [rest];
  wide[wide.length - 1] = {
    hits: last.hits + rest.hits,
    expected: last.expected + rest.expected,
  };
  return wide;
}
