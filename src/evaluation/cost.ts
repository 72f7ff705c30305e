import { toChatLine } from '../datasets/openai.ts';
import { readDataset } from '../datasets/read.ts';
import type { Model } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';
import { monthOf, spentThisMonth } from '../training/budget.ts';

/** Steps that are looked at to tell how long they are on average. */
const sampled = 40;
/** Of an answer: a tool call with a ref and a short value. */
const answerTokens = 30;

/**
 * What asking a model the test split of its dataset will cost in US dollars: tokens of a sample of steps, a
 * quarter of their characters, by the model's prices. `null` where no price is known, 0 where nothing is paid.
 *
 * @throws {DatasetStateError} the dataset was withdrawn
 */
export async function askingCost(
  app: Pick<App, 'db' | 'sql' | 'keys'>,
  model: Pick<Model, 'projectId' | 'inputPrice' | 'outputPrice'> & { datasetId: string },
): Promise<number | null> {
  const { projectId, datasetId, inputPrice, outputPrice } = model;
  if (inputPrice === null || outputPrice === null) return null;
  if (inputPrice === 0 && outputPrice === 0) return 0;
  let [chars, steps] = [0, 0];
  for await (const { example } of readDataset(app, { projectId, datasetId, split: 'TEST' })) {
    chars += toChatLine(example).length;
    if (++steps === sampled) break;
  }
  const { _sum } = await app.db.datasetMember.aggregate({
    where: { datasetId, split: 'TEST' },
    _sum: { examples: true },
  });
  const perStep = steps === 0 ? 0 : chars / steps / 4;
  return ((_sum.examples ?? 0) * (perStep * inputPrice + answerTokens * outputPrice)) / 1e6;
}

/** What trainings and evaluations of this calendar month (UTC) have left of the project's budget. */
export async function leftOfBudget(
  { db }: Pick<App, 'db'>,
  projectId: string,
  now: Date,
): Promise<number> {
  const { trainingBudgetUsd } = await db.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { trainingBudgetUsd: true },
  });
  const { _sum } = await db.evaluation.aggregate({
    where: { projectId, createdAt: { gte: monthOf(now) } },
    _sum: { costUsd: true },
  });
  const spentUsd = (await spentThisMonth(db, projectId, now)) + (_sum.costUsd ?? 0);
  return Math.max(0, trainingBudgetUsd - spentUsd);
}
