import { expect, test } from 'vitest';
import { makeRule } from '../../test/alerts.ts';
import { makeViewer, openTestApp } from '../../test/app.ts';
import { makeSession } from '../../test/sessions.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { stateThresholds } from './thresholds.ts';

async function open(): Promise<{ app: App; viewer: Viewer; projectId: string }> {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['READ', 'ADMIN', 'CAPTURE'] });
  return { app, viewer, projectId: viewer.projectId };
}

async function scored({ app, viewer }: { app: App; viewer: Viewer }, score: number): Promise<void> {
  const sessionId = await makeSession(app, viewer, { id: newId() });
  await app.db.qualityReport.create({
    data: {
      id: newId(),
      projectId: viewer.projectId,
      sessionId,
      score,
      completeness: score,
      reliability: score,
      accuracy: score,
      rules: 1,
    },
  });
}

test('sessions whose mean score falls below a threshold raise one alert, until it is over', async () => {
  const open_ = await open();
  const { app } = open_;
  await makeRule(open_, { trigger: 'QUALITY', threshold: 0.5, sessions: 2 });
  const states: string[][] = [];
  const look = async (score: number) => {
    await scored(open_, score);
    await stateThresholds(app, new Date());
    const alerts = await app.db.alert.findMany({ orderBy: { id: 'asc' } });
    states.push(alerts.map(({ state }) => state));
  };

  for (const score of [0.1, 0.9, 0.09, 0.1, 0.95]) await look(score);

  // Means of the last two: none yet, 0.5, 0.495, 0.095, 0.525.
  expect(states).toEqual([[], [], ['OPEN'], ['OPEN'], ['RESOLVED']]);
});

test.each([
  [80, []],
  [81, ['OPEN']],
])('training that has cost %i of 100 dollars, by a rule of 0.8', async (costUsd, alerts) => {
  const open_ = await open();
  const { app, projectId } = open_;
  await makeRule(open_, { trigger: 'COST', threshold: 0.8 });
  await app.db.project.update({ where: { id: projectId }, data: { trainingBudgetUsd: 100 } });
  const dataset = await app.db.dataset.create({
    data: { id: newId(), projectId, name: 'd', version: 1, filter: {}, splitting: {} },
  });
  const { generation, wrapped } = app.keys.create(newId());
  await app.db.trainingJob.create({
    data: {
      id: newId(),
      projectId,
      datasetId: dataset.id,
      name: 'm',
      trainer: 'OPENAI',
      method: 'SUPERVISED',
      state: 'SUCCEEDED',
      hyperparameters: {},
      reason: '',
      seed: '1',
      inputHash: new Uint8Array(32),
      generation,
      wrapped: new Uint8Array(wrapped),
      costUsd,
    },
  });

  await stateThresholds(app, new Date());

  expect((await app.db.alert.findMany()).map(({ state }) => state)).toEqual(alerts);
});
