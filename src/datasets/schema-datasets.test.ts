import { expect, test } from 'vitest';
import { ask, makeViewer } from '../../test/app.ts';
import { toFiles } from '../../test/exported.ts';
import { follow } from '../../test/follow.ts';
import { makeRecorded, openWorkingApp, playRecorded, until } from '../../test/recorded.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';

const play = async (app: App, viewer: Viewer, seed: string, task?: string) => {
  const recorded = await makeRecorded({ seed, pictures: false, ...(task ? { task } : {}) });
  const id = await playRecorded(app, viewer, recorded);
  await until(app, id, 'READY');
  return id;
};
const scopes = ['CAPTURE', 'READ', 'TRAIN'] as const;

test('sessions are chosen by what is said of them', async () => {
  const app = await openWorkingApp(toFiles);
  const viewer = await makeViewer(app, { scopes: [...scopes] });
  const [good, bad, plain] = [
    await play(app, viewer, 'good'),
    await play(app, viewer, 'bad', 'Do something else entirely'),
    await play(app, viewer, 'plain'),
  ];
  const say = (sessionId: string, labels: string[], licence?: string) =>
    ask(app, viewer, LABEL, { input: { sessionId, labels, licence } });
  await say(good, ['Good', 'first ', 'good'], 'CC-BY-4.0');
  await say(bad, ['bad']);
  const chosen = async (where: object) => {
    const { datasetPreview } = await ask<{ datasetPreview: { sessions: number } }>(
      app,
      viewer,
      `query ($where: DatasetSessionFilter) { datasetPreview(where: $where) { sessions } }`,
      { where },
    );
    return datasetPreview.sessions;
  };

  expect(await ask(app, viewer, `{ session(id: "${good}") { labels licence } }`)).toEqual({
    session: { labels: ['first', 'good'], licence: 'CC-BY-4.0' },
  });
  expect(await chosen({})).toBe(3);
  expect(await chosen({ labels: ['GOOD'] })).toBe(1);
  expect(await chosen({ withoutLabels: ['bad'] })).toBe(2);
  expect(await chosen({ licences: ['CC-BY-4.0'] })).toBe(1);
  expect(await chosen({ taskContains: 'SOMETHING ELSE' })).toBe(1);
  expect(await chosen({ sites: ['shop.example'], kinds: ['HUMAN'] })).toBe(3);
  expect(await chosen({ sites: ['other.example'] })).toBe(0);
  expect(await chosen({ startedBefore: '2026-01-01T00:00:00Z' })).toBe(0);
  expect(await chosen({ hasConsent: true })).toBe(0);
  expect(await chosen({ qualityFrom: 0.5 })).toBe(0); // these were not judged
  expect(await chosen({ sessionIds: [plain, newId()] })).toBe(1);
});

