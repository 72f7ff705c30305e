import type { Trainer } from '../generated/prisma/enums.ts';
import type { Tx } from '../platform/db.ts';
import { BudgetExceededError, CostUnknownError } from './errors.ts';

/** When the calendar month (UTC) began. */
export function monthOf(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
}

/** What the trainings of this calendar month (UTC) have cost, or are promised to. */
export async function spentThisMonth(
  tx: Pick<Tx, 'trainingJob'>,
  projectId: string,
  now: Date,
  except: string | null = null,
): Promise<number> {
  const jobs = await tx.trainingJob.findMany({
    where: {
      projectId,
      createdAt: { gte: monthOf(now) },
      trainer: 'OPENAI',
      ...(except ? { id: { not: except } } : {}),
      // What failed or was cancelled before it began has cost nothing.
      NOT: { state: { in: ['FAILED', 'CANCELLED'] }, startedAt: null },
    },
    select: { costUsd: true, estimatedCostUsd: true },
  });
  return jobs.reduce((sum, job) => sum + (job.costUsd ?? job.estimatedCostUsd ?? 0), 0);
}

/**
 * Asks the project's budget for a training, under a lock that the next one waits for.
 *
 * @param estimateUsd `null` where no price is known
 * @throws {BudgetExceededError} @throws {CostUnknownError}
 */
export async function askBudget(
  tx: Tx,
  {
    projectId,
    trainer,
    baseModel,
    estimateUsd,
    acceptUnknownCost,
    now,
    except = null,
  }: {
    projectId: string;
    trainer: Trainer;
    baseModel: string | null;
    estimateUsd: number | null;
    acceptUnknownCost: boolean;
    now: Date;
    /** A job that is being counted already. */
    except?: string | null;
  },
): Promise<void> {
  if (trainer !== 'OPENAI') return;
  if (estimateUsd === null) {
    if (acceptUnknownCost) return;
    throw new CostUnknownError(baseModel ?? 'this model');
  }
  await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId}::uuid FOR NO KEY UPDATE`;
  const { trainingBudgetUsd: budgetUsd } = await tx.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { trainingBudgetUsd: true },
  });
  const spentUsd = await spentThisMonth(tx, projectId, now, except);
  if (spentUsd + estimateUsd > budgetUsd)
    throw new BudgetExceededError({ estimateUsd, spentUsd, budgetUsd });
}
