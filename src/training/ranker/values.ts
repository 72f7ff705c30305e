import type { Operation } from '../../datasets/example.ts';
import type { Sparse } from './features.ts';
import type { ReadCandidate, ReadQuestion } from './read.ts';
import { bucketOf, concepts, conceptsOf, wordsOf } from './words.ts';

/** Personal values as recorders write them: the field says which one it takes. */
const placeholders = [
  '[NAME]',
  '[EMAIL]',
  '[PHONE]',
  '[ADDRESS]',
  '[CARD]',
  '[PASSWORD]',
  '[IBAN]',
  '[SSN]',
  '[TOKEN]',
];

const spanWords = 5;
const taskTokens = 60;
const buckets = 2048;

/**
 * What the value head sees of a possible value: whether it is a placeholder, an option of the list or a
 * stretch of the task; how long; what stands before and after it; whether it was typed before; how much of
 * it no act has used; with the concepts of the field.
 */
const plain = [
  'is:placeholder',
  'is:option',
  'is:span',
  'option:said',
  'option:left',
  'option:present',
  'option:first',
  'span:quoted',
  'span:number',
  'span:left',
  'span:used',
  'span:ends-task',
  'span:capital',
  'span:field-before',
  'span:field-inside',
  'span:length-1',
  'span:length-2',
  'span:length-3',
  'span:length-4',
  'span:length-5',
] as const;
const placeOf = new Map<string, number>(plain.map((name, at) => [name, at]));

export const valueWidth = plain.length + buckets;
export const firstHashedValue = plain.length;

export type PossibleValue = { text: string; features: Sparse };

/** Values that could be typed into or chosen in a candidate; empty for other operations. */
export function possibleValues(
  question: ReadQuestion,
  candidate: ReadCandidate,
  operation: Operation,
): PossibleValue[] {
  if (operation !== 'type' && operation !== 'select') return [];
  const field = conceptsOf(candidate.words).map((at) => concepts[at] ?? '');
  const around = conceptsOf(candidate.aroundWords).map((at) => concepts[at] ?? '');
  const isList = operation === 'select' && candidate.options.length > 0;
  if (isList)
    return candidate.options.map((option, at) => ({
      text: option,
      features: optionFeatures(question, candidate, option, at),
    }));
  const masked = placeholders.map((text) => {
    const row: Pairs = [];
    put(row, 'is:placeholder', 1);
    for (const concept of field) hash(row, `${text}|${concept}`, 1);
    for (const word of candidate.words) hash(row, `${text}|word:${word}`, 1);
    for (const concept of around) hash(row, `${text}|around:${concept}`, 0.5);
    hash(row, text, 1);
    return { text, features: done(row) };
  });
  return [...masked, ...spansOf(question, candidate, field)];
}

function optionFeatures(
  { task, left }: ReadQuestion,
  { value, words }: ReadCandidate,
  option: string,
  at: number,
): Sparse {
  const row: Pairs = [];
  const own = wordsOf(option);
  put(row, 'is:option', 1);
  put(row, 'option:said', contains(task, option));
  put(row, 'option:left', shareIn(own, left));
  put(row, 'option:present', value === option);
  put(row, 'option:first', at === 0);
  for (const concept of conceptsOf(own))
    for (const about of conceptsOf(words)) hash(row, `option:${concept}|${about}`, 1);
  return done(row);
}

function spansOf(
  { task, left, acts }: ReadQuestion,
  candidate: ReadCandidate,
  field: string[],
): PossibleValue[] {
  const tokens = [...task.matchAll(/[\p{L}\p{N}$€£@][\p{L}\p{N}'’.@/+-]*/gu)]
    .slice(0, taskTokens)
    .map((match) => ({
      from: match.index,
      to: match.index + match[0].replace(/[.'’/+-]+$/u, '').length,
    }))
    .filter(({ from, to }) => to > from);
  const used = new Set(acts.flatMap(({ value }) => (value ? [value.toLowerCase()] : [])));
  const own = new Set(candidate.words);
  const seen = new Map<string, PossibleValue>();
  for (let start = 0; start < tokens.length; start++)
    for (let length = 1; length <= spanWords && start + length <= tokens.length; length++) {
      const [first, last] = [tokens[start], tokens[start + length - 1]];
      if (!first || !last) continue;
      const text = task.slice(first.from, last.to);
      if (/[.!?;:,] /u.test(text) || seen.has(text)) continue;
      const row: Pairs = [];
      const words = wordsOf(text);
      const beforeText = task.slice(0, first.from);
      const before = /([\p{L}\p{N}]+)[^\p{L}\p{N}]*$/u.exec(beforeText)?.[1]?.toLowerCase() ?? '^';
      const after =
        /^[^\p{L}\p{N}]*([\p{L}\p{N}]+)/u.exec(task.slice(last.to))?.[1]?.toLowerCase() ?? '$';
      const stop = /^[,.;:!?]/u.test(task.slice(last.to)) ? '.' : after;
      put(row, 'is:span', 1);
      put(row, 'span:quoted', /["“'‘]$/u.test(beforeText));
      put(row, 'span:number', /^\d+$/.test(text));
      put(row, 'span:left', shareIn(words, left));
      put(row, 'span:used', used.has(text.toLowerCase()));
      put(row, 'span:ends-task', after === '$');
      put(row, 'span:capital', /^\p{Lu}/u.test(text));
      put(row, 'span:field-before', own.has(wordsOf(before)[0] ?? ''));
      put(
        row,
        'span:field-inside',
        words.some((word) => own.has(word)),
      );
      put(row, `span:length-${length}`, 1);
      hash(row, `before:${before}`, 1);
      hash(row, `after:${stop}`, 1);
      hash(row, `first:${text.toLowerCase().split(/\s/)[0]}`, 1);
      hash(row, `last:${text.toLowerCase().split(/\s/).at(-1)}`, 1);
      for (const concept of field) {
        hash(row, `before:${before}|${concept}`, 1);
        hash(row, `span|${concept}`, 1);
        hash(row, `length:${length}|${concept}`, 1);
        for (const about of conceptsOf(words)) hash(row, `about:${about}|${concept}`, 1);
      }
      seen.set(text, { text, features: done(row) });
    }
  return [...seen.values()];
}

type Pairs = [at: number, value: number][];

function put(row: Pairs, name: string, value: number | boolean): void {
  const place = placeOf.get(name);
  if (place === undefined) throw new Error(`Expected a declared feature, got ${name}.`);
  if (value) row.push([place, Number(value)]);
}

function hash(row: Pairs, text: string, value: number): void {
  row.push([firstHashedValue + bucketOf(text, buckets), value]);
}

function done(row: Pairs): Sparse {
  return {
    at: Uint16Array.from(row, ([at]) => at),
    value: Float32Array.from(row, ([, value]) => value),
  };
}

function contains(text: string, part: string): boolean {
  const escaped = part.toLowerCase().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'u').test(
    text.toLowerCase(),
  );
}

function shareIn(words: readonly string[], set: ReadonlySet<string>): number {
  return words.length === 0 ? 0 : words.filter((word) => set.has(word)).length / words.length;
}
