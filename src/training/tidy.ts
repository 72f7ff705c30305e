import type { App } from '../platform/app.ts';
import type { JobRun } from '../platform/queue.ts';
import { redactWords } from '../privacy/redact.ts';
import { endedStates } from './advance.ts';
import type { TrainingIds } from './events.ts';
import { deleteSent } from './trainers/delete-sent.ts';

/**
 * Clears away what an ended training has left: our sealed objects, and the files that were sent to its
 * provider, which are of no more use to anybody and private. Tried again until the provider has done it.
 */
export async function tidyTraining(
  app: App,
  { projectId, trainingJobId: id }: TrainingIds,
  jobRun: JobRun,
): Promise<void> {
  const job = await app.db.trainingJob.findFirst({ where: { id, projectId } });
  const isEnded = job && endedStates.includes(job.state);
  if (isEnded) await app.storage.removeAll(`${projectId}/training/${id}/`);
  const isDeleted = isEnded && job.trainer === 'OPENAI' && (await deleteSent(app, job));
  await app.db.$transaction(async (tx) => {
    if (isDeleted) {
      const data = { filesDeletedAt: new Date(), updatedAt: new Date() };
      await tx.trainingJob.update({ where: { id }, data, select: { id: true } });
      await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: id });
    }
    await jobRun.finish(tx);
  });
}

/** The provider would not delete the files: whoever reads the job learns which ones are still there. */
export async function failTidy(
  app: App,
  { projectId, trainingJobId: id }: TrainingIds,
  reason: string,
): Promise<void> {
  const warning = `The files of this training could not be deleted at the provider: ${redactWords(reason)} Delete those named codesight-${id} there.`;
  await app.db.$transaction(async (tx) => {
    const data = { warnings: { push: warning }, updatedAt: new Date() };
    await tx.trainingJob.update({ where: { id }, data, select: { id: true } });
    await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: id });
  });
}
