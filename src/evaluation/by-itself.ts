import { DatasetStateError } from '../datasets/errors.ts';
import type { Model } from '../generated/prisma/client.ts';
import { uuidFrom } from '../lib/legacy/ids.ts';
import type { App } from '../platform/app.ts';
import type { JobRun } from '../platform/queue.ts';
import type { ModelIds } from '../training/events.ts';
import { askingCost, leftOfBudget } from './cost.ts';
import { type EvaluateInput, evaluateModel } from './start.ts';

const concurrency = 4;

/**
 * Has a model that was just trained answer the test split of its own dataset, and each baseline that has not
 * answered it yet. The ids follow from the model and the dataset: a repeated fact does it once. Without a test
 * split, or with a dataset that was withdrawn meanwhile, there is nothing to ask.
 */
export async function evaluateTrained(
  app: App,
  { projectId, modelId }: ModelIds,
  job: JobRun,
): Promise<void> {
  const model = await app.db.model.findFirst({ where: { id: modelId, projectId } });
  const datasetId = model?.datasetId;
  const heldOut = datasetId
    ? await app.db.datasetMember.count({ where: { datasetId, split: 'TEST' } })
    : 0;
  if (model && datasetId && heldOut > 0) await askAll(app, { ...model, datasetId });
  await app.db.$transaction((tx) => job.finish(tx));
}

async function askAll(app: App, model: Model & { datasetId: string }): Promise<void> {
  const { id: modelId, projectId, datasetId } = model;
  const inputs: EvaluateInput[] = [
    {
      id: await uuidFrom(`evaluation of model ${modelId} by itself`),
      contestant: 'MODEL',
      modelId,
      datasetId,
      concurrency,
    },
  ];
  for (const contestant of ['MAJORITY', 'RANDOM'] as const)
    if (!(await isAnswered(app, { datasetId, contestant })))
      inputs.push({
        id: await uuidFrom(`evaluation of ${contestant} beside model ${modelId}`),
        contestant,
        modelId: null,
        datasetId,
        concurrency,
      });
  try {
    const refusal = await refusalOf(app, model);
    for (const input of inputs)
      await evaluateModel(app, { projectId }, input, {
        refusal: input.modelId ? refusal : null,
      });
  } catch (error) {
    if (!(error instanceof DatasetStateError)) throw error; // withdrawn: the next version is trained anew
  }
}

/** Why the model is not asked by itself, which costs money; `null` where it may be. */
async function refusalOf(app: App, model: Model & { datasetId: string }): Promise<string | null> {
  const costUsd = await askingCost(app, model);
  if (!costUsd) return null; // nothing, or nobody knows: as the training before it
  const leftUsd = await leftOfBudget(app, model.projectId, new Date());
  if (costUsd <= leftUsd) return null;
  return `It was not asked by itself: that would cost about $${costUsd.toFixed(2)}, and $${leftUsd.toFixed(2)} of this month's budget are left. evaluateModel asks nevertheless.`;
}

async function isAnswered(
  { db }: Pick<App, 'db'>,
  where: Pick<EvaluateInput, 'datasetId' | 'contestant'>,
): Promise<boolean> {
  const found = await db.evaluation.count({
    where: { ...where, state: { in: ['QUEUED', 'RUNNING', 'SUCCEEDED'] } },
  });
  return found > 0;
}
