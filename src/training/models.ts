import { createHash } from 'node:crypto';
import { IdTakenError } from '../accounts/errors.ts';
import { priceOf } from '../datasets/prices.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { seal } from '../platform/keys.ts';
import { secretContext } from './answerers/chat.ts';
import { requireEndpoint } from './endpoint.ts';
import { newOwnKey, openOwnKey } from './job-key.ts';
import { isOpenai } from './survey.ts';
import type { Result, Run } from './trainer.ts';

/**
 * Makes the model of a finished training. Weights are stored at once, sealed, under a key of this attempt;
 * the row with `store`, in the transaction that ends the job.
 */
export async function createTrainedModel(
  { app, job }: Run,
  { weights, apiKey, ...served }: Result,
): Promise<{ id: string; store(tx: Tx): Promise<void> }> {
  const id = newId();
  const own = newOwnKey(app, id);
  const key = openOwnKey(app, { id, ...own });
  const objectKey = weights ? `${job.projectId}/models/${id}` : null;
  if (weights && objectKey) await app.storage.put(objectKey, seal(key, weights, objectKey));
  const secret = apiKey ? seal(key, Buffer.from(apiKey), secretContext(id)) : null;
  const last = await app.db.trainingMetric.findFirst({
    where: { trainingJobId: job.id },
    orderBy: { step: 'desc' },
    select: { step: true, epoch: true, trainLoss: true, trainAccuracy: true },
  });
  const checked = await app.db.trainingMetric.findFirst({
    where: { trainingJobId: job.id, validationLoss: { not: null } },
    orderBy: [{ validationLoss: 'asc' }, { step: 'asc' }],
    select: { validationLoss: true, validationAccuracy: true },
  });
  return {
    id,
    async store(tx) {
      await tx.model.create({
        data: {
          id,
          ...own,
          ...served,
          projectId: job.projectId,
          name: job.name,
          trainer: job.trainer,
          trainingJobId: job.id,
          datasetId: job.datasetId,
          baseModel: job.baseModel,
          pictures: job.pictures,
          objectKey,
          secret: secret ? new Uint8Array(secret) : null,
          sha256: weights ? new Uint8Array(createHash('sha256').update(weights).digest()) : null,
          metrics: { ...last, ...checked },
        },
        select: { id: true },
      });
    },
  };
}

/**
 * Makes a model known that was not trained here: a base model of the provider, or one at an endpoint. A
 * repeat with the same id changes nothing.
 *
 * @throws {IdTakenError} @throws {EndpointRefusedError} @throws {InvalidInputError}
 */
export async function registerModel(
  app: Pick<App, 'db' | 'config' | 'keys'>,
  input: {
    projectId: string;
    id: string;
    name: string;
    providerModel: string;
    endpoint: string | null;
    apiKey: string | null;
    inputPrice: number | null;
    outputPrice: number | null;
  },
): Promise<void> {
  const { projectId, id, name, providerModel, apiKey } = input;
  const endpoint = input.endpoint?.replace(/\/+$/, '') ?? null;
  if (apiKey && !endpoint)
    throw new InvalidInputError('input.apiKey', 'Expected an endpoint for the key, got none.');
  if (endpoint) await requireEndpoint(app, endpoint);
  const own = newOwnKey(app, id);
  const price =
    endpoint === null && isOpenai(app.config.models.baseUrl) ? priceOf(providerModel) : null;
  const secret = apiKey
    ? new Uint8Array(seal(openOwnKey(app, { id, ...own }), Buffer.from(apiKey), secretContext(id)))
    : null;
  const { count } = await app.db.model.createMany({
    data: [
      {
        id,
        projectId,
        name,
        trainer: endpoint === null ? 'OPENAI' : 'EXTERNAL',
        providerModel,
        endpoint,
        secret,
        inputPrice: input.inputPrice ?? price?.baseInput ?? null,
        outputPrice: input.outputPrice ?? price?.baseOutput ?? null,
        ...own,
      },
    ],
    skipDuplicates: true,
  });
  if (count > 0) return;
  const known = await app.db.model.findUniqueOrThrow({ where: { id } });
  const isSame =
    known.projectId === projectId &&
    known.name === name &&
    known.providerModel === providerModel &&
    known.endpoint === endpoint;
  if (!isSame) throw new IdTakenError(id);
}
