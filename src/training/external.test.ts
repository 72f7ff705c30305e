import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { ask, askRaw, makeViewer } from '../../test/app.ts';
import { openOpenAiServer } from '../../test/openai-server.ts';
import { openProduct } from '../../test/product.ts';
import { makeSuite } from '../../test/suites.ts';
import { baseModel, openTrainingApp, providerEnv, untilState } from '../../test/training.ts';
import { readDataset } from '../datasets/read.ts';
import { newId } from '../lib/ids.ts';
import { openAnswerer } from './answerer.ts';

const run = promisify(execFile);
const sites = { train: ['fellside.example'], validation: ['copperpot.example'], test: [] };

test('an EXTERNAL trainer downloads its bundle, reports its curve and its model by the script in it', {
  timeout: 90_000,
}, async () => {
  const fake = await openOpenAiServer();
  const product = await openProduct({ TRAINING_POLL_MS: '100' });
  const { app } = product;
  await app.queue.work(app);
  const { projectId } = await app.db.apiKey.findUniqueOrThrow({ where: { id: product.keyId } });
  const datasetId = await makeSuite(app, projectId, sites);
  const viewer = await makeViewer(app, { project: projectId, scopes: ['READ', 'TRAIN'] });
  const id = newId();
  const input = { id, datasetId, name: 'mine', trainer: 'EXTERNAL', baseModel: 'Qwen/Qwen3-4B' };
  await ask(app, viewer, START, { input });
  await untilState(app, id, 'RUNNING');

  const { trainingJob } = await ask<Job>(app, viewer, JOB, { id });
  const answer = await fetch(`${product.server.url}${trainingJob.bundleUrl}`);
  const folder = await mkdtemp(join(tmpdir(), 'codesight-bundle-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const archive = join(folder, 'bundle.tar.gz');
  await writeFile(archive, Buffer.from(await answer.arrayBuffer()));
  await run('tar', ['-xzf', archive, '-C', folder]);
  await run('bash', ['-n', join(folder, 'launch.sh')]);
  for (const script of ['report.py', 'train_trl.py'])
    await run('python3', ['-m', 'py_compile', join(folder, script)]);
  const lines = (await readFile(join(folder, 'data/train.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(trainingJob.examples);
  expect(JSON.parse(lines[0] ?? '').messages.at(-1).tool_calls[0].function.arguments.ref).toMatch(
    /^e\d+$/,
  );
  const facts = JSON.parse(await readFile(join(folder, 'codesight.json'), 'utf8'));
  expect(facts).toMatchObject({ jobId: id, baseModel: 'Qwen/Qwen3-4B', examples: lines.length });

  await mkdir(join(folder, 'out/checkpoint-2'), { recursive: true });
  const history = [
    { step: 1, epoch: 0.5, loss: 2.5, mean_token_accuracy: 0.5 },
    { step: 2, epoch: 1, loss: 1.25 },
    { step: 2, epoch: 1, eval_loss: 1.5 },
  ];
  await writeFile(
    join(folder, 'out/checkpoint-2/trainer_state.json'),
    JSON.stringify({ max_steps: 4, log_history: history }),
  );
  const env = {
    PATH: process.env.PATH,
    CODESIGHT_URL: product.server.url,
    CODESIGHT_KEY: product.key,
    MODEL_KEY: fake.key,
  };
  const report = (...args: string[]) =>
    run('python3', ['report.py', ...args], { cwd: folder, env });
  await report('metrics', 'out');
  await report('metrics', 'out');
  expect((await ask<Job>(app, viewer, JOB, { id })).trainingJob).toMatchObject({
    progress: 0.5,
    latest: { step: 2, trainLoss: 1.25, validationLoss: 1.5 },
    metrics: { totalCount: 2 },
  });
  await report('done', '--endpoint', fake.url, '--model', baseModel);
  await report('done', '--endpoint', fake.url, '--model', baseModel);
  await untilState(app, id, 'SUCCEEDED');

  const model = await app.db.model.findUniqueOrThrow({ where: { trainingJobId: id } });
  expect(Buffer.from(model.secret ?? []).includes(fake.key)).toBe(false);
  const answerer = await openAnswerer(app, model);
  for await (const { example } of readDataset(app, { projectId, datasetId, split: 'TRAIN' })) {
    const { answer: _, ...question } = example;
    const said = await answerer.answer(question, new AbortController().signal);
    expect(said).toMatchObject({ ranked: [{ ref: 'e1' }], operation: 'click', problem: null });
    fake.answer = () => 'I would rather not.';
    expect(await answerer.answer(question, new AbortController().signal)).toMatchObject({
      ranked: [],
      problem: 'It called no tool, and said "I would rather not.".',
    });
    fake.answer = () => ({ name: 'click', arguments: { ref: 'e999' } });
    expect(await answerer.answer(question, new AbortController().signal)).toMatchObject({
      problem: 'It chose "e999", which is no candidate.',
    });
    break;
  }
});

test('an endpoint inside a private network is not called unless its host is configured', async () => {
  const app = await openTrainingApp();
  const viewer = await makeViewer(app, { scopes: ['TRAIN'] });
  const register = (endpoint: string) =>
    ask<{ registerModel: { __typename: string; code?: string } }>(app, viewer, REGISTER, {
      input: { id: newId(), name: 'm', providerModel: 'm', endpoint },
    });

  for (const endpoint of [
    'http://169.254.169.254/latest',
    'https://10.0.0.8/v1',
    'http://192.0.2.7/v1',
    'https://[::ffff:10.0.0.8]/v1',
    'ftp://example.org/v1',
  ])
    expect((await register(endpoint)).registerModel.code).toBe('ENDPOINT_REFUSED');
  expect((await register('http://127.0.0.1:9/v1')).registerModel.__typename).toBe('Model');
});

test('what cannot be started is refused in words, a repeat starts nothing more, and only TRAIN of the project may', async () => {
  const fake = await openOpenAiServer();
  const app = await openTrainingApp(providerEnv(fake));
  const viewer = await makeViewer(app, { scopes: ['READ', 'TRAIN', 'ADMIN'] });
  const reader = await makeViewer(app, { project: viewer.projectId, scopes: ['READ'] });
  const stranger = await makeViewer(app, { scopes: ['READ', 'TRAIN'] });
  const datasetId = await makeSuite(app, viewer.projectId, sites);
  const input = { id: newId(), datasetId, name: 'x', trainer: 'OPENAI', baseModel };

  const refused = await askRaw(app, reader, START, { input });
  expect(refused.errors?.[0]?.extensions.code ?? refused.errors?.[0]?.message).toBeTruthy();
  expect(await ask(app, stranger, START, { input })).toMatchObject({
    startTraining: { __typename: 'DatasetNotFound' },
  });
  expect(await ask(app, viewer, START, { input })).toMatchObject({
    startTraining: { __typename: 'CostUnknown', code: 'COST_UNKNOWN' },
  });
  expect(await ask(app, viewer, START, { input: { ...input, trainer: 'LOCAL' } })).toMatchObject({
    startTraining: { __typename: 'TrainerRefused' },
  });
  expect(
    await ask(app, viewer, START, { input: { ...input, hyperparameters: { n_epochs: 900 } } }),
  ).toMatchObject({
    startTraining: {
      __typename: 'InvalidInput',
      message: 'Expected 1 to 50 for n_epochs, got 900.',
    },
  });
  const ok = { id: newId(), datasetId, name: 'x', trainer: 'LOCAL' };
  expect(await ask(app, viewer, START, { input: ok })).toMatchObject({
    startTraining: { __typename: 'TrainingJob', id: ok.id },
  });
  expect(await ask(app, viewer, START, { input: ok })).toMatchObject({
    startTraining: { __typename: 'TrainingJob', id: ok.id },
  });
  expect(await ask(app, viewer, START, { input: { ...ok, name: 'y' } })).toMatchObject({
    startTraining: { code: 'ID_TAKEN' },
  });
  expect(
    (await ask<{ trainingJob: unknown }>(app, stranger, JOB, { id: ok.id })).trainingJob,
  ).toBeNull();
});

type Job = {
  trainingJob: { bundleUrl: string; examples: number; progress: number };
};
const START = `mutation ($input: StartTrainingInput!) { startTraining(input: $input) {
  __typename ... on TrainingJob { id state } ... on Problem { code message } } }`;
const REGISTER = `mutation ($input: RegisterModelInput!) { registerModel(input: $input) {
  __typename ... on Problem { code message } } }`;
const JOB = `query ($id: ID!) { trainingJob(id: $id) {
  state bundleUrl examples progress message reason hyperparameters
  latest { step trainLoss validationLoss } metrics(first: 10) { totalCount nodes { step } } model { id name } } }`;
