import { createHash } from 'node:crypto';
import { IdTakenError } from '../accounts/errors.ts';
import { DatasetNotFoundError, DatasetStateError } from '../datasets/errors.ts';
import type { DatasetState, Trainer, TrainingMethod } from '../generated/prisma/enums.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { InvalidInputError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import { isDuplicate } from '../platform/db.ts';
import { sameBytes } from '../platform/keys.ts';
import { askBudget } from './budget.ts';
import { TrainerRefusedError } from './errors.ts';
import {
  type Hyperparameters,
  type Proposal,
  proposeHyperparameters,
  ranges,
  withGiven,
} from './hyperparameters.ts';
import { newOwnKey } from './job-key.ts';
import { sendTurn } from './jobs.ts';
import { estimateCost, pastRunsOf, type Survey, surveyDataset } from './survey.ts';

export type Plan = {
  projectId: string;
  datasetId: string;
  trainer: Trainer;
  method: TrainingMethod;
  /** `null` for LOCAL. */
  baseModel: string | null;
  /** Whether it learns from pictures, too. */
  pictures: boolean;
  /** Those that are not proposed, by the trainer's own names. */
  hyperparameters: Hyperparameters;
};

export type StartTraining = Plan & {
  /** Made by the client: a repeat starts no second one. */
  id: string;
  name: string;
  seed: string | null;
  acceptUnknownCost: boolean;
};

/** What a training would be, before it is asked for. */
export type Proposed = Survey & Proposal & { estimateUsd: number | null };

/** What a rule's training has before its dataset is frozen. */
const unproposed = {
  values: {},
  reason: 'Proposed when the dataset is frozen.',
  estimateUsd: null,
};

/**
 * Works out hyperparameters and cost of a training.
 *
 * @throws {DatasetNotFoundError} @throws {DatasetStateError} it is not FROZEN
 * @throws {TrainerRefusedError} @throws {InvalidInputError}
 */
export async function proposeTraining(app: App, plan: Plan): Promise<Proposed> {
  requirePlan(plan);
  await requireDataset(app, plan, ['FROZEN']);
  return propose(app, plan);
}

/**
 * Starts a training: refuses what cannot work or be paid, and leaves the rest to the queue.
 *
 * @param by the rule that starts it; its dataset may still be freezing
 * @throws {IdTakenError} @throws {DatasetNotFoundError} @throws {DatasetStateError}
 * @throws {TrainerRefusedError} @throws {InvalidInputError}
 * @throws {BudgetExceededError} @throws {CostUnknownError}
 */
export async function startTraining(
  app: App,
  input: StartTraining,
  { ruleId = null, site = null }: { ruleId?: string | null; site?: string | null } = {},
): Promise<void> {
  const { id, projectId, datasetId, acceptUnknownCost, ...rest } = input;
  const inputHash = new Uint8Array(
    createHash('sha256')
      .update(canonicalJson({ projectId, datasetId, acceptUnknownCost, ...rest }))
      .digest(),
  );
  if (await isRepeat(app, id, inputHash)) return;
  requirePlan(input);
  const isByRule = ruleId !== null;
  await requireDataset(app, input, isByRule ? ['FROZEN', 'FREEZING', 'DRAFT'] : ['FROZEN']);
  const { values, reason, estimateUsd } = isByRule ? unproposed : await propose(app, input);
  const { trainer, method, baseModel, pictures, name, seed } = input;
  try {
    await app.db.$transaction(async (tx) => {
      const now = new Date();
      if (!isByRule)
        await askBudget(tx, { projectId, trainer, baseModel, estimateUsd, acceptUnknownCost, now });
      await tx.trainingJob.create({
        data: {
          id,
          projectId,
          datasetId,
          name,
          trainer,
          method,
          baseModel,
          pictures,
          hyperparameters: values,
          reason,
          seed: seed ?? id,
          inputHash,
          ruleId,
          site,
          warnings: [],
          estimatedCostUsd: estimateUsd,
          provider: { acceptUnknownCost },
          ...newOwnKey(app, id),
        },
        select: { id: true },
      });
      await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: id });
      await sendTurn(app, tx, { projectId, trainingJobId: id, turn: '0' });
    });
  } catch (error) {
    if (isDuplicate(error) && (await isRepeat(app, id, inputHash))) return; // both came at once
    throw error;
  }
}

