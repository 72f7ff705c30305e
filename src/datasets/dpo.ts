import type { Example } from './example.ts';
import { extraParameter, instruction, promptOf, tools } from './prompt.ts';

type Candidate = Example['candidates'][number];

/**
 * One line of the provider's preference format, without the line end: the answer, and the same operation on
 * the most tempting wrong candidate. `null` where every other candidate looks like the answer.
 */
export function toDpoLine(example: Example): string | null {
  const negative = temptingNegative(example);
  if (!negative) return null;
  return JSON.stringify({
    input: {
      messages: [
        { role: 'system', content: instruction },
        { role: 'user', content: promptOf(example) },
      ],
      tools,
      parallel_tool_calls: false,
    },
    preferred_output: [callOf(example, example.answer.ref)],
    non_preferred_output: [callOf(example, negative.ref)],
  });
}

/** A wrong candidate of the answer's role whose words the task says most; of another role where there is none. */
export function temptingNegative({ task, candidates, answer }: Example): Candidate | null {
  const right = candidates.find(({ ref }) => ref === answer.ref);
  if (!right) return null;
  const said = new Set(task.toLowerCase().match(/[\p{L}\p{N}]+/gu));
  const hits = ({ text, within }: Candidate) =>
    (`${text} ${within ?? ''}`.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) =>
      said.has(word),
    ).length;
  const roleOf = ({ text }: Candidate) => text.split(' ')[0];
  const worth = (one: Candidate) => hits(one) + (roleOf(one) === roleOf(right) ? 1_000 : 0);
  const [best] = candidates
    .filter(({ text, within }) => text !== right.text || within !== right.within)
    .toSorted((a, b) => worth(b) - worth(a));
  return best ?? null;
}

function callOf({ answer: { operation, value } }: Example, ref: string): object {
  const extra = extraParameter[operation];
  const given = JSON.stringify({ ref, ...(extra && { [extra[0]]: value ?? '' }) });
  return {
    role: 'assistant',
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: operation, arguments: given } },
    ],
  };
}
