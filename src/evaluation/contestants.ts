import { readDataset } from '../datasets/read.ts';
import type { Evaluation } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';
import type { Answerer } from '../training/answerer.ts';
import { openAnswerer } from '../training/answerer.ts';
import { ModelNotFoundError } from '../training/errors.ts';
import { habitsOf, majorityAnswerer, randomAnswerer } from './baselines.ts';

/**
 * Who answers in an evaluation. Baselines learn from the training split of the suite's own dataset.
 *
 * @throws {ModelNotFoundError} the model is gone
 */
export async function openContestant(
  app: App,
  { projectId, datasetId, contestant, modelId, seed }: Evaluation,
): Promise<Answerer> {
  if (contestant === 'MODEL') {
    const model = await app.db.model.findFirst({ where: { id: modelId ?? '', projectId } });
    if (!model) throw new ModelNotFoundError(modelId ?? '');
    return openAnswerer(app, model);
  }
  const habits = await habitsOf(readDataset(app, { projectId, datasetId, split: 'TRAIN' }));
  return contestant === 'MAJORITY' ? majorityAnswerer(habits) : randomAnswerer(habits, seed);
}
