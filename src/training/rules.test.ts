import { expect, test } from 'vitest';
import { ask, makeViewer } from '../../test/app.ts';
import { follow } from '../../test/follow.ts';
import { makeRecorded, openWorkingApp, playRecorded, until } from '../../test/recorded.ts';
import { makeSuite } from '../../test/suites.ts';
import { aTraining, begin, openTrainingApp, untilState } from '../../test/training.ts';
import { newId } from '../lib/ids.ts';
import { others, pipeline } from '../pipeline.ts';
import { askBudget, spentThisMonth } from './budget.ts';
import { proposeHyperparameters } from './hyperparameters.ts';

test('enough new good sessions of a site start a training by themselves, once, and the next one needs as many again', {
  timeout: 120_000,
}, async () => {
  const app = await openWorkingApp(pipeline, { TRAINING_POLL_MS: '100' }, others);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'TRAIN'] });
  const input = { id: newId(), trainer: 'LOCAL', minNewSessions: 2, minScore: 0.1 };
  const play = async (seed: string) => {
    const recorded = await makeRecorded({ seed, steps: 12 });
    await until(app, await playRecorded(app, viewer, recorded), 'READY');
  };
  expect(await ask(app, viewer, SAVE, { input })).toMatchObject({
    saveTrainingRule: { __typename: 'TrainingRule', enabled: true },
  });

  await play('one');
  expect(await app.db.trainingJob.count()).toBe(0);
  await play('two');
  await expect.poll(() => app.db.trainingJob.count(), { timeout: 20_000 }).toBe(1);
  const { id } = await app.db.trainingJob.findFirstOrThrow();
  const job = await untilState(app, id, 'SUCCEEDED', 30_000);
  await play('three');
  await expect
    .poll(async () => (await app.queue.stats()).find(({ name }) => name === 'training.consider'))
    .toMatchObject({ waiting: 0, active: 0 });

  expect(job).toMatchObject({ site: 'shop.example', ruleId: input.id, name: 'auto shop.example' });
  expect(job.reason).toMatch(/^\d+ examples of \d sessions? on 1 site; /);
  expect(job.hyperparameters).toMatchObject({ l2: 0.003 });
  expect(await app.db.trainingJob.count()).toBe(1);
  expect(await app.db.model.count()).toBe(1);
});

test('whoever follows a training hears of its states and gets its curve, point by point', async () => {
  const app = await openTrainingApp();
  const viewer = await makeViewer(app, { scopes: ['READ', 'TRAIN'] });
  const stranger = await makeViewer(app, { scopes: ['READ', 'TRAIN'] });
  const datasetId = await makeSuite(app, viewer.projectId, {
    train: ['fellside.example'],
    test: [],
  });
  const { id } = aTraining(viewer.projectId, datasetId);
  const live = await follow<Event>(app, viewer, CHANGED, { id });
  const others = await follow<Event>(app, stranger, CHANGED, { id });

  await begin(app, viewer.projectId, datasetId, { id, hyperparameters: { epochs: 6 } });
  await untilState(app, id, 'SUCCEEDED');
  await expect
    .poll(() => live.at(-1)?.trainingJobChanged.trainingJob?.state, { timeout: 5_000 })
    .toBe('SUCCEEDED');

  const states = live.map(({ trainingJobChanged }) => trainingJobChanged.trainingJob?.state);
  expect(states).toContain('RUNNING');
  const last = live.at(-1)?.trainingJobChanged;
  expect(last?.points?.length).toBeGreaterThan(5);
  expect(last?.trainingJob?.latest?.step).toBe(last?.points?.at(-1)?.step);
  expect(others).toEqual([]);
});

test('the budget is asked with the numbers, and what is promised counts as spent', async () => {
  const app = await openTrainingApp();
  const viewer = await makeViewer(app, { scopes: ['ADMIN', 'READ'] });
  const { projectId } = viewer;
  await ask(app, viewer, BUDGET, { input: { budgetUsd: 10 } });
  const now = new Date();
  const request = (estimateUsd: number | null, acceptUnknownCost = false) =>
    app.db.$transaction((tx) =>
      askBudget(tx, {
        projectId,
        trainer: 'OPENAI',
        baseModel: 'gpt-4.1',
        estimateUsd,
        acceptUnknownCost,
        now,
      }),
    );

  await request(9.99);
  await expect(request(10.01)).rejects.toMatchObject({
    code: 'BUDGET_EXCEEDED',
    message:
      "Expected a cost within the project's budget of $10.00 a month, this would cost about $10.01 and $0.00 are spent or promised this month.",
  });
  await expect(request(null)).rejects.toMatchObject({ code: 'COST_UNKNOWN' });
  await request(null, true);
  const datasetId = newId();
  await app.db.dataset.create({
    data: { id: datasetId, projectId, name: 'x', version: 1, filter: {}, splitting: {} },
  });
  await app.db.trainingJob.create({
    data: {
      ...{ id: newId(), projectId, datasetId, name: 'x', trainer: 'OPENAI', method: 'SUPERVISED' },
      ...{ hyperparameters: {}, reason: '', seed: '', inputHash: new Uint8Array(1), warnings: [] },
      ...{ generation: '', wrapped: new Uint8Array(1), estimatedCostUsd: 8 },
    },
  });
  await expect(request(3)).rejects.toMatchObject({ spentUsd: 8, estimateUsd: 3, budgetUsd: 10 });
  expect(await spentThisMonth(app.db, projectId, now)).toBe(8);
  expect(await spentThisMonth(app.db, projectId, new Date('2030-01-01'))).toBe(0);
});

test('hyperparameters follow size, spread and past trainings, and the reason says so', () => {
  const at = { trainer: 'LOCAL', method: 'SUPERVISED', sessions: 9, past: [] } as const;
  const small = proposeHyperparameters({ ...at, examples: 150, sites: 1, past: [] });
  const large = proposeHyperparameters({ ...at, examples: 9_000, sites: 12, past: [] });
  expect(small.values.epochs).toBeGreaterThan(large.values.epochs ?? 0);
  expect(small.values.l2).toBeGreaterThan(large.values.l2 ?? 0);
  expect(small.reason).toContain('few sites');

  const past = (validationLosses: number[]) =>
    proposeHyperparameters({
      ...at,
      examples: 500,
      sites: 4,
      past: [{ hyperparameters: { epochs: 10, learning_rate: 0.2, l2: 0.01 }, validationLosses }],
    });
  const byHeart = past([2, 1.5, 1.4, 1.6, 1.8, 2, 2.2, 2.4, 2.6, 2.8]);
  expect(byHeart.values).toEqual({ epochs: 4, learning_rate: 0.2, l2: 0.01 });
  expect(byHeart.reason).toContain('learn by heart after 30 % of its 10 epochs');
  expect(past([3, 2.5, 2, 1.9]).values.epochs).toBe(15);
});

type Event = {
  trainingJobChanged: {
    trainingJob?: { state: string; latest: { step: number } | null };
    points?: { step: number }[];
  };
};
const CHANGED = `subscription ($id: ID!) { trainingJobChanged(id: $id) {
  ... on TrainingJobChange { cursor trainingJob { state progress remainingSeconds latest { step trainLoss } } points { step trainLoss } }
  ... on Gap { cursor } } }`;
const SAVE = `mutation ($input: SaveTrainingRuleInput!) { saveTrainingRule(input: $input) {
  __typename ... on TrainingRule { enabled } ... on Problem { message } } }`;
const BUDGET = `mutation ($input: SetTrainingBudgetInput!) { setTrainingBudget(input: $input) {
  ... on Project { trainingBudgetUsd trainingSpentUsd } } }`;
