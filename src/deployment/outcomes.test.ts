import { expect, test } from 'vitest';
import { shopSessions } from '../../examples/shops/sessions.ts';
import { ask, makeViewer } from '../../test/app.ts';
import { openWorkingApp } from '../../test/recorded.ts';
import { makeLocalModel, makeSuite } from '../../test/suites.ts';
import type { InteractionRecord } from '../contract/interaction.ts';
import { datasetSubmitted } from '../datasets/events.ts';
import type { Operation } from '../datasets/example.ts';
import { freezeDatasetJob } from '../datasets/jobs.ts';
import type { Manifest } from '../datasets/manifest.ts';
import { readDataset } from '../datasets/read.ts';
import type { Dataset } from '../generated/prisma/client.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { on } from '../platform/queue.ts';
import { newOwnKey } from '../training/job-key.ts';
import { exampleOf } from './outcome-example.ts';
import { predictAction } from './predict.ts';

const { signal } = new AbortController();
const hosts = ['fellside.example', 'copperpot.example', 'woolhouse.example'];

test('reported outcomes enter a dataset where it is told to take them, proved like any other, never held out', {
  timeout: 120_000,
}, async () => {
  const { app, viewer, deploy } = await openDeployed();
  const { projectId } = viewer;
  await deploy();
  const [first] = await reportShops(app, viewer);
  const told = await reportOutline(app, viewer);

  const without = await freeze(app, viewer, { labels: ['outcome'] });
  const withThem = await freeze(app, viewer, { includeOutcomes: true, qualityFrom: 0.9 });

  expect(without).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('found none') });
  expect(withThem).toMatchObject({ state: 'FROZEN', reason: null });
  const { outcomes, sessions, leaks, splits, licences } = withThem.manifest as unknown as Manifest;
  expect(leaks.passed).toBe(true);
  expect(outcomes).toBe(sessions);
  expect(licences).toEqual({ 'CC-BY-4.0': sessions });
  expect(splits.TEST.sessions + splits.VALIDATION.sessions).toBe(0);
  const members = await app.db.datasetMember.findMany({ where: { datasetId: withThem.id } });
  expect(new Set(members.map(({ source }) => source))).toEqual(new Set(['OUTCOME']));
  // Its outline says the selector of the answer: caught when it is copied.
  const toldSession = await app.db.outcome.findUniqueOrThrow({ where: { predictionId: told } });
  expect(members.map(({ sessionId }) => sessionId)).not.toContain(toldSession.sessionId);
  for await (const { example } of readDataset(app, { projectId, datasetId: withThem.id })) {
    expect(example.candidates.length).toBeLessThanOrEqual(24);
    expect(example.candidates.map(({ ref }) => ref)).toEqual(
      example.candidates.map((_, at) => `e${at + 1}`),
    );
  }
  expect(first).toBeDefined();
});

test('what an outcome became can be read, and erasing its session leaves nothing of the page', {
  timeout: 60_000,
}, async () => {
  const { app, viewer, deploy } = await openDeployed();
  await deploy();
  const predictionId = await reportOutline(app, viewer);
  const read = async () =>
    (
      await ask<{ outcomes: { nodes: { sessionId: string; example: string | null }[] } }>(
        app,
        viewer,
        `{ outcomes { nodes { sessionId example } } }`,
      )
    ).outcomes.nodes[0];
  const before = await read();
  expect(before?.example).toMatch(/→ \[e\d+\] click button "Buy now"/);
  const { session } = await ask<{ session: { source: string; outcome: object } }>(
    app,
    viewer,
    `query ($id: ID!) { session(id: $id) { source kind state outcome { predictionId succeeded } } }`,
    { id: before?.sessionId },
  );
  expect(session).toMatchObject({ source: 'OUTCOME', outcome: { predictionId, succeeded: false } });

  await ask(app, viewer, DISCARD, {
    input: { sessionId: before?.sessionId, operationId: newId() },
  });

  expect((await read())?.example).toBeNull();
  const { sealed } = await app.db.prediction.findUniqueOrThrow({ where: { id: predictionId } });
  expect(sealed).toHaveLength(0);
});

