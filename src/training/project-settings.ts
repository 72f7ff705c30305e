import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';

const mostUsd = 10_000_000;

/**
 * Sets what training may cost in a calendar month.
 *
 * @throws {InvalidInputError}
 */
export async function setTrainingBudget(
  { db }: Pick<App, 'db'>,
  { projectId, budgetUsd }: { projectId: string; budgetUsd: number },
): Promise<void> {
  if (!(budgetUsd >= 0 && budgetUsd <= mostUsd))
    throw new InvalidInputError(
      'input.budgetUsd',
      `Expected 0 to ${mostUsd.toLocaleString('en')} US dollars, got ${budgetUsd}.`,
    );
  await db.project.update({
    where: { id: projectId },
    data: { trainingBudgetUsd: budgetUsd },
    select: { id: true },
  });
}
