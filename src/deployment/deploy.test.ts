import { expect, test } from 'vitest';
import { makeProject } from '../../test/app.ts';
import { openWorkingApp } from '../../test/recorded.ts';
import { makeLocalModel, makeSuite } from '../../test/suites.ts';
import { openExample } from '../datasets/build-examples.ts';
import { evaluateJob } from '../evaluation/jobs.ts';
import { evaluateModel } from '../evaluation/start.ts';
import type { Contestant } from '../generated/prisma/enums.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { deployModel, promoteDeployment, rollBackDeployment } from './deploy.ts';
import { reportOutcome } from './outcomes.ts';
import { predictAction } from './predict.ts';

const html = `<html><head><title>Lamps</title></head><body><main><h1>Study Desk Lamp</h1>
  <button data-cs-ref="e1" data-testid="buy">Add to cart</button><a data-cs-ref="e2" href="/help">Help</a>
  <label>Mail jane.roe@example.org <input data-cs-ref="e3" name="q"></label></main></body></html>`;
const asked = {
  site: 'shop.example',
  task: 'Buy the study desk lamp, mail to jane.roe@example.org',
  url: 'https://shop.example/lamp',
  html,
  outline: null,
  history: ['arrive at "Lamps", "https://shop.example/lamp"'],
};
const { signal } = new AbortController();

test('the gate names what is missing, opens for what is better, and every prediction can come back as data', {
  timeout: 120_000,
}, async () => {
  const app = await openWorkingApp([], {}, [evaluateJob]);
  const projectId = await makeProject(app);
  const viewer = { projectId, participantId: null };
  const datasetId = await makeSuite(app, projectId, { perShop: 5 });
  const modelId = await makeLocalModel(app, projectId, datasetId);
  const evaluationId = await evaluate(app, projectId, { datasetId, contestant: 'MODEL', modelId });
  const input = { id: newId(), modelId, evaluationId, share: 1, maxLatencyMs: 5_000 };

  await expect(deployModel(app, viewer, input)).rejects.toMatchObject({
    code: 'GATE_REFUSED',
    message: expect.stringMatching(/majority baseline.*found none.*random baseline.*found none/),
  });
  await expect(predictAction(app, viewer, asked, signal)).rejects.toMatchObject({
    code: 'NOTHING_DEPLOYED',
  });
  await evaluate(app, projectId, { datasetId, contestant: 'MAJORITY', modelId: null });
  await evaluate(app, projectId, { datasetId, contestant: 'RANDOM', modelId: null });
  await expect(deployModel(app, viewer, { ...input, maxLatencyMs: 0 })).rejects.toMatchObject({
    message: expect.stringMatching(/allowed are 0 ms/),
  });
  await deployModel(app, viewer, input);
  await deployModel(app, viewer, input);

  expect(await app.db.deployment.findMany()).toMatchObject([{ state: 'LIVE', previousId: null }]);
  const again = { ...input, id: newId() };
  await expect(deployModel(app, viewer, again)).rejects.toMatchObject({
    message: expect.stringMatching(/0\.0 points above the deployed model/),
  });

  const prediction = await predictAction(app, viewer, asked, signal);
  expect(prediction.candidates.map(({ ref }) => ref).sort()).toEqual(['e1', 'e2', 'e3']);
  const buy = prediction.candidates.find(({ ref }) => ref === 'e1');
  expect(buy?.selectors[0]).toMatchObject({ value: '[data-testid="buy"]', matchCount: 1 });
  const right = { ref: 'e1', operation: 'click', value: null } as const;
  const outcome = { predictionId: prediction.id, succeeded: false, right };
  await reportOutcome(app, viewer, outcome);
  await reportOutcome(app, viewer, outcome);
  await expect(reportOutcome(app, viewer, { ...outcome, succeeded: true })).rejects.toMatchObject({
    code: 'OUTCOME_REPORTED',
  });

  const deployment = await app.db.deployment.findFirstOrThrow();
  expect(deployment).toMatchObject({ outcomes: 1, successes: 0 });
  const { session } = await app.db.outcome.findFirstOrThrow({
    include: { session: { include: { key: true, examples: true } } },
  });
  const [row] = session?.examples ?? [];
  if (!session?.key || !row) throw new Error('Expected an example of the outcome.');
  const example = openExample(app.keys.open(session.id, session.key), row);
  const chosen = example.candidates.find(({ ref }) => ref === example.answer.ref);
  expect(chosen?.text).toContain('Add to cart');
  expect(JSON.stringify(example)).not.toContain('jane.roe');
  expect(JSON.stringify(prediction)).not.toContain('jane.roe');
});

test('a canary that fails live is rolled back by itself, a live one gives way to the one before', {
  timeout: 120_000,
}, async () => {
  const app = await openWorkingApp([], {}, [evaluateJob]);
  const projectId = await makeProject(app);
  const viewer = { projectId, participantId: null };
  const datasetId = await makeSuite(app, projectId, { perShop: 5 });
  const weak = await makeLocalModel(app, projectId, datasetId, { name: 'weak', epochs: 1 });
  const evaluationId = await evaluate(app, projectId, {
    datasetId,
    contestant: 'MODEL',
    modelId: weak,
  });
  await evaluate(app, projectId, { datasetId, contestant: 'MAJORITY', modelId: null });
  await evaluate(app, projectId, { datasetId, contestant: 'RANDOM', modelId: null });
  const first = { id: newId(), modelId: weak, evaluationId, share: 0.2, maxLatencyMs: 5_000 };

  await deployModel(app, viewer, first);
  expect((await predictAction(app, viewer, asked, signal)).isCanary).toBe(true);
  const change = { deploymentId: first.id, operationId: newId(), share: 1 };
  await promoteDeployment(app, viewer, change);
  await promoteDeployment(app, viewer, change);
  const live = () => app.db.deployment.findUniqueOrThrow({ where: { id: first.id } });
  expect((await live()).state).toBe('LIVE');

  for (let failures = 0; (await live()).state === 'LIVE' && failures < 40; failures += 1) {
    const { id } = await predictAction(app, viewer, asked, signal);
    await reportOutcome(app, viewer, { predictionId: id, succeeded: false, right: null });
  }
  expect(await live()).toMatchObject({
    state: 'ROLLED_BACK',
    reason: expect.stringMatching(/^Rolled back by itself: 0 of \d+ live predictions were right/),
  });
  await expect(
    rollBackDeployment(app, viewer, { deploymentId: first.id, operationId: newId(), reason: null }),
  ).rejects.toMatchObject({ code: 'DEPLOYMENT_STATE' });
});

async function evaluate(
  app: App,
  projectId: string,
  input: { datasetId: string; contestant: Contestant; modelId: string | null },
): Promise<string> {
  const id = newId();
  await evaluateModel(app, { projectId }, { id, concurrency: 4, ...input });
  await expect
    .poll(async () => (await app.db.evaluation.findUniqueOrThrow({ where: { id } })).state, {
      timeout: 60_000,
      interval: 100,
    })
    .toBe('SUCCEEDED');
  return id;
}