test('a consent that does not hold is refused, and nothing is kept', async () => {
  const { app, viewer, deploy } = await openDeployed();
  await deploy();
  const { id: predictionId } = await predictAction(app, viewer, outlineAsked, signal);
  const input = { predictionId, succeeded: false, right: buy, consentId: newId() };

  expect(await ask(app, viewer, REPORT, { input })).toMatchObject({
    reportOutcome: { __typename: 'ConsentMissing' },
  });

  expect(await app.db.outcome.count()).toBe(0);
  expect(await app.db.session.count({ where: { source: 'OUTCOME' } })).toBe(0);
});

test('why a deployment is taken back is limited, and kept without what is personal', async () => {
  const { app, viewer, deploy } = await openDeployed();
  await deploy();
  const { id: deploymentId } = await app.db.deployment.findFirstOrThrow();
  const input = {
    deploymentId,
    operationId: newId(),
    reason: 'jane.roe@example.org says it is bad',
  };

  expect(
    await ask(app, viewer, ROLL_BACK, { input: { ...input, reason: 'x'.repeat(501) } }),
  ).toMatchObject({
    rollBackDeployment: { __typename: 'InvalidInput', field: 'input.reason' },
  });
  await ask(app, viewer, ROLL_BACK, { input });

  const { state, reason } = await app.db.deployment.findFirstOrThrow();
  expect(state).toBe('ROLLED_BACK');
  expect(reason).toContain('says it is bad');
  expect(reason).not.toContain('jane.roe');
});

test('an example of a question has few candidates, in an order that tells nothing, and one form of line', () => {
  const names = Array.from(
    { length: 60 },
    (_, at) => `${at % 3 ? 'button' : 'link'} "Thing ${at}"`,
  );
  const question = {
    task: 'Press',
    history: [],
    historyLeftOut: 0,
    url: 'https://shop.example/',
    title: 'Shop',
    outline: ['main', ...names.map((name, at) => `  [p${at}] ${name}`)].join('\n'),
    candidates: names.map((text, at) => ({ ref: `p${at}`, text, within: null })),
  };
  const places = Array.from({ length: 400 }, (_, at) => {
    const made = exampleOf(question, { ref: 'p7', operation: 'click', value: null }, `seed ${at}`);
    const { ref } = made.answer;
    expect(made.candidates.find((one) => one.ref === ref)?.text).toBe('button "Thing 7"');
    expect(made.outline).toContain(`  [${ref}] button "Thing 7"\n`);
    expect(made.outline.match(/\[e\d+\]/g)).toHaveLength(made.candidates.length);
    expect(made.outline).not.toContain('[p');
    return Number(ref.slice(1));
  });

  const [low, high] = [places.filter((place) => place <= 12).length, places.length / 2];
  expect(Math.abs(low - high)).toBeLessThan(50); // five standard deviations
});

type Viewer = Awaited<ReturnType<typeof makeViewer>>;

async function openDeployed() {
  const app = await openWorkingApp([on(datasetSubmitted, freezeDatasetJob)]);
  const viewer = await makeViewer(app, { scopes: ['READ', 'TRAIN', 'ADMIN'] });
  const { projectId } = viewer;
  const deploy = async () => {
    const datasetId = await makeSuite(app, projectId, { train: ['beanquarter.example'] });
    const modelId = await makeLocalModel(app, projectId, datasetId, { epochs: 1 });
    const [id, evaluationId] = [newId(), newId()];
    const asked = { contestant: 'MODEL', name: 'local', seed: 'x', concurrency: 1 } as const;
    const inputHash = new Uint8Array();
    await app.db.evaluation.create({
      data: { id: evaluationId, projectId, datasetId, modelId, inputHash, ...asked },
    });
    const state = { state: 'LIVE', share: 1, gate: [], expectedSuccess: 0.01 } as const;
    await app.db.deployment.create({
      data: { id, projectId, modelId, evaluationId, inputHash, ...state, ...newOwnKey(app, id) },
    });
  };
  return { app, viewer, deploy };
}

