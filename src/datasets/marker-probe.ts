import { falseAlarm } from './probes.ts';
import type { ReadLine } from './read-line.ts';

/** Beyond so many different tokens, the rare ones are forgotten. */
const MAX_TOKENS = 100_000;

/** A token on fewer than one answer in so many may be forgotten. */
const FORGET_SHARE = 100;

/** Cells of a quarter of a megabyte in all; two tokens that share one seem to stand on more others. */
const SKETCH_CELLS = 65_536;

/** What part of what he has a gambler bets on the candidates that have a token. */
const STAKE = 0.95;

type TokenCount = {
  answers: number;
  others: number;
  /** Logarithm of what a bet on it has; see {@link MarkerProbe}. */
  has: number;
  /** Hashes of what it stood in on different answers, five at most. */
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
 *
 * Chance is excluded by bets, as in {@link PlaceBet}: for every token somebody bets, wherever some candidates
 * have it and others not, nearly all he has on those that have it. On m of n candidates it pays n/m times the
 * stake, so that a token that nobody chooses by wins 1/α with a chance of α at most; α is shared by all tokens.
 */
export class MarkerProbe {
  readonly #tokens = new Map<string, TokenCount>();
  readonly #others = new Uint32Array(SKETCH_CELLS);
  #lines = 0;

  add({ candidates, answer }: ReadLine): void {
    this.#lines++;
    const here = new Map<string, { on: number; onAnswer: boolean }>();
    for (const { ref, text } of candidates) {
      const isAnswer = ref === answer.ref;
      for (const token of tokensOf(text)) {
        const count = this.#tokens.get(token) ?? this.#begin(token);
        const { on = 0, onAnswer = false } = here.get(token) ?? {};
        here.set(token, { on: on + 1, onAnswer: onAnswer || isAnswer });
        if (!isAnswer) count.others++;
        else {
          count.answers++;
          if (count.names.size < 5)
            count.names.add(hashOf(partWith(token, text).replaceAll(token, '')));
        }
      }
    }
    for (const [token, { on, onAnswer }] of here) {
      const count = this.#tokens.get(token);
      const share = on / candidates.length;
      if (!count || share === 1) continue;
      count.has += Math.log(onAnswer ? STAKE / share : (1 - STAKE) / (1 - share));
    }
    if (this.#tokens.size > MAX_TOKENS) this.#forget();
  }

  /**
   * Tokens on a quarter of the answers, on five different ones at least, and on others once in twenty
   * times at most. A word that people do choose (`Search`, `Add`) stands on few different answers, or on
   * their rivals too.
   */
  markers(): string[] {
    const wanted = Math.log(this.#begun / falseAlarm);
    return [...this.#tokens]
      .filter(
        ([, { answers, others, has, names, missed }]) =>
          (answers + missed) * 4 >= this.#lines &&
          names.size >= 5 &&
          others * 20 <= answers &&
          has > wanted,
      )
      .map(([token]) => token);
  }

  #begin(token: string): TokenCount {
    const others = this.#others[hashOf(token) % SKETCH_CELLS] ?? 0;
    const missed = this.#forgotten;
    const count = { answers: 0, others, has: 0, names: new Set<number>(), missed };
    this.#begun++;
    this.#tokens.set(token, count);
    return count;
  }

  /** Tokens that were counted, again after they were forgotten. */
  #begun = 0;

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

/** What a token stands in: the element itself, or what is around it. `Next` is the same on every page. */
function partWith(token: string, text: string): string {
  const cut = text.search(/ in [a-z]+(?: "|$)/);
  const [own, around] = cut < 0 ? [text, ''] : [text.slice(0, cut), text.slice(cut)];
  return (
    around.toLowerCase().includes(token) && !own.toLowerCase().includes(token) ? around : own
  ).toLowerCase();
}
