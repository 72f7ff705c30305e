import { expect, test } from 'vitest';
import { makeProject } from '../../test/app.ts';
import { openOpenAiServer } from '../../test/openai-server.ts';
import { openWorkingApp } from '../../test/recorded.ts';
import { makeSuite } from '../../test/suites.ts';
import { baseModel, begin, openTrainingApp, providerEnv, untilState } from '../../test/training.ts';
import { evaluateJob, evaluateTrainedJob } from '../evaluation/jobs.ts';
import { on } from '../platform/queue.ts';
import { modelTrained } from './events.ts';
import { advanceJob } from './jobs.ts';

const openai = { trainer: 'OPENAI', baseModel, pictures: true } as const;
const sites = { train: ['fellside.example'], test: ['copperpot.example'] };

test('with pictures, every example goes up with the one from before its action, and the model is shown them when it is evaluated', {
  timeout: 90_000,
}, async () => {
  const fake = await openOpenAiServer();
  const app = await openWorkingApp(
    [on(modelTrained, evaluateTrainedJob)],
    providerEnv(fake, { TRAINING_POLL_MS: '100', OPENAI_TIMEOUT_MS: '5000' }),
    [advanceJob, evaluateJob],
  );
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { ...sites, pictures: true });
  const shown: number[] = [];
  fake.answer = ({ images }) => {
    shown.push(images);
    return { name: 'click', arguments: { ref: 'e1' } };
  };

  const id = await begin(app, projectId, datasetId, openai);
  const { examples } = await untilState(app, id, 'SUCCEEDED', 60_000);
  const [file] = [...fake.files.values()];
  const lines = String(file?.bytes).trimEnd().split('\n');
  const urls = lines.map((line) => JSON.parse(line).messages[1].content[1].image_url.url);
  expect(urls).toHaveLength(examples ?? 0);
  expect(new Set(urls).size).toBeGreaterThan(1);
  for (const url of urls) expect(url).toMatch(/^data:image\/jpeg;base64,/);
  const model = await app.db.model.findUniqueOrThrow({ where: { trainingJobId: id } });
  expect(model.pictures).toBe(true);

  const own = () => app.db.evaluation.findFirst({ where: { modelId: model.id } });
  await expect.poll(async () => (await own())?.state, { timeout: 30_000 }).toBe('SUCCEEDED');
  expect(shown).toHaveLength((await own())?.steps ?? 0);
  expect(shown.every((images) => images === 1)).toBe(true);
});

test('pictures that are not there, or for a trainer that sees none, are refused in words before anything is sent', async () => {
  const fake = await openOpenAiServer();
  const app = await openTrainingApp(providerEnv(fake));
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, sites);

  const id = await begin(app, projectId, datasetId, openai);
  expect(await untilState(app, id, 'FAILED')).toMatchObject({
    errorCode: 'NO_PICTURES',
    advice: expect.stringContaining('without pictures'),
  });
  for (const more of [{ ...openai, method: 'DPO' }, { pictures: true }] as const)
    await expect(begin(app, projectId, datasetId, more)).rejects.toMatchObject({
      code: 'TRAINER_REFUSED',
    });
  expect(fake.requests.filter((request) => request.startsWith('POST'))).toEqual([]);
});