const outlineAsked = {
  site: 'shop.example',
  task: 'Buy the lamp',
  url: 'https://shop.example/lamp',
  html: null,
  outline: `main\n  [a] button "Buy now"\n  [b] link "Help"\n  text "button[name=\\"Buy now\\"]"`,
  history: [],
};
const buy = { ref: 'a', operation: 'click' };

/** An outcome on a page that happens to say the selector of the answer. */
async function reportOutline(app: App, viewer: Viewer): Promise<string> {
  const { id: predictionId } = await predictAction(app, viewer, outlineAsked, signal);
  await report(app, viewer, { predictionId, succeeded: false, right: buy });
  return predictionId;
}

async function report(app: App, viewer: Viewer, input: object): Promise<void> {
  const given = { ...input, licence: 'CC-BY-4.0' };
  expect(await ask(app, viewer, REPORT, { input: given })).toMatchObject({
    reportOutcome: { __typename: 'Deployment' },
  });
}

/** Asks on the pages of generated sessions, and corrects each answer by what was done there. */
async function reportShops(app: App, viewer: Viewer): Promise<string[]> {
  const ids: string[] = [];
  for (const source of shopSessions({ perShop: 1, hosts })) {
    const pages = new Map<string, string>();
    for await (const record of source.snapshots())
      pages.set(record.id, String(await source.bytesOf(record)));
    for await (const item of source.interactions()) {
      const html = 'before' in item ? pages.get(item.before?.snapshotId ?? '') : undefined;
      if (!('id' in item) || !html || !item.target?.ref) continue;
      const { url, target } = item;
      const task = source.head.task ?? '';
      const asked = { site: '', task, url, html, outline: null, history: [] };
      const { id: predictionId } = await predictAction(app, viewer, asked, signal);
      const right = { ref: target.ref, ...actionOf(item) };
      await report(app, viewer, { predictionId, succeeded: false, right });
      ids.push(predictionId);
    }
  }
  return ids;
}

function actionOf({ type, value, key }: InteractionRecord): {
  operation: Operation;
  value: string | null;
} {
  if (type === 'INPUT') return { operation: 'type', value: value ?? '' };
  if (type === 'SELECT') return { operation: 'select', value: value ?? '' };
  if (type === 'KEY_PRESS') return { operation: 'press', value: key ?? 'Enter' };
  return { operation: 'click', value: null };
}

async function freeze(app: App, viewer: Viewer, where: object): Promise<Dataset> {
  const id = newId();
  await ask(app, viewer, CREATE, { input: { id, name: id, where } });
  await ask(app, viewer, FREEZE, { input: { datasetId: id } });
  const read = () => app.db.dataset.findUniqueOrThrow({ where: { id } });
  await expect
    .poll(async () => (await read()).state, { timeout: 60_000, interval: 100 })
    .toMatch(/FROZEN|FAILED/);
  return read();
}

const REPORT = `mutation ($input: ReportOutcomeInput!) { reportOutcome(input: $input) {
  __typename ... on Problem { code message } } }`;
const CREATE = `mutation ($input: CreateDatasetInput!) { createDataset(input: $input) {
  __typename ... on Problem { code message } } }`;
const FREEZE = `mutation ($input: FreezeDatasetInput!) { freezeDataset(input: $input) {
  __typename ... on Problem { code message } } }`;
const DISCARD = `mutation ($input: ChangeSessionInput!) { discardSession(input: $input) {
  __typename ... on Problem { code message } } }`;
const ROLL_BACK = `mutation ($input: RollBackDeploymentInput!) { rollBackDeployment(input: $input) {
  __typename ... on Problem { code message } ... on InvalidInput { field } } }`;
