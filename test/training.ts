import { expect } from 'vitest';
import type { TrainingJob } from '../src/generated/prisma/client.ts';
import type { TrainingState } from '../src/generated/prisma/enums.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';
import { on } from '../src/platform/queue.ts';
import { trainingEnded } from '../src/training/events.ts';
import { advanceJob, tidyTrainingJob } from '../src/training/jobs.ts';
import { type StartTraining, startTraining } from '../src/training/start.ts';
import { makeProject } from './app.ts';
import { type OpenAiServer, openOpenAiServer } from './openai-server.ts';
import { openWorkingApp } from './recorded.ts';
import { makeSuite } from './suites.ts';

/** An app whose worker trains. */
export function openTrainingApp(env: Record<string, string> = {}): Promise<App> {
  const tidy = on(trainingEnded, tidyTrainingJob);
  return openWorkingApp([tidy], { TRAINING_POLL_MS: '100', ...env }, [advanceJob]);
}

export const baseModel = 'gpt-4.1-mini-2025-04-14';

/** A training to start; LOCAL by default. */
export function aTraining(
  projectId: string,
  datasetId: string,
  more: Partial<StartTraining> = {},
): StartTraining {
  return {
    id: newId(),
    projectId,
    datasetId,
    name: 'test',
    trainer: 'LOCAL',
    method: 'SUPERVISED',
    baseModel: null,
    pictures: false,
    hyperparameters: {},
    seed: 'test',
    acceptUnknownCost: true,
    ...more,
  };
}

/** Starts a training at the fake provider, or whatever else is asked for. */
export async function begin(
  app: App,
  projectId: string,
  datasetId: string,
  more: Partial<StartTraining> = {},
): Promise<string> {
  const input = aTraining(projectId, datasetId, more);
  await startTraining(app, input);
  return input.id;
}

export function readJob(app: App, id: string): Promise<TrainingJob> {
  return app.db.trainingJob.findUniqueOrThrow({ where: { id } });
}

/** Waits for a state, and answers with the job; a job that failed instead says why. */
export async function untilState(
  app: App,
  id: string,
  state: TrainingState,
  timeout = 25_000,
): Promise<TrainingJob> {
  await expect
    .poll(
      async () => {
        const job = await readJob(app, id);
        const isOther = job.state === 'FAILED' && state !== 'FAILED';
        return isOther ? `FAILED: ${job.error}` : job.state;
      },
      { timeout, interval: 50 },
    )
    .toBe(state);
  return readJob(app, id);
}

/** Waits until nothing that was sent for a job is at the provider any more. */
export async function untilDeleted(app: App, fake: OpenAiServer, id: string): Promise<void> {
  await expect
    .poll(async () => (await readJob(app, id)).filesDeletedAt, { timeout: 25_000, interval: 50 })
    .not.toBeNull();
  const left = [...fake.files.values()].filter(({ filename }) => filename.includes(id));
  expect(left).toEqual([]);
}

export function providerEnv(fake: OpenAiServer, env: Record<string, string> = {}) {
  return {
    OPENAI_API_KEY: fake.key,
    OPENAI_BASE_URL: fake.url,
    OPENAI_TIMEOUT_MS: '500',
    OPENAI_RETRY_DELAY_MS: '10',
    ...env,
  };
}

export const openai = { trainer: 'OPENAI', baseModel } as const;
export const sites = { train: ['fellside.example'], validation: ['copperpot.example'], test: [] };
export const countOf = (requests: string[], request: RegExp) =>
  requests.filter((name) => request.test(name)).length;
export const jobPost = /^POST \/v1\/fine_tuning\/jobs$/;
export const filePost = /^POST \/v1\/files$/;

/** A fake provider, an app whose worker trains at it, and a frozen dataset. */
export async function prepareLoop(env: Record<string, string> = {}, app?: App) {
  const fake = await openOpenAiServer();
  const own = app ?? (await openTrainingApp(providerEnv(fake, env)));
  const projectId = await makeProject(own);
  const datasetId = await makeSuite(own, projectId, sites);
  return { fake, app: own, projectId, datasetId };
}
