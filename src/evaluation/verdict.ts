import type { Example } from '../datasets/example.ts';
import { tidy } from '../lib/page/text.ts';
import type { Answer } from '../training/answerer.ts';

/** What an answer was worth. */
export type Verdict = {
  isElementRight: boolean;
  /** Whatever its value. */
  isOperationRight: boolean;
  /** F1 of the words of operation and value, 0 to 1. */
  operationF1: number;
  /** Element, operation and value. */
  isStepRight: boolean;
  /** Place of the right candidate in the ranking, from 1; `null` where it was not ranked. */
  place: number | null;
};

/**
 * Compares an answer with what the person did, by the measures of Mind2Web (arXiv 2306.06070, section 4.1): the
 * element is right when it is the first of the ranking, the step when its operation and value are right, too.
 * Case and white space of values do not count. An answer with a problem is wrong in everything.
 */
export function verdictOf(right: Example['answer'], answer: Answer): Verdict {
  if (answer.problem !== null)
    return {
      isElementRight: false,
      isOperationRight: false,
      operationF1: 0,
      isStepRight: false,
      place: null,
    };
  const at = answer.ranked.findIndex(({ ref }) => ref === right.ref);
  const isElementRight = at === 0;
  const isOperationRight = answer.operation === right.operation;
  const isValueRight = plain(answer.value) === plain(right.value);
  return {
    isElementRight,
    isOperationRight,
    operationF1: f1Of(wordsOf(right), wordsOf(answer)),
    isStepRight: isElementRight && isOperationRight && isValueRight,
    place: at < 0 ? null : at + 1,
  };
}

function wordsOf({ operation, value }: Pick<Answer, 'operation' | 'value'>): string[] {
  return [operation, ...plain(value).split(' ').filter(Boolean)];
}

/** Of two lists of words, in which a word counts as often as it stands there. */
function f1Of(right: string[], given: string[]): number {
  const left = [...right];
  let common = 0;
  for (const word of given) {
    const at = left.indexOf(word);
    if (at < 0) continue;
    left.splice(at, 1);
    common += 1;
  }
  return common === 0 ? 0 : (2 * common) / (right.length + given.length);
}

function plain(value: string | null): string {
  return tidy(value ?? '').toLowerCase();
}
