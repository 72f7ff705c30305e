import { expect, test } from 'vitest';
import { makeProject, openReplica, openTestApp } from '../../test/app.ts';
import { startChild } from '../../test/children.ts';
import { openOpenAiServer } from '../../test/openai-server.ts';
import { makeSuite } from '../../test/suites.ts';
import {
  baseModel,
  begin,
  countOf,
  filePost,
  jobPost,
  openai,
  openTrainingApp,
  prepareLoop,
  providerEnv,
  readJob,
  sites,
  untilDeleted,
  untilState,
} from '../../test/training.ts';
import { readDataset } from '../datasets/read.ts';
import { newId } from '../lib/ids.ts';
import { openAnswerer } from './answerer.ts';
import { cancelTraining, pauseTraining, resumeTraining } from './change.ts';
import { advanceJob } from './jobs.ts';

test('a training at the provider goes from the frozen dataset to a model that answers', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop();
  fake.models.set(baseModel, { shutdown_date: '2027-01-14' });

  const id = await begin(app, projectId, datasetId, openai);
  const job = await untilState(app, id, 'SUCCEEDED');

  expect(job.warnings).toEqual([
    expect.stringMatching(/^There is no test split/),
    expect.stringMatching(
      /^The provider shuts gpt-4\.1-mini-2025-04-14 down on 2027-01-14, in \d+/,
    ),
  ]);
  expect(job).toMatchObject({ starts: 1, progress: 1, trainedTokens: 6_000n, troubles: 0 });
  const [there] = [...fake.jobs.values()];
  expect(there?.request).toMatchObject({
    metadata: { codesight_job: id, codesight_start: '1' },
    method: { type: 'supervised', supervised: { hyperparameters: job.hyperparameters } },
  });
  expect(countOf(fake.requests, filePost)).toBe(2);
  await untilDeleted(app, fake, id);
  const curve = await app.db.trainingMetric.findMany({
    where: { trainingJobId: id },
    orderBy: { step: 'asc' },
  });
  expect(curve.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(curve.filter(({ checkpoint }) => checkpoint)).toHaveLength(3);
  expect(curve.at(-1)?.validationLoss).toBeGreaterThan(0);
  const model = await app.db.model.findUniqueOrThrow({ where: { trainingJobId: id } });
  const answerer = await openAnswerer(app, model);
  for await (const { example } of readDataset(app, { projectId, datasetId, split: 'TRAIN' })) {
    const { answer, ...question } = example;
    const said = await answerer.answer(question, new AbortController().signal);
    expect(said).toMatchObject({
      ranked: [{ ref: answer.ref, confidence: null }], // its server does not tell how sure it was
      operation: answer.operation,
      value: answer.value,
      problem: null,
    });
    break;
  }
});

test('a large file goes up in parts, and after an outage at its end none of them again', {
  timeout: 90_000,
}, async () => {
  const fake = await openOpenAiServer();
  const app = await openTrainingApp(
    providerEnv(fake, { OPENAI_UPLOAD_PART_MB: '1', OPENAI_RETRIES: '0' }),
  );
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { ...sites, perShop: 24 });
  let sent = 0;
  fake.fail(/\/complete$/, { how: 'status', status: 503 });

  const id = await begin(app, projectId, datasetId, openai);
  await untilState(app, id, 'SUCCEEDED', 60_000);

  for (const { parts, status, bytes } of fake.uploads.values()) {
    expect(status).toBe('completed');
    expect(parts.size).toBe(Math.ceil(bytes / 2 ** 20));
    sent += parts.size;
  }
  expect(sent).toBeGreaterThan(1);
  expect(countOf(fake.requests, /\/parts$/)).toBe(sent);
});

