import { expect, test } from 'vitest';
import { ask, makeViewer } from '../../test/app.ts';
import { follow } from '../../test/follow.ts';
import { openWorkingApp } from '../../test/recorded.ts';
import { makeSuite } from '../../test/suites.ts';
import { newId } from '../lib/ids.ts';
import { evaluateJob } from './jobs.ts';

test('an evaluation is asked for, followed live, browsed and compared through the API, by whoever may', {
  timeout: 90_000,
}, async () => {
  const app = await openWorkingApp([], {}, [evaluateJob]);
  const viewer = await makeViewer(app, { scopes: ['READ', 'TRAIN'], participant: null });
  const stranger = await makeViewer(app, { scopes: ['READ', 'TRAIN'], participant: null });
  const datasetId = await makeSuite(app, viewer.projectId);
  const [majority, random] = [newId(), newId()];
  const live = await follow<Live>(app, viewer, LIVE, { id: majority });
  const evaluate = (id: string, baseline: string) =>
    ask<Asked>(app, viewer, ASK, { input: { id, datasetId, baseline } });

  expect((await evaluate(majority, 'MAJORITY')).evaluateModel).toMatchObject({ id: majority });
  await evaluate(random, 'RANDOM');
  await expect
    .poll(() => live.at(-1)?.evaluationChanged.evaluation?.state, { timeout: 60_000 })
    .toBe('SUCCEEDED');
  await expect
    .poll(
      async () => (await app.db.evaluation.findUniqueOrThrow({ where: { id: random } })).state,
      {
        timeout: 60_000,
      },
    )
    .toBe('SUCCEEDED');

  const whole = await ask<Whole>(app, viewer, WHOLE, { id: majority });
  const { results, measures, progress } = whole.evaluation;
  expect(progress).toBe(1);
  expect(results.totalCount).toBeGreaterThan(0);
  expect(measures.step.low).toBeLessThanOrEqual(measures.step.value);
  for (const { isStepRight, answer, example } of results.nodes) {
    expect(isStepRight).toBe(false);
    expect(answer.right.text).not.toBe('');
    expect(example).toContain(answer.task.slice(0, 40));
  }
  const both = await ask<Both>(app, viewer, BOTH, { ids: [majority, random] });
  expect(both.evaluationComparison.differences).toHaveLength(5);
  expect((await ask<Whole>(app, stranger, WHOLE, { id: majority })).evaluation).toBeNull();
  await expect(ask(app, stranger, BOTH, { ids: [majority, random] })).rejects.toMatchObject({
    code: 'NOT_COMPARABLE',
  });
  const reader = await makeViewer(app, { project: viewer.projectId, scopes: ['READ'] });
  await expect(
    ask(app, reader, ASK, { input: { id: newId(), datasetId, baseline: 'RANDOM' } }),
  ).rejects.toThrow(/lacks the scope/);
  expect(
    (await ask<Asked>(app, viewer, ASK, { input: { id: newId(), datasetId } })).evaluateModel,
  ).toMatchObject({ code: 'INVALID_INPUT' });
});

type Asked = { evaluateModel: { id?: string; code?: string } };
const ASK = `mutation ($input: EvaluateModelInput!) { evaluateModel(input: $input) {
  ... on Evaluation { id } ... on Problem { code } } }`;
type Live = { evaluationChanged: { evaluation: { state: string } | null } };
const LIVE = `subscription ($id: ID) { evaluationChanged(id: $id) {
  ... on EvaluationChange { evaluation { state progress } } } }`;
type Whole = {
  evaluation: {
    progress: number;
    measures: { step: { value: number; low: number } };
    results: {
      totalCount: number;
      nodes: {
        isStepRight: boolean;
        example: string;
        answer: { task: string; right: { text: string } };
      }[];
    };
  };
};
const WHOLE = `query ($id: ID!) { evaluation(id: $id) { progress measures { step { value low } }
  results(where: { isStepRight: false }, orderBy: CONFIDENCE_DESC, first: 3) {
    totalCount nodes { isStepRight example answer { task right { text } ranked { text confidence } } } } } }`;
type Both = { evaluationComparison: { differences: unknown[] } };
const BOTH = `query ($ids: [ID!]!) { evaluationComparison(evaluationIds: $ids) {
  differences { measure isSure difference { value low high } } } }`;
