import * as z from 'zod';
import { compare, Measures } from '../evaluation/measures.ts';
import { tallyOf } from '../evaluation/tally.ts';
import type { Evaluation, Model } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';

export const conditionCodes = [
  'EVALUATED',
  'BETTER',
  'LEAK_FREE',
  'UNSEEN',
  'FAST_ENOUGH',
  'MEASURED_ENOUGH',
] as const;

/** One condition of the gate with what was measured. */
export const Condition = z.object({
  code: z.enum(conditionCodes),
  passed: z.boolean(),
  message: z.string(),
});
export type Condition = z.infer<typeof Condition>;

/** Sessions that an interval needs to mean something. */
const sessionsLeast = 5;

type Ids = { projectId: string; datasetId: string };

/**
 * Whether a model may be deployed: it is better than the deployed one with confidence (without one: than both
 * baselines), its suite proved leak-free and unseen by it, it is not slower than allowed, and there was enough
 * to measure.
 *
 * @param current evaluation of the deployed model on the same suite; `null` when it has none
 */
export async function openGate(
  app: Pick<App, 'db'>,
  {
    model,
    evaluation,
    currentModelId,
    maxLatencyMs,
  }: {
    model: Model;
    evaluation: Evaluation;
    currentModelId: string | null;
    maxLatencyMs: number;
  },
): Promise<Condition[]> {
  const { projectId, datasetId } = evaluation;
  const isEvaluated = evaluation.state === 'SUCCEEDED' && evaluation.modelId === model.id;
  const conditions: Condition[] = [
    {
      code: 'EVALUATED',
      passed: isEvaluated,
      message: isEvaluated
        ? `It answered all ${evaluation.steps} steps of the suite.`
        : `Expected a finished evaluation of this model, this one is ${evaluation.state}${evaluation.modelId === model.id ? '' : ' and of another contestant'}.`,
    },
  ];
  if (!isEvaluated) return conditions;
  const measures = Measures.parse(evaluation.measures);
  return [
    ...conditions,
    ...(await better(app, evaluation, currentModelId)),
    await leakFree(app, { projectId, datasetId }),
    await unseen(app, model, datasetId),
    {
      code: 'FAST_ENOUGH',
      passed: measures.latency.p95 <= maxLatencyMs,
      message: `95 of 100 answers took ${measures.latency.p95.toFixed(0)} ms at most; allowed are ${maxLatencyMs} ms.`,
    },
    {
      code: 'MEASURED_ENOUGH',
      passed: measures.sessions >= sessionsLeast,
      message: `The suite has ${measures.sessions} sessions; at least ${sessionsLeast} are needed.`,
    },
  ];
}

/** Against the deployed model, or against each baseline where none is deployed. */
async function better(
  app: Pick<App, 'db'>,
  evaluation: Evaluation,
  currentModelId: string | null,
): Promise<Condition[]> {
  const { projectId, datasetId, seed } = evaluation;
  const rivals = currentModelId
    ? [{ name: 'the deployed model', where: { modelId: currentModelId } }]
    : (['MAJORITY', 'RANDOM'] as const).map((contestant) => ({
        name: `the ${contestant.toLowerCase()} baseline`,
        where: { contestant },
      }));
  const own = await tallyOf(app, evaluation.id);
  const conditions: Condition[] = [];
  for (const { name, where } of rivals) {
    const rival = await app.db.evaluation.findFirst({
      where: { projectId, datasetId, state: 'SUCCEEDED', ...where },
      orderBy: { createdAt: 'desc' },
    });
    if (!rival) {
      const message = `Expected an evaluation of ${name} on the same suite, found none: run evaluateModel for it.`;
      conditions.push({ code: 'BETTER', passed: false, message });
      continue;
    }
    const { value, low, high } = compare(own, await tallyOf(app, rival.id), 'step', { seed });
    conditions.push({
      code: 'BETTER',
      passed: low > 0,
      message: `Its step success is ${points(value)} above ${name} (95 %: ${points(low)} to ${points(high)})${low > 0 ? '.' : '; the interval must be above 0.'}`,
    });
  }
  return conditions;
}

const LeakVerdict = z.object({ leaks: z.object({ passed: z.boolean() }) });

async function leakFree(app: Pick<App, 'db'>, { projectId, datasetId }: Ids): Promise<Condition> {
  const dataset = await app.db.dataset.findFirst({ where: { id: datasetId, projectId } });
  const manifest = LeakVerdict.safeParse(dataset?.manifest);
  const isProved = dataset?.state === 'FROZEN' && manifest.success && manifest.data.leaks.passed;
  return {
    code: 'LEAK_FREE',
    passed: isProved,
    message: isProved
      ? 'The suite’s file was proved free of leaks.'
      : `Expected a frozen suite that was proved free of leaks, this one is ${dataset?.state ?? 'gone'}${manifest.success && !manifest.data.leaks.passed ? ' and leaks' : ''}.`,
  };
}

/** No session of the suite's test split was in what the model learned from. */
async function unseen(app: Pick<App, 'db'>, model: Model, datasetId: string): Promise<Condition> {
  if (!model.datasetId)
    return {
      code: 'UNSEEN',
      passed: true,
      message:
        'What the model learned from is not known here: that it has not seen the suite is not proved.',
    };
  const [{ count = 0 } = {}] = await app.db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS "count" FROM "DatasetMember" t
    JOIN "DatasetMember" l ON l."sessionId" = t."sessionId" AND l."datasetId" = ${model.datasetId}::uuid AND l."split" <> 'TEST'
    WHERE t."datasetId" = ${datasetId}::uuid AND t."split" = 'TEST'`;
  return {
    code: 'UNSEEN',
    passed: count === 0,
    message:
      count === 0
        ? 'It learned from no session of the suite.'
        : `It learned from ${count} sessions of the suite.`,
  };
}

function points(share: number): string {
  return `${(share * 100).toFixed(1)} points`;
}
