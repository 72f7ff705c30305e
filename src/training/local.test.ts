import { expect, test } from 'vitest';
import { makeProject, openReplica, openTestApp } from '../../test/app.ts';
import { startChild } from '../../test/children.ts';
import { makeSuite } from '../../test/suites.ts';
import { begin, openTrainingApp, readJob, untilState } from '../../test/training.ts';
import { readDataset } from '../datasets/read.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { openAnswerer } from './answerer.ts';
import { cancelTraining, pauseTraining, resumeTraining } from './change.ts';

const sites = {
  train: ['fellside.example', 'copperpot.example'],
  validation: ['inkandfold.example'],
};
const modelOf = (app: App, trainingJobId: string) =>
  app.db.model.findUniqueOrThrow({ where: { trainingJobId } });
const shaOf = async (app: App, id: string) =>
  Buffer.from((await modelOf(app, id)).sha256 ?? []).toString('hex');
const curveOf = (app: App, trainingJobId: string) =>
  app.db.trainingMetric.findMany({ where: { trainingJobId }, orderBy: { step: 'asc' } });

test('LOCAL learns from a frozen dataset, tells its curve, and its model answers on a site it has not seen', async () => {
  const app = await openTrainingApp();
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { ...sites, perShop: 2 });

  const id = await begin(app, projectId, datasetId, { hyperparameters: { epochs: 5 } });
  const job = await untilState(app, id, 'SUCCEEDED');

  expect(job).toMatchObject({ progress: 1, error: null, estimatedCostUsd: 0, warnings: [] });
  expect(job.reason).toMatch(/^\d+ examples of 4 sessions on 2 sites; .* As asked for: epochs\.$/);
  const curve = await curveOf(app, id);
  const [first, last] = [curve[0], curve.at(-1)];
  expect(last?.trainLoss ?? 9).toBeLessThan((first?.trainLoss ?? 0) / 2);
  expect(curve.filter(({ validationLoss }) => validationLoss !== null)).toHaveLength(5);
  const model = await modelOf(app, id);
  const answerer = await openAnswerer(app, model);
  let [right, asked, chance] = [0, 0, 0];
  for await (const { example } of readDataset(app, { projectId, datasetId, split: 'TEST' })) {
    const { answer, ...question } = example;
    const said = await answerer.answer(question, new AbortController().signal);
    expect(said.ranked.reduce((sum, { confidence }) => sum + (confidence ?? 0), 0)).toBeCloseTo(1);
    right += Number(said.ranked[0]?.ref === answer.ref);
    chance += 1 / question.candidates.length;
    asked += 1;
  }
  expect(right / asked).toBeGreaterThan(4 * (chance / asked));
  const sealed = await app.storage.get(model.objectKey ?? '');
  expect(sealed.includes('"operations"')).toBe(false);
});

test('the same seed gives the same model, whether or not it was paused in the middle; another seed another one', {
  timeout: 120_000,
}, async () => {
  const app = await openTrainingApp();
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { ...sites, test: [] });
  const how = { hyperparameters: { epochs: 12 } };
  const plain = await begin(app, projectId, datasetId, how);
  await untilState(app, plain, 'SUCCEEDED');
  const other = await begin(app, projectId, datasetId, { ...how, seed: 'other' });
  await untilState(app, other, 'SUCCEEDED');

  const paused = await begin(app, projectId, datasetId, how);
  const change = () => ({ projectId, trainingJobId: paused, operationId: newId() });
  await expect
    .poll(async () => (await readJob(app, paused)).checkpointKey, { interval: 10 })
    .not.toBeNull();
  await pauseTraining(app, change());
  const still = await untilState(app, paused, 'PAUSED');
  expect(still.progress).toBeLessThan(1);
  await resumeTraining(app, change());
  await untilState(app, paused, 'SUCCEEDED');

  expect(await shaOf(app, paused)).toBe(await shaOf(app, plain));
  expect(await shaOf(app, other)).not.toBe(await shaOf(app, plain));
});

test('kill -9 of its worker in the middle of learning loses nothing: the model is the same', {
  timeout: 180_000,
}, async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { ...sites, test: [] });
  const { advanceJob } = await import('./jobs.ts');
  const starter = await openReplica(app, { others: [advanceJob] });
  const how = { hyperparameters: { epochs: 25 } };
  const id = await begin(starter, projectId, datasetId, how);

  const worker = await startChild(app, 'work');
  await expect
    .poll(async () => (await readJob(app, id)).checkpointKey, { timeout: 30_000, interval: 5 })
    .not.toBeNull();
  await worker.kill();
  const killed = await readJob(app, id);
  expect(killed).toMatchObject({ state: 'RUNNING' });
  const last = await startChild(app, 'work');
  await untilState(app, id, 'SUCCEEDED', 90_000);
  const calm = await begin(starter, projectId, datasetId, how);
  await untilState(app, calm, 'SUCCEEDED', 60_000);
  await last.stop();

  expect(killed.progress).toBeLessThan(1);
  expect(await shaOf(app, id)).toBe(await shaOf(app, calm));
  expect(await app.db.model.count()).toBe(2);
});

test('a training that is cancelled ends without a model and leaves nothing in the store', async () => {
  const app = await openTrainingApp();
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { ...sites, test: [] });
  const id = await begin(app, projectId, datasetId, { hyperparameters: { epochs: 200 } });
  await expect
    .poll(async () => (await readJob(app, id)).checkpointKey, { interval: 10 })
    .not.toBeNull();
  const { checkpointKey } = await readJob(app, id);

  const change = { projectId, trainingJobId: id, operationId: newId() };
  await cancelTraining(app, change);
  await cancelTraining(app, change);
  await untilState(app, id, 'CANCELLED');

  expect(await app.db.model.count()).toBe(0);
  await expect.poll(() => app.storage.exists(checkpointKey ?? '')).toBe(false);
});

test('a dataset that is too small, or was withdrawn meanwhile, fails in words', async () => {
  const app = await openTrainingApp();
  const projectId = await makeProject(app);
  const none = await makeSuite(app, projectId, { train: [], test: [] });

  const small = await untilState(app, await begin(app, projectId, none), 'FAILED');

  expect(small).toMatchObject({
    errorCode: 'TOO_FEW_EXAMPLES',
    error: 'Expected at least 10 examples in the training split, got 0.',
    advice: expect.stringContaining('more sessions'),
  });
});
