import type { Example } from '../datasets/example.ts';
import { seededRandom, shuffled } from '../lib/page/random.ts';
import type { Question } from '../training/answerer.ts';

/** As in recorded examples. */
const candidatesMost = 24;
/** Of these at most so many have the answer's role: what is tempting, and what is not. */
const alikeMost = 12;
const marked = /^(\s*)\[([\w-]{1,40})\] /;

/**
 * An example as recordings give them, of a question that offered all of a page: the answer among at most 24
 * candidates in an order that a seed decides, numbered in it, and no other line of the outline marked. Pure.
 */
export function exampleOf(question: Question, answer: Example['answer'], seed: string): Example {
  const random = seededRandom(seed);
  const right = question.candidates.find(({ ref }) => ref === answer.ref);
  if (!right) throw new Error(`Expected ${answer.ref} among the candidates, it is not.`);
  const others = shuffled(
    question.candidates.filter((one) => one !== right),
    random,
  );
  const alike = others.filter((one) => roleOf(one.text) === roleOf(right.text));
  const chosen = new Set([right, ...alike.slice(0, alikeMost - 1)]);
  for (const one of others) if (chosen.size < candidatesMost) chosen.add(one);
  const offered = shuffled([...chosen], random);
  const refs = new Map(offered.map(({ ref }, at) => [ref, `e${at + 1}`]));
  const newRef = (ref: string) => refs.get(ref) ?? '';
  return {
    ...question,
    outline: question.outline
      .split('\n')
      .map((line) =>
        line.replace(marked, (_all, indent: string, ref: string) =>
          refs.has(ref) ? `${indent}[${newRef(ref)}] ` : indent,
        ),
      )
      .join('\n'),
    candidates: offered.map(({ ref, ...one }) => ({ ...one, ref: newRef(ref) })),
    answer: { ...answer, ref: newRef(answer.ref) },
  };
}

function roleOf(text: string): string {
  return text.split(' ', 1)[0] ?? '';
}
