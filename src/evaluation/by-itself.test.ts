import { expect, test } from 'vitest';
import { makeProject } from '../../test/app.ts';
import { openOpenAiServer } from '../../test/openai-server.ts';
import { aRun, openWorkingApp } from '../../test/recorded.ts';
import { makeChatModel, makeSuite } from '../../test/suites.ts';
import { begin, untilState } from '../../test/training.ts';
import type { App } from '../platform/app.ts';
import { on } from '../platform/queue.ts';
import { modelTrained } from '../training/events.ts';
import { advanceJob } from '../training/jobs.ts';
import { evaluateTrained } from './by-itself.ts';
import { evaluateJob, evaluateTrainedJob } from './jobs.ts';

test('a trained model is evaluated on what was held out, beside the baselines, without anybody asking, and once', {
  timeout: 90_000,
}, async () => {
  const app = await openApp();
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId);

  const first = await begin(app, projectId, datasetId, { hyperparameters: { epochs: 1 } });
  await untilState(app, first, 'SUCCEEDED');
  await untilEvaluated(app, ['MAJORITY', 'MODEL', 'RANDOM']);
  const model = await app.db.model.findUniqueOrThrow({ where: { trainingJobId: first } });
  const own = await app.db.evaluation.findFirstOrThrow({ where: { modelId: model.id } });
  expect(own).toMatchObject({ datasetId, name: 'test', measures: { sessions: 1 } });

  const ids = { projectId, modelId: model.id };
  await evaluateTrained(app, ids, aRun());
  await evaluateTrained(app, ids, aRun());
  const second = await begin(app, projectId, datasetId, { hyperparameters: { epochs: 2 } });
  await untilState(app, second, 'SUCCEEDED');
  await untilEvaluated(app, ['MAJORITY', 'MODEL', 'MODEL', 'RANDOM']);
  expect(await app.db.evaluation.count()).toBe(4);
});

test('a model without a test split is not asked, and its training says so', async () => {
  const app = await openApp();
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { test: [] });

  const id = await begin(app, projectId, datasetId, { hyperparameters: { epochs: 1 } });
  const { warnings } = await untilState(app, id, 'SUCCEEDED');
  const { id: modelId } = await app.db.model.findUniqueOrThrow({ where: { trainingJobId: id } });
  await evaluateTrained(app, { projectId, modelId }, aRun());

  expect(warnings).toContainEqual(expect.stringMatching(/^There is no test split/));
  expect(await app.db.evaluation.count()).toBe(0);
});

test('a model whose answers cost more than the budget has left is not asked, and why stands where its measures would', async () => {
  const fake = await openOpenAiServer();
  const app = await openApp({ OPENAI_API_KEY: fake.key, OPENAI_BASE_URL: fake.url });
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId);
  const modelId = await makeChatModel(app, projectId);
  const where = { id: modelId };
  await app.db.model.update({ where, data: { datasetId, inputPrice: 5, outputPrice: 20 } });
  await app.db.project.update({ where: { id: projectId }, data: { trainingBudgetUsd: 0.01 } });

  await app.db.$transaction((tx) => app.queue.emit(tx, modelTrained, { projectId, modelId }));
  await expect
    .poll(async () => (await app.db.evaluation.findFirst({ where: { modelId } }))?.error)
    .toMatch(
      /^It was not asked by itself: that would cost about \$\d\.\d\d, and \$0\.01 of this month's/,
    );
  await untilEvaluated(app, ['MAJORITY', 'RANDOM']);

  expect(fake.requests).toEqual([]);
});

function openApp(env: Record<string, string> = {}): Promise<App> {
  const links = [on(modelTrained, evaluateTrainedJob)];
  return openWorkingApp(links, { TRAINING_POLL_MS: '100', ...env }, [advanceJob, evaluateJob]);
}

/** Waits until these have answered, each once. */
async function untilEvaluated(app: App, contestants: string[]): Promise<void> {
  await expect
    .poll(
      async () => {
        const rows = await app.db.evaluation.findMany({ where: { state: 'SUCCEEDED' } });
        return rows.map(({ contestant }) => contestant).sort();
      },
      { timeout: 40_000, interval: 50 },
    )
    .toEqual(contestants);
}
