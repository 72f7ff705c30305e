import { expect, test } from 'vitest';
import { makeProject, openReplica, openTestApp } from '../../test/app.ts';
import { startChild } from '../../test/children.ts';
import { openOpenAiServer } from '../../test/openai-server.ts';
import { openWorkingApp } from '../../test/recorded.ts';
import { makeChatModel, makeLocalModel, makeSuite } from '../../test/suites.ts';
import { newId } from '../lib/ids.ts';
import { others, pipeline } from '../pipeline.ts';
import type { App } from '../platform/app.ts';
import { openSession } from '../sessions/session-keys.ts';
import { openAnswer } from './answers.ts';
import { compareEvaluations } from './compare.ts';
import { evaluateJob } from './jobs.ts';
import { Measures } from './measures.ts';
import { cancelEvaluation, evaluateModel } from './start.ts';

test('a model and the baselines answer the same suite, and every answer is kept', {
  timeout: 90_000,
}, async () => {
  const app = await openWorkingApp([], {}, [evaluateJob]);
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { perShop: 2 });
  const modelId = await makeLocalModel(app, projectId, datasetId);

  const local = await ask(app, projectId, { datasetId, contestant: 'MODEL', modelId });
  const majority = await ask(app, projectId, { datasetId, contestant: 'MAJORITY', modelId: null });
  const random = await ask(app, projectId, { datasetId, contestant: 'RANDOM', modelId: null });
  for (const id of [local, majority, random]) await ended(app, id, 'SUCCEEDED');

  const { evaluations, differences } = await compareEvaluations(app, projectId, [
    local,
    majority,
    random,
  ]);
  const [step, , chance] = evaluations.map(({ measures }) => Measures.parse(measures).step);
  expect(step?.value).toBeGreaterThan(0.3);
  expect(chance?.value).toBeLessThan(0.15);
  expect(
    differences.find(({ a, b, measure }) => a.id === local && b.id === random && measure === 'step')
      ?.low,
  ).toBeGreaterThan(0);
  const results = await app.db.evaluationResult.findMany({ where: { evaluationId: local } });
  const member = await app.db.datasetMember.aggregate({
    where: { datasetId, split: 'TEST' },
    _sum: { examples: true },
  });
  expect(results).toHaveLength(member._sum.examples ?? 0);
  for (const row of results) {
    const access = await openSession(app, row.sessionId);
    if (!access) throw new Error('Expected the key of the session.');
    const kept = openAnswer(access.key, row);
    expect(kept.right.operation).toBe(row.operation);
    expect(kept.ranked[0]?.ref === kept.right.ref).toBe(row.isElementRight);
    expect(kept.ranked[0]?.text).not.toBe('');
  }
  expect(await app.db.evaluation.findUnique({ where: { id: local } })).toMatchObject({
    answered: results.length,
    steps: results.length,
    costUsd: 0,
    name: 'local',
  });
});

test('an evaluation that was interrupted goes on, and asks nothing that was answered', async () => {
  const fake = await openOpenAiServer();
  const env = { OPENAI_API_KEY: fake.key, OPENAI_BASE_URL: fake.url, MAX_RETRIES: '5' };
  const app = await openWorkingApp([], env, [evaluateJob]);
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId);
  const modelId = await makeChatModel(app, projectId);
  const asked = new Map<string, number>();
  fake.answer = ({ prompt }) => {
    asked.set(prompt, (asked.get(prompt) ?? 0) + 1);
    if (asked.size === 5) fake.fail(/POST .*chat/, { how: 'status', status: 400 }, 1); // ends the attempt
    return { name: 'click', arguments: { ref: 'e1' } };
  };

  const id = await ask(app, projectId, { datasetId, contestant: 'MODEL', modelId, concurrency: 1 });
  await ended(app, id, 'SUCCEEDED');

  const { steps } = await app.db.evaluation.findUniqueOrThrow({ where: { id } });
  expect(asked.size).toBe(steps);
  expect([...asked.values()].every((times) => times === 1)).toBe(true);
  expect(await app.db.evaluationResult.count({ where: { evaluationId: id } })).toBe(steps);
});

