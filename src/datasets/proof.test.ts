import { expect, test } from 'vitest';
import { makeProject, openTestApp } from '../../test/app.ts';
import { makeFrozen } from '../../test/frozen.ts';
import { proveDataset } from './proof.ts';

const prove = (app: Parameters<typeof proveDataset>[0], datasetId: string) =>
  proveDataset(app, {
    datasetId,
    signal: new AbortController().signal,
    report: async () => undefined,
  });

test('a dataset whose answers are always first is not fit, in words', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const sizes = { sessions: 4, steps: 30 };
  const fair = await makeFrozen(app, projectId, sizes);
  const habit = await makeFrozen(app, projectId, { ...sizes, answerAt: 0 });

  expect(await prove(app, fair)).toMatchObject({
    unfit: null,
    leaks: { passed: true, lines: 120 },
    rules: { errors: 0 },
    operations: { click: 120 },
  });
  const { unfit, leaks } = await prove(app, habit);

  expect(leaks).toMatchObject({ passed: false, counts: { PLACE_TELLS: 2 } });
  expect(unfit).toMatch(/^Some places among the candidates hold the answer more often/);
});
