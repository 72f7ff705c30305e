import { expect, test } from 'vitest';
import { ask, makeViewer } from '../../test/app.ts';
import { openWorkingApp } from '../../test/recorded.ts';
import { makeLocalModel, makeSuite } from '../../test/suites.ts';
import { evaluationFinished } from '../evaluation/events.ts';
import { evaluateJob } from '../evaluation/jobs.ts';
import { evaluateModel } from '../evaluation/start.ts';
import { newId } from '../lib/ids.ts';
import { on } from '../platform/queue.ts';
import { requestDataJob } from './jobs.ts';

test('what an evaluation shows to be weak becomes a task that participants may read, with numbers', {
  timeout: 120_000,
}, async () => {
  const app = await openWorkingApp([on(evaluationFinished, requestDataJob)], {}, [evaluateJob]);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE'] });
  const { projectId } = viewer;
  const datasetId = await makeSuite(app, projectId, { perShop: 5 });
  const modelId = await makeLocalModel(app, projectId, datasetId, { epochs: 1 });
  const id = newId();
  await evaluateModel(
    app,
    { projectId },
    { id, datasetId, contestant: 'MODEL', modelId, concurrency: 4 },
  );
  await expect.poll(() => app.db.dataRequest.count(), { timeout: 100_000 }).toBeGreaterThan(0);

  const { dataRequests } = await ask<Answer>(app, viewer, ASK);
  for (const {
    text,
    method,
    sessions,
    expectedPoints,
    expectedLow,
    expectedHigh,
    curvePoints,
    measured,
    low,
    high,
  } of dataRequests.nodes) {
    expect(text).toMatch(
      /^mossgarden\.example, [A-Z_]+.*: \d+ more sessions, expect \+\d+ to \+\d+ points$/,
    );
    expect(method).toContain('0, 1, 2 sessions of the site');
    expect([5, 10, 20, 40]).toContain(sessions);
    expect(expectedLow).toBeGreaterThanOrEqual(0);
    expect(expectedLow).toBeLessThanOrEqual(expectedPoints);
    expect(expectedHigh).toBeGreaterThanOrEqual(expectedPoints);
    expect(curvePoints).toBe(3);
    expect(method).toContain('through these 3 points');
    expect(expectedPoints / 100 + measured).toBeLessThanOrEqual(1);
    expect(low).toBeLessThanOrEqual(measured);
    expect(high).toBeGreaterThanOrEqual(measured);
  }
  const stranger = await makeViewer(app, { scopes: ['CAPTURE'] });
  expect((await ask<Answer>(app, stranger, ASK)).dataRequests.nodes).toEqual([]);
});

type Answer = {
  dataRequests: {
    nodes: {
      text: string;
      method: string;
      sessions: number;
      expectedPoints: number;
      expectedLow: number;
      expectedHigh: number;
      curvePoints: number;
      measured: number;
      low: number;
      high: number;
    }[];
  };
};
const ASK = `{ dataRequests { nodes { text method sessions expectedPoints expectedLow expectedHigh curvePoints measured low high } } }`;