test('no more questions are asked at once than allowed, and a cancelled evaluation asks no more', async () => {
  const fake = await openOpenAiServer();
  const env = { OPENAI_API_KEY: fake.key, OPENAI_BASE_URL: fake.url };
  const app = await openWorkingApp([], env, [evaluateJob]);
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { perShop: 2 });
  const modelId = await makeChatModel(app, projectId);
  let asked = 0;
  fake.answer = () => {
    asked += 1;
    return { name: 'click', arguments: { ref: 'e1' } };
  };

  const id = await ask(app, projectId, { datasetId, contestant: 'MODEL', modelId, concurrency: 2 });
  await expect.poll(() => asked, { timeout: 20_000, interval: 5 }).toBeGreaterThan(3);
  await cancelEvaluation(app, { projectId }, id);
  await cancelEvaluation(app, { projectId }, id);
  await expect
    .poll(async () => (await app.queue.stats()).reduce((sum, { active }) => sum + active, 0), {
      timeout: 20_000,
    })
    .toBe(0);

  const { state, steps } = await app.db.evaluation.findUniqueOrThrow({ where: { id } });
  expect(state).toBe('CANCELLED');
  expect(asked).toBeLessThan(steps ?? 0);
});

test('a repeat is the same evaluation, another one under its id is refused, and so is half of a question', async () => {
  const app = await openWorkingApp([], {}, []);
  const replica = await openReplica(app, { others: [evaluateJob] });
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId);
  const input = {
    id: newId(),
    datasetId,
    contestant: 'RANDOM',
    modelId: null,
    concurrency: 1,
  } as const;

  await evaluateModel(replica, { projectId }, input);
  await evaluateModel(replica, { projectId }, input);

  await expect(
    evaluateModel(replica, { projectId }, { ...input, contestant: 'MAJORITY' }),
  ).rejects.toMatchObject({ code: 'EVALUATION_ID_TAKEN' });
  await expect(
    evaluateModel(replica, { projectId: await makeProject(app) }, { ...input, id: newId() }),
  ).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  await expect(
    evaluateModel(replica, { projectId }, { ...input, id: newId(), contestant: 'MODEL' }),
  ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(await app.db.evaluation.count()).toBe(1);
});

test('a suite without a test split fails in words', async () => {
  const app = await openWorkingApp([], {}, [evaluateJob]);
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { test: [] });

  const id = await ask(app, projectId, { datasetId, contestant: 'RANDOM', modelId: null });
  await ended(app, id, 'FAILED');

  const { error } = await app.db.evaluation.findUniqueOrThrow({ where: { id } });
  expect(error).toMatch(/no test split/);
});

test('kill -9 in the middle: what was answered is not asked again, only what was under way', {
  timeout: 120_000,
}, async () => {
  const fake = await openOpenAiServer();
  const env = { OPENAI_API_KEY: fake.key, OPENAI_BASE_URL: fake.url, MAX_RETRIES: '5' };
  const app = await openTestApp({ pipeline, others, env });
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { perShop: 2 });
  const modelId = await makeChatModel(app, projectId);
  const asked = new Map<string, number>();
  fake.answer = ({ prompt }) => {
    asked.set(prompt, (asked.get(prompt) ?? 0) + 1);
    return { name: 'click', arguments: { ref: 'e1' } };
  };
  const concurrency = 2;
  const victim = await startChild(app, 'work', env);
  const id = await ask(app, projectId, { datasetId, contestant: 'MODEL', modelId, concurrency });
  await expect.poll(() => asked.size, { timeout: 40_000, interval: 2 }).toBeGreaterThan(5);
  await victim.kill();

  expect((await app.db.evaluation.findUniqueOrThrow({ where: { id } })).state).toBe('RUNNING');
  const successor = await startChild(app, 'work', env);
  await ended(app, id, 'SUCCEEDED');
  await successor.stop();

  const { steps } = await app.db.evaluation.findUniqueOrThrow({ where: { id } });
  expect(asked.size).toBe(steps);
  const twice = [...asked.values()].filter((times) => times > 1);
  expect(twice.length).toBeLessThanOrEqual(concurrency);
  expect(await app.db.evaluationResult.count({ where: { evaluationId: id } })).toBe(steps);
});

async function ask(
  app: App,
  projectId: string,
  input: Partial<Parameters<typeof evaluateModel>[2]> & { datasetId: string },
): Promise<string> {
  const id = newId();
  await evaluateModel(
    app,
    { projectId },
    { id, contestant: 'MODEL', modelId: null, concurrency: 4, ...input },
  );
  return id;
}

async function ended(app: App, id: string, wanted: string): Promise<void> {
  let said = '';
  await expect
    .poll(
      async () => {
        const { state, error } = await app.db.evaluation.findUniqueOrThrow({ where: { id } });
        said = `${state} ${error ?? ''}`;
        return state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED';
      },
      { timeout: 40_000, interval: 50 },
    )
    .toBe(true);
  expect(said).toMatch(new RegExp(`^${wanted}`));
}
