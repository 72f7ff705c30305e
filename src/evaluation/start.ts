import { createHash } from 'node:crypto';
import { requireFrozen } from '../datasets/read.ts';
import type { Contestant } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import { sameBytes } from '../platform/keys.ts';
import { ModelNotFoundError } from '../training/errors.ts';
import { EvaluationIdTakenError, EvaluationNotFoundError, EvaluationStateError } from './errors.ts';
import { evaluateJob } from './jobs.ts';

export type EvaluateInput = {
  /** Made by the client; a repeat gives the same evaluation. */
  id: string;
  datasetId: string;
  contestant: Contestant;
  /** For the contestant MODEL, and only for it. */
  modelId: string | null;
  concurrency: number;
};

/**
 * Has a contestant answer the test split of a frozen dataset, by a job.
 *
 * @param refusal why nobody is asked: the evaluation is kept as FAILED with these words
 * @throws {DatasetNotFoundError} @throws {DatasetStateError} it is not FROZEN
 * @throws {ModelNotFoundError} @throws {EvaluationIdTakenError} @throws {InvalidInputError}
 */
export async function evaluateModel(
  app: Pick<App, 'db' | 'queue' | 'pubsub'>,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: EvaluateInput,
  { refusal = null }: { refusal?: string | null } = {},
): Promise<void> {
  const { id, datasetId, contestant, modelId, concurrency } = input;
  const inputHash = createHash('sha256').update(canonicalJson(input)).digest();
  const known = await app.db.evaluation.findUnique({ where: { id } });
  if (known) {
    if (known.projectId !== projectId || !sameBytes(known.inputHash, inputHash))
      throw new EvaluationIdTakenError(id);
    return;
  }
  if ((contestant === 'MODEL') !== (modelId !== null))
    throw new InvalidInputError(
      'input.modelId',
      `Expected a model or a baseline, got ${modelId ? 'both' : 'neither'}.`,
    );
  await requireFrozen(app, { projectId, datasetId });
  const model = modelId
    ? await app.db.model.findFirst({ where: { id: modelId, projectId }, select: { name: true } })
    : null;
  if (modelId && !model) throw new ModelNotFoundError(modelId);
  await app.db.$transaction(async (tx) => {
    await tx.evaluation.create({
      data: {
        id,
        projectId,
        datasetId,
        contestant,
        modelId,
        name: model?.name ?? contestant.toLowerCase(),
        seed: datasetId, // one seed for a suite: all its contestants are measured on the same draws
        concurrency,
        inputHash,
        ...(refusal ? { state: 'FAILED' as const, error: refusal, finishedAt: new Date() } : {}),
      },
      select: { id: true },
    });
    if (!refusal) await app.queue.send(tx, evaluateJob, { projectId, evaluationId: id });
    await app.pubsub.notify(tx, { topic: 'evaluation', projectId, subjectId: id });
  });
}

/**
 * Stops an evaluation; what was answered stays. A repeat does nothing.
 *
 * @throws {EvaluationNotFoundError} @throws {EvaluationStateError} it has ended
 */
export async function cancelEvaluation(
  app: Pick<App, 'db' | 'pubsub'>,
  { projectId }: Pick<Viewer, 'projectId'>,
  id: string,
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const { count } = await tx.evaluation.updateMany({
      where: { id, projectId, state: { in: ['QUEUED', 'RUNNING'] } },
      data: { state: 'CANCELLED', finishedAt: new Date() },
    });
    if (count > 0) return app.pubsub.notify(tx, { topic: 'evaluation', projectId, subjectId: id });
    const known = await tx.evaluation.findFirst({ where: { id, projectId } });
    if (!known) throw new EvaluationNotFoundError(id);
    if (known.state !== 'CANCELLED') throw new EvaluationStateError(known.state, 'not ended');
  });
}
