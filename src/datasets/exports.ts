import * as z from 'zod';
import { wordsOf } from '../contract/vocabulary.ts';
import type { ExportFormat, Split } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { parseInput } from '../graphql/input.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { SessionNotFoundError, SessionStateError } from '../sessions/errors.ts';
import { lockDataset } from './datasets.ts';
import { DatasetNotFoundError, DatasetStateError, ExportIdTakenError } from './errors.ts';
import { exportRequested } from './events.ts';
import { exportFormats } from './formats/formats.ts';

const ExportInput = z.object({
  id: z.uuid().toLowerCase(),
  format: z.enum(wordsOf(exportFormats)),
});

type Needs = Pick<App, 'db' | 'queue' | 'pubsub'>;

/**
 * Has files made of a frozen dataset by a job; `exportProgress` tells how far it is. A repeat changes
 * nothing, except that an export that FAILED is tried again from where it was.
 *
 * @throws {InvalidInputError} @throws {DatasetNotFoundError} @throws {DatasetStateError}
 * @throws {ExportIdTakenError}
 */
export async function exportDataset(
  app: Needs,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: { id: string; datasetId: string; format: ExportFormat; splits?: Split[] },
): Promise<void> {
  const { id, format } = parseInput(ExportInput, input, 'input');
  const { datasetId, splits = [] } = input;
  await app.db.$transaction(async (tx) => {
    const dataset = await lockDataset(tx, datasetId);
    if (dataset?.projectId !== projectId) throw new DatasetNotFoundError(datasetId);
    if (dataset.state !== 'FROZEN')
      throw new DatasetStateError(dataset.state, 'FROZEN', dataset.reason);
    const order = [...new Set(splits)].sort();
    await request(app, tx, { id, projectId, datasetId, sessionId: null, format, splits: order });
  });
}

/**
 * The same for one session, as it is now.
 *
 * @throws {InvalidInputError} @throws {SessionNotFoundError} @throws {SessionStateError} it is not READY
 * @throws {ExportIdTakenError}
 */
export async function exportOneSession(
  app: Needs,
  { projectId }: Pick<Viewer, 'projectId'>,
  input: { id: string; sessionId: string; format: ExportFormat },
): Promise<void> {
  const { id, format } = parseInput(ExportInput, input, 'input');
  const { sessionId } = input;
  await app.db.$transaction(async (tx) => {
    const session = await tx.session.findFirst({ where: { id: sessionId, projectId } });
    if (!session) throw new SessionNotFoundError(sessionId);
    if (session.state !== 'READY') throw new SessionStateError(session.state, 'READY');
    await request(app, tx, { id, projectId, datasetId: null, sessionId, format, splits: [] });
  });
}

type Wanted = {
  id: string;
  projectId: string;
  datasetId: string | null;
  sessionId: string | null;
  format: ExportFormat;
  splits: Split[];
};

async function request(app: Needs, tx: Tx, wanted: Wanted): Promise<void> {
  const { id, projectId } = wanted;
  await tx.datasetExport.createMany({ data: [wanted], skipDuplicates: true });
  await tx.$queryRaw`SELECT 1 FROM "DatasetExport" WHERE "id" = ${id}::uuid FOR UPDATE`;
  const row = await tx.datasetExport.findUniqueOrThrow({ where: { id } });
  const isSame =
    row.projectId === projectId &&
    row.datasetId === wanted.datasetId &&
    row.sessionId === wanted.sessionId &&
    row.format === wanted.format &&
    row.splits.join() === wanted.splits.join();
  if (!isSame) throw new ExportIdTakenError(id);
  const isNew = row.state === 'QUEUED' && row.message === null;
  if (!isNew && row.state !== 'FAILED') return;
  const data = { state: 'QUEUED', message: 'waits for a worker', error: null } as const;
  await tx.datasetExport.update({ where: { id }, data, select: { id: true } });
  await app.queue.emit(tx, exportRequested, { projectId, exportId: id });
  await app.pubsub.notify(tx, { topic: 'export', projectId, subjectId: id });
}
