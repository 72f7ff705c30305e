import { IdTakenError } from '../accounts/errors.ts';
import { createDataset, freezeDataset } from '../datasets/datasets.ts';
import type { TrainingRule } from '../generated/prisma/client.ts';
import type { Trainer, TrainingMethod } from '../generated/prisma/enums.ts';
import { DomainError, InvalidInputError } from '../lib/errors.ts';
import { uuidFrom } from '../lib/legacy/ids.ts';
import type { App } from '../platform/app.ts';
import type { JobRun } from '../platform/queue.ts';
import type { SessionIds } from '../sessions/events.ts';
import { endedStates } from './advance.ts';
import { TrainingRuleNotFoundError } from './errors.ts';
import { requirePlan, startTraining } from './start.ts';

export type RuleInput = {
  projectId: string;
  id: string;
  site: string | null;
  trainer: Trainer;
  method: TrainingMethod;
  baseModel: string | null;
  minNewSessions: number;
  minScore: number;
  enabled: boolean;
};

/**
 * Makes or changes a rule; a repeat changes nothing.
 *
 * @throws {IdTakenError} @throws {TrainerRefusedError} @throws {InvalidInputError}
 */
export async function saveRule({ db }: Pick<App, 'db'>, input: RuleInput): Promise<void> {
  const { id, projectId, ...columns } = input;
  requirePlan({ ...input, pictures: false, hyperparameters: {} });
  if (input.minNewSessions < 1 || input.minNewSessions > 1_000_000)
    throw new InvalidInputError('input.minNewSessions', 'Expected 1 to 1,000,000 new sessions.');
  if (!(input.minScore >= 0 && input.minScore <= 1))
    throw new InvalidInputError('input.minScore', 'Expected a score from 0 to 1.');
  const known = await db.trainingRule.findUnique({ where: { id }, select: { projectId: true } });
  if (known && known.projectId !== projectId) throw new IdTakenError(id);
  await db.trainingRule.upsert({
    where: { id },
    create: { id, projectId, ...columns },
    update: { ...columns, updatedAt: new Date() },
    select: { id: true },
  });
}

/** @throws {TrainingRuleNotFoundError} */
export async function requireRule(
  { db }: Pick<App, 'db'>,
  { projectId, id }: { projectId: string; id: string },
): Promise<void> {
  const found = await db.trainingRule.count({ where: { id, projectId } });
  if (found === 0) throw new TrainingRuleNotFoundError(id);
}

/**
 * Looks whether a session that became READY was the one that a rule has waited for, and starts what the
 * rule wants: a dataset of the site's good sessions, frozen, and a training on it.
 */
export async function considerRules(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  const session = await app.db.session.findUnique({
    where: { id: ids.sessionId },
    select: { site: true },
  });
  const rules = session
    ? await app.db.trainingRule.findMany({
        where: {
          projectId: ids.projectId,
          enabled: true,
          OR: [{ site: null }, { site: session.site }],
        },
        orderBy: { id: 'asc' },
      })
    : [];
  for (const rule of rules) if (session) await considerRule(app, rule, session.site);
  await app.db.$transaction((tx) => job.finish(tx));
}

async function considerRule(app: App, rule: TrainingRule, site: string): Promise<void> {
  const { projectId, id: ruleId, trainer, method, baseModel, minScore } = rule;
  const last = await app.db.trainingJob.findFirst({
    where: { ruleId, site },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: { id: true, state: true, datasetId: true, createdAt: true },
  });
  if (last && !endedStates.includes(last.state)) return; // its dataset does not know yet what is new
  const fresh = await countNew(app, rule, site, last?.datasetId ?? null);
  if (fresh < rule.minNewSessions) return;
  // Of two that look at once, both mean the same dataset and the same training.
  const after = `${ruleId}/${site}/${last?.id ?? 'first'}`;
  const datasetId = await uuidFrom(`training rule dataset ${after}`);
  const trainingJobId = await uuidFrom(`training rule job ${after}`);
  try {
    await createDataset(
      app,
      { projectId },
      {
        id: datasetId,
        name: `auto ${site}`,
        description: `Made by training rule ${ruleId}.`,
        where: { sites: [site], qualityFrom: minScore },
      },
    );
    await freezeDataset(app, { projectId }, datasetId);
    await startTraining(
      app,
      {
        id: trainingJobId,
        projectId,
        datasetId,
        name: `auto ${site}`,
        trainer,
        method,
        baseModel,
        pictures: false,
        hyperparameters: {},
        seed: null,
        acceptUnknownCost: false,
      },
      { ruleId, site },
    );
    if (rule.lastRefusal !== null) await noteRefusal(app, ruleId, null);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    await noteRefusal(app, ruleId, error.message); // whoever made the rule reads it there
  }
}

async function noteRefusal(
  { db }: Pick<App, 'db'>,
  id: string,
  lastRefusal: string | null,
): Promise<void> {
  await db.trainingRule.update({ where: { id }, data: { lastRefusal }, select: { id: true } });
}

/** Good READY sessions of the site that the last dataset of the rule does not have. */
async function countNew(
  { db }: Pick<App, 'db'>,
  { projectId, minScore }: TrainingRule,
  site: string,
  lastDatasetId: string | null,
): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS "count" FROM "Session" s JOIN "QualityReport" q ON q."sessionId" = s."id"
    WHERE s."projectId" = ${projectId}::uuid AND s."site" = ${site} AND s."state" = 'READY' AND q."score" >= ${minScore}
      AND NOT EXISTS (SELECT 1 FROM "DatasetMember" m WHERE m."datasetId" = ${lastDatasetId}::uuid AND m."sessionId" = s."id")`;
  return row?.count ?? 0;
}