test('a job that the provider fails by its own fault is started again; one with a bad file says why', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop();
  fake.outcomes.push({ code: 'server_error', message: 'Something went wrong.' });
  const lucky = await begin(app, projectId, datasetId, openai);
  expect(await untilState(app, lucky, 'SUCCEEDED')).toMatchObject({ starts: 2 });
  expect(fake.jobs.size).toBe(2);

  fake.outcomes.push({
    code: 'invalid_training_file',
    message: 'Line 3 is not to our liking.',
    param: 'training_file',
  });
  const id = await begin(app, projectId, datasetId, openai);

  expect(await untilState(app, id, 'FAILED')).toMatchObject({
    errorCode: 'INVALID_TRAINING_FILE',
    error: expect.stringContaining('Line 3 is not to our liking.'),
    advice: expect.stringContaining('leave out the sessions'),
    starts: 1,
  });
  await untilDeleted(app, fake, id);
  await untilDeleted(app, fake, lucky);
  expect(fake.files.size).toBe(0);
});

test('a file whose upload lost its answer is found and deleted, and half an upload is given up', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop({
    OPENAI_RETRIES: '0',
    OPENAI_UPLOAD_PART_MB: '1',
  });
  fake.fail(filePost, { how: 'cut', after: true }, 1);
  fake.fail(filePost, { how: 'status', status: 401 }, 1); // the validation file ends the training
  const id = await begin(app, projectId, datasetId, openai);
  await untilState(app, id, 'FAILED');
  await untilDeleted(app, fake, id);

  const large = await makeSuite(app, projectId, { ...sites, perShop: 24 });
  fake.fail(/\/parts$/, { how: 'status', status: 401 }, 1);
  const halved = await begin(app, projectId, large, openai);
  await untilState(app, halved, 'FAILED');
  await untilDeleted(app, fake, halved);
  expect([...fake.uploads.values()].map(({ status }) => status)).toEqual(['cancelled']);
});

test('a provider that does not delete what was sent is named in the warnings of the job', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop({ MAX_RETRIES: '1' });
  fake.fail(/^DELETE/, { how: 'status', status: 403 }, 50);

  const id = await begin(app, projectId, datasetId, openai);
  await untilState(app, id, 'SUCCEEDED');

  await expect
    .poll(async () => (await readJob(app, id)).warnings.at(-1), { timeout: 25_000 })
    .toMatch(/could not be deleted at the provider: .*Delete those named codesight-/);
  expect((await readJob(app, id)).filesDeletedAt).toBeNull();
});

test('what a job and a model learned from cannot be deleted under them, nor be made up', async () => {
  const { app, projectId, datasetId } = await prepareLoop();
  const id = await begin(app, projectId, datasetId, openai);
  await untilState(app, id, 'SUCCEEDED');
  const bare = { projectId, name: 'bare', version: 1, filter: {}, splitting: {} };
  const job = { where: { id } };
  const model = { where: { trainingJobId: id } };

  for (const taken of [job, model] as const) {
    const { id: bareId } = await app.db.dataset.create({ data: { ...bare, id: newId() } });
    const become = (datasetId: string) =>
      taken === job
        ? app.db.trainingJob.update({ ...job, data: { datasetId } })
        : app.db.model.update({ ...model, data: { datasetId } });
    await become(bareId);
    await expect(app.db.dataset.delete({ where: { id: bareId } })).rejects.toThrow(/foreign key/i);
    await expect(become(newId())).rejects.toThrow(/foreign key/i);
    await become(datasetId);
    await app.db.dataset.delete({ where: { id: bareId } });
  }
});

test('what cannot work is said in words before anything is sent', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop();
  const failed = async (more = {}) =>
    untilState(app, await begin(app, projectId, datasetId, { ...openai, ...more }), 'FAILED');

  fake.isEligible = false;
  expect(await failed()).toMatchObject({
    errorCode: 'TRAINING_NOT_AVAILABLE',
    error: expect.stringMatching(/may not train .* 2027-01-06/),
    advice: expect.stringContaining('LOCAL'),
  });
  fake.isEligible = true;
  fake.models.set(baseModel, { shutdown_date: '2026-11-25' });
  expect(await failed()).toMatchObject({ errorCode: 'BASE_MODEL_ENDS' });
  expect(await failed({ baseModel: 'gpt-none' })).toMatchObject({
    errorCode: 'BASE_MODEL_UNKNOWN',
  });
  expect(countOf(fake.requests, /^POST/)).toBe(0);
});

