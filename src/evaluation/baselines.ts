import type { Example, Operation } from '../datasets/example.ts';
import { seededRandom, shuffled } from '../lib/page/random.ts';
import type { Answer, Answerer, Question } from '../training/answerer.ts';

/** What baselines learn of a training split. */
export type Habits = {
  /** How often an element of this role and name was the answer. */
  elements: Map<string, number>;
  roles: Map<string, number>;
  /** How often each operation was right, in all and by the role of the element. */
  operations: Map<Operation, number>;
  byRole: Map<string, Map<Operation, number>>;
};

/** Names that are remembered; those of a larger dataset that come later count by their role only. */
const elementsMost = 100_000;

/** Counts what people did in a training split. Reads it once, in order. */
export async function habitsOf(
  examples: AsyncIterable<{ example: Example }> | Iterable<{ example: Example }>,
): Promise<Habits> {
  const habits: Habits = {
    elements: new Map(),
    roles: new Map(),
    operations: new Map(),
    byRole: new Map(),
  };
  for await (const {
    example: { answer, candidates },
  } of examples) {
    const right = candidates.find(({ ref }) => ref === answer.ref);
    if (!right) continue;
    const { element, role } = readText(right.text);
    if (habits.elements.has(element) || habits.elements.size < elementsMost)
      raise(habits.elements, element);
    raise(habits.roles, role);
    raise(habits.operations, answer.operation);
    const own = habits.byRole.get(role) ?? new Map<Operation, number>();
    habits.byRole.set(role, own);
    raise(own, answer.operation);
  }
  return habits;
}

/**
 * Always what most people did: the candidate whose role and name was the answer most often in training, else
 * the one of the most frequent role; the operation that is most frequent for its role. Reads neither task,
 * history nor page, so that what beats it has understood something.
 */
export function majorityAnswerer(habits: Habits): Answerer {
  return {
    name: 'majority',
    async answer({ candidates }) {
      const worth = candidates.map(({ ref, text }) => {
        const { element, role } = readText(text);
        const named = habits.elements.get(element) ?? 0;
        return { ref, role, named, ofRole: habits.roles.get(role) ?? 0 };
      });
      worth.sort((a, b) => b.named - a.named || b.ofRole - a.ofRole);
      const total = worth.reduce((sum, { named, ofRole }) => sum + named + ofRole, 0) || 1;
      const operation =
        mostOf(habits.byRole.get(worth[0]?.role ?? '')) ?? mostOf(habits.operations) ?? 'click';
      return bare(
        worth.map(({ ref, named, ofRole }) => ({ ref, confidence: (named + ofRole) / total })),
        operation,
      );
    },
  };
}

/** Any candidate, and an operation as often as people use it. The same question and seed give the same answer. */
export function randomAnswerer(habits: Habits, seed: string): Answerer {
  const operations = [...habits.operations];
  const total = operations.reduce((sum, [, count]) => sum + count, 0);
  return {
    name: 'random',
    async answer(question) {
      const random = seededRandom(`${seed}/${wordsOf(question)}`);
      const ranked = shuffled(question.candidates, random).map(({ ref }) => ({
        ref,
        confidence: 1 / question.candidates.length,
      }));
      let left = random() * total;
      const chosen = operations.find(([, count]) => {
        left -= count;
        return left < 0;
      });
      return bare(ranked, chosen?.[0] ?? 'click');
    },
  };
}

/** Role and name of a candidate by its line: `button "Search"`, without value and states. */
function readText(text: string): { element: string; role: string } {
  const [element = text, role = ''] = /^([a-z]+)(?: \d+)?(?: "(?:[^"\\]|\\.)*")?/.exec(text) ?? [];
  return { element: element.toLowerCase(), role };
}

function bare(ranked: Answer['ranked'], operation: Operation): Answer {
  return { ranked, operation, value: null, latencyMs: 0, costUsd: 0, problem: null };
}

function wordsOf({ task, history, candidates }: Question): string {
  return JSON.stringify([task, history, candidates]);
}

function raise<T>(counts: Map<T, number>, key: T): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mostOf(counts: Map<Operation, number> | undefined): Operation | null {
  const [most] = [...(counts ?? [])].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return most?.[0] ?? null;
}