/** The same for a dataset that is known to be frozen. */
export async function propose(app: App, plan: Plan): Promise<Proposed> {
  const { projectId, datasetId, trainer, method, baseModel, pictures } = plan;
  const survey = await surveyDataset(app, datasetId);
  const proposal = withGiven(
    proposeHyperparameters({
      trainer,
      method,
      examples: survey.examples,
      sessions: survey.sessions,
      sites: survey.sites.length,
      past: await pastRunsOf(app, { projectId, trainer, method, sites: survey.sites }),
    }),
    plan.hyperparameters,
  );
  const estimateUsd = await estimateCost(app, {
    projectId,
    datasetId,
    trainer,
    method,
    baseModel,
    pictures,
    hyperparameters: proposal.values,
    examples: survey.examples,
  });
  return { ...survey, ...proposal, estimateUsd };
}

/** @throws {TrainerRefusedError} @throws {InvalidInputError} the plan cannot work with any data */
export function requirePlan({
  trainer,
  method,
  baseModel,
  pictures,
  hyperparameters,
}: Pick<Plan, 'trainer' | 'method' | 'baseModel' | 'pictures' | 'hyperparameters'>): void {
  if (pictures && (trainer !== 'OPENAI' || method !== 'SUPERVISED'))
    throw new TrainerRefusedError(
      `Expected OPENAI and SUPERVISED for a training with pictures, got ${trainer} and ${method}.`,
      'Leave the pictures out; an export as OPENAI_CHAT_VISION has them for trainers of your own.',
    );
  if (trainer === 'LOCAL' && (baseModel !== null || method !== 'SUPERVISED'))
    throw new TrainerRefusedError(
      'Expected no base model and method SUPERVISED for LOCAL, which starts from nothing.',
      'Leave both out, or choose OPENAI or EXTERNAL.',
    );
  if (trainer !== 'LOCAL' && !baseModel)
    throw new TrainerRefusedError(
      `Expected a base model for ${trainer}, got none.`,
      'Name one, for example gpt-4.1-mini-2025-04-14 or Qwen/Qwen3-4B-Instruct-2507.',
    );
  for (const [name, value] of Object.entries(hyperparameters)) {
    const range = Object.hasOwn(ranges[trainer], name) ? ranges[trainer][name] : undefined;
    if (!range)
      throw new InvalidInputError(
        `input.hyperparameters.${name}`,
        `Expected one of ${Object.keys(ranges[trainer]).join(', ')} for ${trainer}, got ${name}.`,
      );
    const [low, high] = range;
    if (!(value >= low && value <= high))
      throw new InvalidInputError(
        `input.hyperparameters.${name}`,
        `Expected ${low} to ${high} for ${name}, got ${value}.`,
      );
  }
}

async function requireDataset(
  { db }: Pick<App, 'db'>,
  { projectId, datasetId }: Plan,
  allowed: readonly DatasetState[],
): Promise<void> {
  const dataset = await db.dataset.findFirst({
    where: { id: datasetId, projectId },
    select: { state: true, reason: true },
  });
  if (!dataset) throw new DatasetNotFoundError(datasetId);
  if (!allowed.includes(dataset.state))
    throw new DatasetStateError(dataset.state, 'FROZEN', dataset.reason);
}

/** @throws {IdTakenError} the id belongs to another start */
async function isRepeat(
  { db }: Pick<App, 'db'>,
  id: string,
  inputHash: Uint8Array,
): Promise<boolean> {
  const known = await db.trainingJob.findUnique({ where: { id }, select: { inputHash: true } });
  if (!known) return false;
  if (!sameBytes(known.inputHash, inputHash)) throw new IdTakenError(id);
  return true;
}