test('a paused job stands still at the provider, too, and goes on; a cancelled one ends there', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop();
  fake.pace = { steps: 1_000, stepMs: 20 };
  const id = await begin(app, projectId, datasetId, openai);
  const change = () => ({ projectId, trainingJobId: id, operationId: newId() });
  await expect
    .poll(() => [...fake.jobs.values()].map(({ row }) => row.status), { interval: 20 })
    .toEqual(['running']);

  await pauseTraining(app, change());
  await untilState(app, id, 'PAUSED');
  const [there] = [...fake.jobs.values()];
  expect(there?.row.status).toBe('paused');
  await resumeTraining(app, change());
  await untilState(app, id, 'RUNNING');
  await expect.poll(() => there?.row.status).toBe('running');
  await cancelTraining(app, change());
  await untilState(app, id, 'CANCELLED');

  expect(there?.row.status).toBe('cancelled');
  expect(await app.db.model.count()).toBe(0);
  await untilDeleted(app, fake, id);
});

test('a cancel whose start lost its answer finds the start and ends it', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop({ OPENAI_RETRIES: '0' });
  fake.isHeld = true;
  fake.fail(jobPost, { how: 'cut', after: true });
  const id = await begin(app, projectId, datasetId, openai);
  await expect.poll(() => fake.jobs.size, { interval: 5 }).toBe(1);

  await cancelTraining(app, { projectId, trainingJobId: id, operationId: newId() });
  await untilState(app, id, 'CANCELLED');

  expect([...fake.jobs.values()].map(({ row }) => row.status)).toEqual(['cancelled']);
});

test('kill -9 of the worker while it sends, and while it follows, loses nothing and starts nothing twice', {
  timeout: 150_000,
}, async () => {
  const fake = await openOpenAiServer();
  const app = await openTestApp({ env: providerEnv(fake, { TRAINING_POLL_MS: '200' }) });
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, sites);
  const starter = await openReplica(app, { others: [advanceJob] });
  const env = providerEnv(fake, { TRAINING_POLL_MS: '200', OPENAI_TIMEOUT_MS: '5000' });
  fake.fail(jobPost, { how: 'hang', after: true }); // killed while it waits for the answer
  fake.isHeld = true;
  const id = await begin(starter, projectId, datasetId, openai);

  const first = await startChild(app, 'work', env);
  await expect.poll(() => fake.jobs.size, { timeout: 30_000, interval: 5 }).toBe(1);
  await first.kill();
  expect((await readJob(app, id)).providerJobId).toBeNull();
  const second = await startChild(app, 'work', env);
  await expect
    .poll(async () => (await readJob(app, id)).state, { timeout: 60_000 })
    .toBe('RUNNING');
  await second.kill();
  fake.isHeld = false;
  const third = await startChild(app, 'work', env);
  await untilState(app, id, 'SUCCEEDED', 60_000);
  await third.stop();

  expect(fake.jobs.size).toBe(1);
  expect(countOf(fake.requests, jobPost)).toBe(1);
  expect(countOf(fake.requests, filePost)).toBe(2);
});

test('preferences go up as such', async () => {
  const { fake, app, projectId, datasetId } = await prepareLoop();

  const id = await begin(app, projectId, datasetId, { ...openai, method: 'DPO' });
  await untilState(app, id, 'SUCCEEDED');

  const [there] = [...fake.jobs.values()];
  expect(there?.request.method).toMatchObject({
    type: 'dpo',
    dpo: { hyperparameters: { beta: 0.1 } },
  });
});
