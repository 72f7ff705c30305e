import * as z from 'zod';
import {
  type ClusterSum,
  differenceOf,
  quantile,
  ratioOf,
  resamplesUsual,
} from '../lib/bootstrap.ts';

/** What is known of one answered step. */
export type Judged = {
  sessionId: string;
  site: string;
  /** The right operation. */
  operation: string;
  isElementRight: boolean;
  operationF1: number;
  isStepRight: boolean;
  latencyMs: number;
  costUsd: number | null;
};

/** The measures that have intervals. */
export const measureNames = ['element', 'operation', 'step', 'task', 'progress'] as const;
export type MeasureName = (typeof measureNames)[number];

const Estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });
const Group = z.object({
  /** A site, or an operation. */
  key: z.string(),
  sessions: z.int(),
  steps: z.int(),
  element: Estimate,
  operation: Estimate,
  step: Estimate,
});

export const Measures = z.object({
  seed: z.string(),
  resamples: z.int(),
  sessions: z.int(),
  steps: z.int(),
  /** Share of steps whose first candidate is right. */
  element: Estimate,
  /** Mean F1 of the words of operation and value. */
  operation: Estimate,
  /** Share of steps that are right in everything. */
  step: Estimate,
  /** Share of sessions whose steps are all right. */
  task: Estimate,
  /** Mean share of a session's steps before its first wrong one. Absent in evaluations from before it was measured. */
  progress: Estimate.optional(),
  bySite: z.array(Group),
  byOperation: z.array(Group),
  /** Milliseconds for one step. */
  latency: z.object({ median: z.number(), p95: z.number(), mean: z.number() }),
  /** US dollars for one step; `null` where no price is known. */
  costPerStepUsd: z.number().nullable(),
});
export type Measures = z.infer<typeof Measures>;
export type MeasureGroup = z.infer<typeof Group>;

/** What a suite came to, by session: enough for every measure, however many steps there are. */
export class Tally {
  readonly #sessions = new Map<string, Sums>();
  readonly #groups = { site: new Map<string, Sessions>(), operation: new Map<string, Sessions>() };
  readonly #latencies: number[] = [];
  #cost: number | null = 0;

  /** Steps of a session come in their order; sessions in any. */
  add(judged: Judged): void {
    const { sessionId, site, operation, latencyMs, costUsd } = judged;
    addTo(this.#sessions, sessionId, judged);
    for (const [groups, key] of [
      [this.#groups.site, site],
      [this.#groups.operation, operation],
    ] as const) {
      const group = groups.get(key) ?? new Map<string, Sums>();
      groups.set(key, group);
      addTo(group, sessionId, judged);
    }
    this.#latencies.push(latencyMs);
    this.#cost = this.#cost === null || costUsd === null ? null : this.#cost + costUsd;
  }

  get steps(): number {
    return this.#latencies.length;
  }

  /** In US dollars; `null` where a step's price is not known. */
  get costUsd(): number | null {
    return this.#cost;
  }

  /** Sums of one measure by session. */
  sumsOf(name: MeasureName): Map<string, ClusterSum> {
    return new Map([...this.#sessions].map(([id, sums]) => [id, sumOf(sums, name)]));
  }

  /** @param seed the suite's, so that all contestants of a suite are measured on the same draws */
  measures(seed: string, resamples = resamplesUsual): Measures {
    const estimate = (sessions: Sessions, name: MeasureName) =>
      ratioOf(clustersOf(sessions, name), { seed, resamples });
    const groups = (all: Map<string, Sessions>) =>
      [...all]
        .map(([key, sessions]) => ({
          key,
          sessions: sessions.size,
          steps: [...sessions.values()].reduce((sum, { steps }) => sum + steps, 0),
          element: estimate(sessions, 'element'),
          operation: estimate(sessions, 'operation'),
          step: estimate(sessions, 'step'),
        }))
        .sort((a, b) => b.steps - a.steps || (a.key < b.key ? -1 : 1));
    const times = Float64Array.from(this.#latencies).sort();
    const total = this.#latencies.reduce((sum, time) => sum + time, 0);
    return {
      seed,
      resamples,
      sessions: this.#sessions.size,
      steps: this.steps,
      element: estimate(this.#sessions, 'element'),
      operation: estimate(this.#sessions, 'operation'),
      step: estimate(this.#sessions, 'step'),
      task: estimate(this.#sessions, 'task'),
      progress: estimate(this.#sessions, 'progress'),
      bySite: groups(this.#groups.site),
      byOperation: groups(this.#groups.operation),
      latency: {
        median: quantile(times, 0.5),
        p95: quantile(times, 0.95),
        mean: this.steps === 0 ? 0 : total / this.steps,
      },
      costPerStepUsd: this.#cost === null || this.steps === 0 ? null : this.#cost / this.steps,
    };
  }
}

/** `a − b` of one measure on the sessions that both were asked about, with its interval. */
export function compare(
  a: Tally,
  b: Tally,
  name: MeasureName,
  { seed, resamples = resamplesUsual }: { seed: string; resamples?: number },
): { value: number; low: number; high: number; sessions: number } {
  const others = b.sumsOf(name);
  const own = [...a.sumsOf(name)].sort(([x], [y]) => (x < y ? -1 : 1));
  const pairs = own.flatMap(([id, sums]) => {
    const other = others.get(id);
    return other ? [[sums, other] as const] : [];
  });
  return { ...differenceOf(pairs, { seed, resamples }), sessions: pairs.length };
}

type Sums = {
  steps: number;
  element: number;
  operation: number;
  step: number;
  /** Right ones before the first wrong one. */
  begun: number;
};
type Sessions = Map<string, Sums>;

function addTo(sessions: Sessions, id: string, judged: Judged): void {
  const sums = sessions.get(id) ?? { steps: 0, element: 0, operation: 0, step: 0, begun: 0 };
  const isUnbroken = judged.isStepRight && sums.begun === sums.steps;
  sessions.set(id, {
    steps: sums.steps + 1,
    element: sums.element + Number(judged.isElementRight),
    operation: sums.operation + judged.operationF1,
    step: sums.step + Number(judged.isStepRight),
    begun: sums.begun + Number(isUnbroken),
  });
}

function sumOf(sums: Sums, name: MeasureName): ClusterSum {
  if (name === 'task') return { hits: Number(sums.step === sums.steps), of: 1 };
  if (name === 'progress') return { hits: sums.begun / sums.steps, of: 1 };
  return { hits: sums[name], of: sums.steps };
}

// By id, so that the draws are the same in whatever order the steps were answered.
function clustersOf(sessions: Sessions, name: MeasureName): ClusterSum[] {
  return [...sessions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sums]) => sumOf(sums, name));
}
