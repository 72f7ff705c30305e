import type { Signal } from '../diagnostics/signals.ts';
import { stateSignals } from '../diagnostics/state-signals.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { spentThisMonth } from '../training/budget.ts';

/** What a measure is about: the project and how many sessions count. */
type Watched = { projectId: string; trigger: string; sessions: number | null };

/**
 * States what training has cost and what sessions are worth, of projects with a rule for it. Rules judge
 * it, and fire when their threshold is passed, not at every look.
 */
export async function stateThresholds(app: App, now: Date): Promise<void> {
  const watched = await app.db.alertRule.findMany({
    where: { trigger: { in: ['COST', 'QUALITY'] }, enabled: true },
    distinct: ['projectId', 'trigger', 'sessions'],
    select: { projectId: true, trigger: true, sessions: true },
  });
  for (const one of watched)
    await app.db.$transaction(async (tx) => {
      const signal = one.trigger === 'COST' ? await costOf(tx, one, now) : await qualityOf(tx, one);
      if (signal) await stateSignals(app, tx, [signal]);
    });
}

async function costOf(tx: Tx, { projectId }: Watched, now: Date): Promise<Signal | null> {
  const { trainingBudgetUsd: budgetUsd } = await tx.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { trainingBudgetUsd: true },
  });
  const spentUsd = await spentThisMonth(tx, projectId, now);
  if (budgetUsd <= 0) return null;
  const spentRatio = spentUsd / budgetUsd;
  return {
    ...base(projectId),
    kind: 'cost',
    subjectId: 'training-budget',
    title: `Training has cost ${spentUsd.toFixed(2)} of ${budgetUsd.toFixed(2)} US dollars this month`,
    severity: spentRatio >= 1 ? 'HIGH' : spentRatio >= 0.8 ? 'MEDIUM' : 'INFO',
    detail: { spentRatio, spentUsd, budgetUsd },
  };
}

async function qualityOf(tx: Tx, { projectId, sessions }: Watched): Promise<Signal | null> {
  const count = sessions ?? 1;
  const reports = await tx.qualityReport.findMany({
    where: { projectId },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: count,
    select: { score: true },
  });
  if (reports.length < count) return null; // fewer say nothing yet
  const project = await tx.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { rejectBelow: true, reviewBelow: true },
  });
  const meanScore = reports.reduce((sum, { score }) => sum + score, 0) / reports.length;
  return {
    ...base(projectId),
    kind: 'quality',
    subjectId: `quality/${count}`,
    title: `The last ${count} sessions score ${meanScore.toFixed(2)} on average`,
    severity:
      meanScore < project.rejectBelow
        ? 'HIGH'
        : meanScore < project.reviewBelow
          ? 'MEDIUM'
          : 'INFO',
    detail: { meanScore, sessions: count },
  };
}

function base(
  projectId: string,
): Pick<Signal, 'projectId' | 'category' | 'source' | 'correlationId'> {
  return { projectId, category: null, source: 'server', correlationId: null };
}
