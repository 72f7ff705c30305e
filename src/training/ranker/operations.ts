import { type Operation, operations } from '../../datasets/example.ts';
import { isField, roleOf } from './features.ts';
import { isSame, type ReadCandidate, type ReadQuestion } from './read.ts';

/**
 * How often each operation was right, by what is acted on: role, whether it has options, whether it holds a
 * value, what was last done to it. A key that is rare leans on the wider one behind it.
 */
export type OperationCounts = Record<string, number[]>;

/** How many cases the wider key counts for. */
const lean = 4;

/** Keys of a situation, from the narrowest to the widest. */
function keysOf(question: ReadQuestion, candidate: ReadCandidate): string[] {
  const { last } = question;
  const before = last?.target && isSame(last.target, candidate) ? last.verb : 'nothing';
  const role = roleOf(candidate);
  const options = candidate.options.length > 0 ? 'options' : 'free';
  const held = isField(candidate) && candidate.value ? 'filled' : 'empty';
  return [
    `${role}|${options}|${held}|${before}`,
    `${role}|${options}|${before}`,
    `${role}|${options}`,
    `${role}`,
    '',
  ];
}

export function countOperation(
  counts: OperationCounts,
  question: ReadQuestion,
  candidate: ReadCandidate,
  operation: Operation,
): void {
  for (const key of keysOf(question, candidate)) {
    const row = counts[key] ?? operations.map(() => 0);
    counts[key] = row;
    const at = operations.indexOf(operation);
    row[at] = (row[at] ?? 0) + 1;
  }
}

/** The likeliest operation on a candidate; `click` where nothing was learned. */
export function likelyOperation(
  counts: OperationCounts,
  question: ReadQuestion,
  candidate: ReadCandidate,
): Operation {
  let chances: number[] = operations.map((operation) => (operation === 'click' ? 1 : 0));
  for (const key of keysOf(question, candidate).toReversed()) {
    const row = counts[key];
    if (!row) continue;
    const total = row.reduce((sum, count) => sum + count, 0);
    chances = chances.map((chance, at) => ((row[at] ?? 0) + lean * chance) / (total + lean));
  }
  return operations[chances.indexOf(Math.max(...chances))] ?? 'click';
}

/** How often each key was pressed in a role; `''` over all. */
export type KeyCounts = Record<string, Record<string, number>>;

export function countKey(counts: KeyCounts, candidate: ReadCandidate, key: string): void {
  if (!/^[A-Za-z0-9+ ]{1,24}$/.test(key)) return; // a name of a key, not something typed
  for (const role of [roleOf(candidate), '']) {
    const row = counts[role] ?? {};
    counts[role] = row;
    row[key] = (row[key] ?? 0) + 1;
  }
}

/** The key most often pressed in such a role; Enter where nothing was learned. */
export function likelyKey(counts: KeyCounts, candidate: ReadCandidate): string {
  const row = counts[roleOf(candidate)] ?? counts[''] ?? {};
  const [best] = Object.entries(row).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return best?.[0] ?? 'Enter';
}
