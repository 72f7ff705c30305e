import type { App } from '../../platform/app.ts';
import { TrainingFailedError } from '../errors.ts';
import { type Survey, surveyDataset } from '../survey.ts';
import type { Run } from '../trainer.ts';

const fewest = 10; // what OpenAI asks for; a ranker of fewer is not worth a look either

/**
 * What every trainer asks of its dataset: frozen, not withdrawn, free of leaks, not too small.
 *
 * @returns with warnings of what is weak in it for any trainer
 */
export async function requireGoodDataset({
  app,
  job,
}: Run): Promise<Survey & { warnings: string[] }> {
  const dataset = await app.db.dataset.findUnique({
    where: { id: job.datasetId },
    select: { state: true, reason: true },
  });
  if (dataset?.state !== 'FROZEN')
    throw new TrainingFailedError(
      'DATASET_NOT_FROZEN',
      `Expected a frozen dataset, it is ${dataset?.state ?? 'gone'}. ${dataset?.reason ?? ''}`.trim(),
      { advice: 'Train on the version that took its place, or freeze a new one.' },
    );
  const survey = await surveyDataset(app, job.datasetId);
  if (survey.examples < fewest)
    throw new TrainingFailedError(
      'TOO_FEW_EXAMPLES',
      `Expected at least ${fewest} examples in the training split, got ${survey.examples}.`,
      { advice: 'Record or select more sessions; some hundreds of examples make a difference.' },
    );
  const warnings =
    survey.testExamples === 0
      ? [
          'There is no test split: nothing is held out on which the model could be evaluated by itself.',
        ]
      : [];
  return { ...survey, warnings };
}

/** Whether the dataset is still there: erasure withdraws it in the middle of a training. */
export async function isWithdrawn({ db }: Pick<App, 'db'>, datasetId: string): Promise<boolean> {
  const dataset = await db.dataset.findUnique({
    where: { id: datasetId },
    select: { state: true },
  });
  return dataset?.state !== 'FROZEN';
}