test('a dataset is described, previewed, frozen and exported over the API; repeats change nothing', async () => {
  const app = await openWorkingApp(toFiles);
  const viewer = await makeViewer(app, { scopes: [...scopes] });
  const sessionId = await play(app, viewer, 'one');
  const id = newId();
  const input = { id, name: 'Shop', split: { test: 0.2 }, licence: 'CC0-1.0' };

  const { datasetPreview } = await ask<{ datasetPreview: Preview }>(app, viewer, PREVIEW);
  expect(datasetPreview).toMatchObject({
    sessions: 1,
    examples: 12,
    siteBalance: 1,
    bySite: [{ name: 'shop.example', examples: 12, sessions: 1 }],
  });
  expect(datasetPreview.costs[0]?.costUsd).toBeCloseTo(
    (Number(datasetPreview.estimatedTokens) * 3 * 1.5) / 1e6,
  );

  const draft = { createDataset: { __typename: 'Dataset', state: 'DRAFT', version: 1 } };
  expect(await ask(app, viewer, CREATE, { input })).toEqual(draft);
  expect(await ask(app, viewer, CREATE, { input })).toEqual(draft);
  expect(await ask(app, viewer, CREATE, { input: { ...input, name: 'Other' } })).toEqual({
    createDataset: { __typename: 'DatasetIdTaken', code: 'DATASET_ID_TAKEN' },
  });
  const exporting = { id: newId(), datasetId: id, format: 'OPENAI_CHAT' };
  expect(await ask(app, viewer, EXPORT, { input: exporting })).toEqual({
    exportDataset: { __typename: 'DatasetStateMismatch', code: 'DATASET_STATE' },
  });

  const told = await follow<{ datasetChanged: { dataset?: { state: string } } }>(
    app,
    viewer,
    'subscription { datasetChanged { ... on DatasetChange { dataset { state } } } }',
    {},
  );
  await ask(app, viewer, FREEZE, { input: { datasetId: id } });
  const dataset = async () =>
    (await ask<{ dataset: Record<string, unknown> }>(app, viewer, DATASET, { id })).dataset;
  await expect.poll(async () => (await dataset()).state, { timeout: 20_000 }).toBe('FROZEN');
  await ask(app, viewer, FREEZE, { input: { datasetId: id } });
  expect(await dataset()).toMatchObject({
    state: 'FROZEN',
    sessions: 1,
    progress: 1,
    manifest: { leaks: { passed: true }, splitBy: 'SESSION', licence: 'CC0-1.0' },
    members: { totalCount: 1, nodes: [{ sessionId, examples: 12, split: 'TRAIN' }] },
  });

  await expect.poll(() => told.at(-1)?.datasetChanged.dataset?.state).toBe('FROZEN');

  const heard = await follow<{ exportProgress: { export?: { state: string; progress: number } } }>(
    app,
    viewer,
    'subscription ($id: ID!) { exportProgress(id: $id) { ... on ExportChange { export { state progress } } } }',
    { id: exporting.id },
  );
  await ask(app, viewer, EXPORT, { input: exporting });
  await ask(app, viewer, EXPORT, { input: exporting });
  const files = async () =>
    (await ask<{ export: { state: string } }>(app, viewer, FILES, { id: exporting.id })).export;
  await expect.poll(async () => (await files()).state, { timeout: 20_000 }).toBe('SUCCEEDED');
  expect(await files()).toMatchObject({
    records: 12,
    files: { nodes: [{ path: 'train-00000.jsonl', records: 12, url: expect.any(String) }] },
  });
  expect(await app.db.datasetExport.count()).toBe(1);
  const last = { state: 'SUCCEEDED', progress: 1 };
  await expect.poll(() => heard.at(-1)?.exportProgress.export).toEqual(last);
});

test('datasets and exports belong to their project and to scopes', async () => {
  const app = await openWorkingApp(toFiles);
  const viewer = await makeViewer(app, { scopes: [...scopes] });
  await play(app, viewer, 'one');
  const id = newId();
  await ask(app, viewer, CREATE, { input: { id, name: 'Mine' } });
  const stranger = await makeViewer(app, { scopes: [...scopes] });
  const reader = { ...viewer, scopes: new Set(['READ'] as const) };
  const recorder = { ...viewer, scopes: new Set(['CAPTURE'] as const) };

  expect(await ask(app, stranger, DATASET, { id })).toEqual({ dataset: null });
  expect(await ask(app, stranger, FREEZE, { input: { datasetId: id } })).toMatchObject({
    freezeDataset: { __typename: 'DatasetNotFound' },
  });
  expect(await ask(app, stranger, CREATE, { input: { id, name: 'Mine' } })).toMatchObject({
    createDataset: { __typename: 'DatasetIdTaken' },
  });
  await expect(ask(app, reader, FREEZE, { input: { datasetId: id } })).rejects.toMatchObject({
    extensions: { code: 'FORBIDDEN' },
  });
  await expect(ask(app, recorder, DATASET, { id })).rejects.toMatchObject({
    extensions: { code: 'FORBIDDEN' },
  });
});

type Preview = {
  sessions: number;
  estimatedTokens: number;
  costs: { model: string; costUsd: number }[];
};

const LABEL = `mutation ($input: LabelSessionInput!) { labelSession(input: $input) { __typename } }`;
const PREVIEW = `{ datasetPreview { sessions examples siteBalance estimatedTokens
  bySite { name examples sessions } costs { model costUsd } } }`;
const CREATE = `mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { __typename
  ... on Dataset { state version } ... on Problem { code } } }`;
const FREEZE = `mutation ($input: FreezeDatasetInput!) { freezeDataset(input: $input) { __typename } }`;
const DATASET = `query ($id: ID!) { dataset(id: $id) { state progress sessions manifest
  members { totalCount nodes { sessionId examples split } } } }`;
const EXPORT = `mutation ($input: ExportDatasetInput!) { exportDataset(input: $input) { __typename
  ... on Problem { code } } }`;
const FILES = `query ($id: ID!) { export(id: $id) { state records files { nodes { path records url } } } }`;
