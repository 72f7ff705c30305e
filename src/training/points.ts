import type { TrainingJob } from '../generated/prisma/client.ts';
import type { Tx } from '../platform/db.ts';
import type { Point } from './trainer.ts';

/** Adds points to a learning curve. A step that is there gets what was not measured of it before. */
export async function addPoints(
  tx: Tx,
  { id: trainingJobId, projectId }: Pick<TrainingJob, 'id' | 'projectId'>,
  points: readonly Point[],
): Promise<void> {
  for (const { step, ...measures } of points) {
    const known = Object.fromEntries(
      Object.entries(measures).filter(([, value]) => value !== null && value !== undefined),
    );
    await tx.trainingMetric.upsert({
      where: { trainingJobId_step: { trainingJobId, step } },
      create: { trainingJobId, projectId, step, ...known },
      update: known,
      select: { step: true },
    });
  }
}
