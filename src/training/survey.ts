import { toChatLine } from '../datasets/openai.ts';
import { priceOf } from '../datasets/prices.ts';
import { readDataset } from '../datasets/read.ts';
import type { Trainer, TrainingMethod } from '../generated/prisma/enums.ts';
import type { App } from '../platform/app.ts';
import type { Hyperparameters, PastRun } from './hyperparameters.ts';

/** What a dataset holds for training, by its members. */
export type Survey = {
  examples: number;
  validationExamples: number;
  /** Held out, to judge by. */
  testExamples: number;
  sessions: number;
  /** Of the training split, by name. */
  sites: string[];
};

/** Lines that are looked at to tell how long they are on average. */
const sampled = 40;

/** Of a picture at low detail (pricing page, gpt-4o). */
export const pictureTokens = 85;

export async function surveyDataset({ db }: Pick<App, 'db'>, datasetId: string): Promise<Survey> {
  const groups = await db.datasetMember.groupBy({
    by: ['split', 'site'],
    where: { datasetId },
    _sum: { examples: true },
    _count: true,
  });
  const train = groups.filter(({ split }) => split === 'TRAIN');
  const sum = (rows: typeof groups) =>
    rows.reduce((total, { _sum }) => total + (_sum.examples ?? 0), 0);
  return {
    examples: sum(train),
    validationExamples: sum(groups.filter(({ split }) => split === 'VALIDATION')),
    testExamples: sum(groups.filter(({ split }) => split === 'TEST')),
    sessions: train.reduce((total, { _count }) => total + _count, 0),
    sites: [...new Set(train.map(({ site }) => site))].sort(),
  };
}

/**
 * What training on a frozen dataset will cost: tokens of a sample of lines, a quarter of their characters,
 * times examples, epochs and list price. `null` where no price is known; 0 where nothing is paid.
 */
export async function estimateCost(
  app: Pick<App, 'db' | 'sql' | 'keys' | 'config'>,
  {
    projectId,
    datasetId,
    trainer,
    method,
    baseModel,
    pictures,
    hyperparameters,
    examples,
  }: {
    projectId: string;
    datasetId: string;
    trainer: Trainer;
    method: TrainingMethod;
    baseModel: string | null;
    pictures: boolean;
    hyperparameters: Hyperparameters;
    examples: number;
  },
): Promise<number | null> {
  if (trainer !== 'OPENAI') return 0;
  const perMillion = trainingPrice(app, baseModel);
  if (perMillion === null) return null;
  let [chars, lines] = [0, 0];
  for await (const { example } of readDataset(app, { projectId, datasetId, split: 'TRAIN' })) {
    chars += toChatLine(example).length;
    if (++lines === sampled) break;
  }
  const perExample = lines === 0 ? 0 : chars / lines / 4 + (pictures ? pictureTokens : 0);
  const tokens = perExample * examples;
  // A preference is learned from two answers, and the prompt counts with each.
  return costOf(tokens * (method === 'DPO' ? 2 : 1), hyperparameters, perMillion);
}

/** US dollars for so many tokens of a file. */
export function costOf(
  tokens: number,
  { n_epochs = 3 }: Hyperparameters,
  perMillion: number,
): number {
  return (tokens * n_epochs * perMillion) / 1e6;
}

/** List price per million training tokens; `null` on servers whose prices nobody told us. */
export function trainingPrice(
  { config }: Pick<App, 'config'>,
  baseModel: string | null,
): number | null {
  if (!isOpenai(config.models.baseUrl) || !baseModel) return null;
  return priceOf(baseModel)?.training ?? null;
}

/** Whether an address is that of OpenAI itself, whose prices and rules are known. */
export function isOpenai(baseUrl: string): boolean {
  return new URL(baseUrl).hostname.endsWith('openai.com');
}

/** The latest trainings by this trainer whose data shared a site with this one, newest first. */
export async function pastRunsOf(
  { db }: Pick<App, 'db'>,
  {
    projectId,
    trainer,
    method,
    sites,
  }: { projectId: string; trainer: Trainer; method: TrainingMethod; sites: string[] },
): Promise<PastRun[]> {
  const shared = await db.datasetMember.findMany({
    where: { projectId, site: { in: sites } },
    distinct: ['datasetId'],
    select: { datasetId: true },
  });
  const jobs = await db.trainingJob.findMany({
    where: {
      projectId,
      trainer,
      method,
      state: 'SUCCEEDED',
      datasetId: { in: shared.map(({ datasetId }) => datasetId) },
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: 10,
    select: {
      hyperparameters: true,
      metrics: {
        where: { validationLoss: { not: null } },
        orderBy: { step: 'asc' },
        select: { validationLoss: true },
      },
    },
  });
  return jobs.map(({ hyperparameters, metrics }) => ({
    hyperparameters: hyperparameters as Hyperparameters,
    validationLosses: metrics.flatMap(({ validationLoss }) => validationLoss ?? []),
  }));
}
