import type { Dataset } from '../generated/prisma/client.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import type { JobRun } from '../platform/queue.ts';
import type { SessionIds } from '../sessions/events.ts';
import { insertDataset, lockDataset, nextVersion, submitDataset } from './datasets.ts';

/**
 * Withdraws every frozen dataset that holds an erased session: its exports are deleted, their key is
 * destroyed, and its next version is made of the sessions that remain, divided as before. The frozen
 * copies of the session go, which were dark since its key was destroyed.
 */
export async function withdrawDatasets(
  app: App,
  { projectId, sessionId }: SessionIds,
  job: JobRun,
): Promise<void> {
  const members = await app.db.datasetMember.findMany({
    where: { sessionId, dataset: { projectId, state: { in: ['FROZEN', 'WITHDRAWN'] } } },
    select: { datasetId: true },
  });
  for (const { datasetId } of members) {
    await app.db.$transaction((tx) => withdraw(app, tx, datasetId));
    await app.storage.removeAll(datasetFolder({ projectId, datasetId }));
  }
  await app.db.$transaction(async (tx) => {
    const where = { sessionId };
    await tx.frozenPart.deleteMany({ where });
    await tx.frozenSession.deleteMany({ where });
    await tx.sessionLabel.deleteMany({ where });
    await tx.exportFile.deleteMany({ where: { export: where } });
    await tx.datasetExport.deleteMany({ where });
    await job.finish(tx);
  });
}

/** Where the exports of a dataset are kept. */
export function datasetFolder(ids: { projectId: string; datasetId: string }): string {
  return `${ids.projectId}/datasets/${ids.datasetId}/`;
}

async function withdraw(app: App, tx: Tx, datasetId: string): Promise<void> {
  const dataset = await lockDataset(tx, datasetId);
  if (dataset?.state !== 'FROZEN') return;
  const { projectId } = dataset;
  const next = await copyWithout(app, tx, dataset);
  const change = next
    ? `Version ${next.version} takes its place.`
    : 'No session of it remains, so that nothing takes its place.';
  await tx.dataset.update({
    where: { id: datasetId },
    data: {
      state: 'WITHDRAWN',
      withdrawnAt: new Date(),
      reason: `A session of it was erased. ${change}`,
      supersededById: next?.id ?? null,
    },
    select: { id: true },
  });
  await tx.datasetKey.deleteMany({ where: { datasetId } });
  await tx.exportFile.deleteMany({ where: { export: { datasetId } } });
  const error = 'Its dataset was withdrawn, because a session of it was erased.';
  const exports = await tx.datasetExport.updateManyAndReturn({
    where: { datasetId },
    data: { state: 'WITHDRAWN', error, bytes: 0, records: 0, finishedAt: new Date() },
    select: { id: true },
  });
  for (const { id } of exports)
    await app.pubsub.notify(tx, { topic: 'export', projectId, subjectId: id });
  await app.pubsub.notify(tx, { topic: 'dataset', projectId, subjectId: datasetId });
  if (next) await submitDataset(app, tx, { id: next.id, projectId });
}

/** The next version with the members whose session is still there; `null` when none is. */
async function copyWithout(
  app: App,
  tx: Tx,
  { id, projectId, name, description, filter, splitting, licence }: Dataset,
): Promise<{ id: string; version: number } | null> {
  const next = { id: newId(), version: await nextVersion(tx, projectId, name) };
  await insertDataset(app, tx, {
    ...next,
    projectId,
    name,
    description,
    filter: filter ?? {},
    splitting: splitting ?? {},
    licence,
  });
  const copied = await tx.$executeRaw`
    INSERT INTO "DatasetMember" ("datasetId", "sessionId", "projectId", "frozenId", "site", "sites", "split",
      "interactions", "examples", "sha256", "consentVersion", "licence", "source")
    SELECT ${next.id}::uuid, m."sessionId", m."projectId", m."frozenId", m."site", m."sites", m."split",
      m."interactions", m."examples", m."sha256", m."consentVersion", m."licence", m."source"
    FROM "DatasetMember" m JOIN "SessionKey" k USING ("sessionId") WHERE m."datasetId" = ${id}::uuid`;
  if (copied > 0) return next;
  await tx.datasetKey.deleteMany({ where: { datasetId: next.id } });
  await tx.dataset.delete({ where: { id: next.id }, select: { id: true } });
  return null;
}
