import * as z from 'zod';
import { limits } from '../contract/limits.ts';
import { shortText, text } from '../contract/text.ts';
import type { Dataset, Prisma } from '../generated/prisma/client.ts';
import type { DatasetState } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { parseInput } from '../graphql/input.ts';
import { canonicalJson } from '../lib/canonical.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { redactWords } from '../privacy/redact.ts';
import { DatasetIdTakenError, DatasetNotFoundError, DatasetStateError } from './errors.ts';
import { datasetSubmitted } from './events.ts';
import { DatasetFilter, Splitting } from './filter.ts';

export const CreateDatasetInput = z.object({
  id: z.uuid().toLowerCase(),
  name: z.string().trim().min(1, 'expected a name, got nothing').max(100).pipe(shortText),
  description: text(limits.nameChars).nullish(),
  where: DatasetFilter.nullish(),
  split: Splitting.nullish(),
  licence: z.string().trim().min(1).max(200).pipe(shortText).nullish(),
});

/**
 * Describes a dataset: which sessions it takes and how they are divided. Nothing is taken before it is
 * frozen. Another dataset of the name becomes its next version. A repeat changes nothing.
 *
 * @throws {InvalidInputError} @throws {DatasetIdTakenError}
 */
export async function createDataset(
  app: Pick<App, 'db' | 'keys' | 'pubsub'>,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: z.input<typeof CreateDatasetInput>,
): Promise<void> {
  const parsed = parseInput(CreateDatasetInput, input, 'input');
  const { id } = parsed;
  const meant = {
    projectId,
    name: redactWords(parsed.name),
    description: redactWords(parsed.description ?? null),
    filter: asJson(parsed.where ?? {}),
    splitting: asJson(parsed.split ?? Splitting.parse({})),
    licence: redactWords(parsed.licence ?? null),
  };
  await app.db.$transaction(async (tx) => {
    // Two of the same name at once would be the same version.
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId}::uuid FOR NO KEY UPDATE`;
    const known = await tx.dataset.findUnique({ where: { id } });
    if (known) {
      const { name, description, filter, splitting, licence } = known;
      const was = { projectId: known.projectId, name, description, filter, splitting, licence };
      if (canonicalJson(was) !== canonicalJson(meant)) throw new DatasetIdTakenError(id);
      return;
    }
    const version = await nextVersion(tx, projectId, meant.name);
    await insertDataset(app, tx, { ...meant, id, version });
  });
}

/**
 * Has a dataset frozen by a job; `datasetChanged` tells how far it is. A repeat changes nothing, except
 * for one that FAILED, which is tried again from the beginning.
 *
 * @throws {DatasetNotFoundError} @throws {DatasetStateError} it is WITHDRAWN
 */
export async function freezeDataset(
  app: Pick<App, 'db' | 'queue' | 'pubsub'>,
  { projectId }: Pick<Viewer, 'projectId'>,
  datasetId: string,
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const dataset = await lockDataset(tx, datasetId);
    if (dataset?.projectId !== projectId) throw new DatasetNotFoundError(datasetId);
    if (dataset.state === 'FREEZING' || dataset.state === 'FROZEN') return;
    if (dataset.state === 'WITHDRAWN')
      throw new DatasetStateError(dataset.state, 'a DRAFT, or FAILED', dataset.reason);
    await tx.datasetMember.deleteMany({ where: { datasetId } });
    await submitDataset(app, tx, dataset);
  });
}

/** Writes a dataset with a key of its own. */
export async function insertDataset(
  { keys, pubsub }: Pick<App, 'keys' | 'pubsub'>,
  tx: Tx,
  data: Prisma.DatasetUncheckedCreateInput,
): Promise<void> {
  const { generation, wrapped } = keys.create(data.id);
  const key = { create: { generation, wrapped: new Uint8Array(wrapped) } };
  await tx.dataset.create({ data: { ...data, key }, select: { id: true } });
  await pubsub.notify(tx, { topic: 'dataset', projectId: data.projectId, subjectId: data.id });
}

/** Sets a locked dataset FREEZING and has a job do it. */
export async function submitDataset(
  app: Pick<App, 'queue' | 'pubsub'>,
  tx: Tx,
  { id, projectId }: Pick<Dataset, 'id' | 'projectId'>,
): Promise<void> {
  const data = { progress: 0, message: null, reason: null };
  await changeDataset(app, tx, { id, projectId }, { ...data, state: 'FREEZING' });
  await app.queue.emit(tx, datasetSubmitted, { projectId, datasetId: id });
}

/** Takes the dataset's row for this transaction. */
export async function lockDataset(tx: Tx, datasetId: string): Promise<Dataset | null> {
  await tx.$queryRaw`SELECT 1 FROM "Dataset" WHERE "id" = ${datasetId}::uuid FOR UPDATE`;
  return tx.dataset.findUnique({ where: { id: datasetId } });
}

/** Sets fields of a dataset and tells subscribers. */
export async function changeDataset(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  { id, projectId }: Pick<Dataset, 'id' | 'projectId'>,
  data: Prisma.DatasetUncheckedUpdateInput & { state?: DatasetState },
): Promise<void> {
  await tx.dataset.update({ where: { id }, data, select: { id: true } });
  await pubsub.notify(tx, { topic: 'dataset', projectId, subjectId: id });
}

/** The version that the next dataset of the name gets. */
export async function nextVersion(tx: Tx, projectId: string, name: string): Promise<number> {
  const newest = await tx.dataset.findFirst({
    where: { projectId, name },
    orderBy: { version: 'desc' },
    select: { version: true },
  });
  return (newest?.version ?? 0) + 1;
}

/** As it comes back from the database: what is absent is left out. */
function asJson(value: unknown): Prisma.InputJsonObject {
  return JSON.parse(JSON.stringify(value));
}
