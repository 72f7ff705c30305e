import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import { makeRecorded, openWorkingApp, playRecorded, until } from '../../test/recorded.ts';
import { aChange } from '../../test/sessions.ts';
import type { DatasetState } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { on } from '../platform/queue.ts';
import { sessionEnded, sessionRemoved } from '../sessions/events.ts';
import { discardSession } from '../sessions/lifecycle.ts';
import { openSession } from '../sessions/session-keys.ts';
import { createDataset, freezeDataset } from './datasets.ts';
import { datasetSubmitted, examplesBuilt } from './events.ts';
import {
  buildExamplesJob,
  exportSessionJob,
  freezeDatasetJob,
  withdrawDatasetsJob,
} from './jobs.ts';
import type { Manifest } from './manifest.ts';
import { readDataset } from './read.ts';
import { streamSession } from './session-steps.ts';

const pipeline = [
  on(sessionEnded, buildExamplesJob),
  on(examplesBuilt, exportSessionJob),
  on(datasetSubmitted, freezeDatasetJob),
  on(sessionRemoved, withdrawDatasetsJob),
];

const play = async (app: App, viewer: Viewer, seed: string) => {
  const id = await playRecorded(app, viewer, await makeRecorded({ seed, pictures: false }));
  await until(app, id, 'READY');
  return id;
};
const untilDataset = (app: App, id: string, state: DatasetState) =>
  expect
    .poll(async () => (await app.db.dataset.findUniqueOrThrow({ where: { id } })).state, {
      timeout: 25_000,
    })
    .toBe(state);
const freeze = async (app: App, viewer: Viewer, more: object = {}) => {
  const id = newId();
  await createDataset(app, viewer, { id, name: 'shop', ...more });
  await freezeDataset(app, viewer, id);
  return id;
};
const examplesOf = async (app: App, viewer: Viewer, datasetId: string) =>
  Array.fromAsync(readDataset(app, { projectId: viewer.projectId, datasetId }));

test('a frozen dataset holds its sessions as they were and is read in a fixed order', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app, { scopes: ['CAPTURE', 'READ', 'TRAIN'] });
  const sessions = [await play(app, viewer, 'one'), await play(app, viewer, 'two')].sort();

  const id = await freeze(app, viewer, { licence: 'CC-BY-4.0' });
  await untilDataset(app, id, 'FROZEN');

  const examples = await examplesOf(app, viewer, id);
  expect([...new Set(examples.map(({ sessionId }) => sessionId))]).toEqual(sessions);
  const { manifest, ...row } = await app.db.dataset.findUniqueOrThrow({ where: { id } });
  expect(row).toMatchObject({ version: 1, sessions: 2, examples: BigInt(examples.length) });
  expect(manifest).toMatchObject({
    licence: 'CC-BY-4.0',
    splitBy: 'SESSION',
    leaks: { passed: true, lines: examples.length },
    consents: { '': 2 },
  });
  await app.db.example.deleteMany();
  expect(await examplesOf(app, viewer, id)).toEqual(examples);
});

test('a picture is only shown where it is from strictly before its action', async () => {
  const app = await openWorkingApp([]);
  const viewer = await makeViewer(app);
  const sessionId = await playRecorded(app, viewer, await makeRecorded({ seed: 'one' }));
  await app.db.screenshot.updateMany({
    data: { redactedAt: new Date(), contentHash: new Uint8Array(32) },
  });
  const access = await openSession(app, sessionId);
  if (!access) throw new Error('Expected a session that can be opened.');
  const ids = { projectId: viewer.projectId, sessionId };
  const shown = async () =>
    (await Array.fromAsync(streamSession(app, ids, access.key))).flatMap(
      ({ sequence, occurredAt, picture }) => (picture ? [{ sequence, occurredAt, picture }] : []),
    );
  const before = await shown();
  const [first] = before;
  expect(before.length).toBeGreaterThan(1);
  for (const { picture } of before) expect(picture.ageMs).toBeGreaterThan(0);

  await app.db.screenshot.update({
    where: { id: first?.picture.id ?? '' },
    data: { capturedAt: new Date(first?.occurredAt ?? '') },
  });

  const after = await shown();
  expect(after.map(({ sequence }) => sequence)).toEqual(
    before.slice(1).map(({ sequence }) => sequence),
  );
});

test('what is frozen never changes', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const sessionId = await play(app, viewer, 'one');
  const datasetId = await freeze(app, viewer);
  await untilDataset(app, datasetId, 'FROZEN');

  for (const change of [
    `UPDATE "Dataset" SET "name" = 'x'`,
    `UPDATE "Dataset" SET "state" = 'DRAFT'`,
    `UPDATE "Dataset" SET "manifest" = '{}'`,
    `DELETE FROM "Dataset"`,
    `UPDATE "DatasetMember" SET "split" = 'TEST'`,
    `DELETE FROM "DatasetMember"`,
    `INSERT INTO "DatasetMember" SELECT "datasetId", gen_random_uuid(), "projectId", "frozenId", "site", "sites"
     FROM "DatasetMember"`,
    `UPDATE "FrozenPart" SET "part" = 7`,
    `UPDATE "FrozenSession" SET "examples" = 7`,
  ])
    await expect(app.sql.query(change)).rejects.toThrow(/never changes/);
  const examples = await examplesOf(app, viewer, datasetId);
  expect([...new Set(examples.map((example) => example.sessionId))]).toEqual([sessionId]);
});

test('an erased session withdraws the dataset; the next version is the same without it', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const [gone, kept] = [await play(app, viewer, 'one'), await play(app, viewer, 'two')];
  const first = await freeze(app, viewer);
  await untilDataset(app, first, 'FROZEN');
  const before = await examplesOf(app, viewer, first);

  await discardSession(app, viewer, aChange(gone));

  await untilDataset(app, first, 'WITHDRAWN');
  const withdrawn = await app.db.dataset.findUniqueOrThrow({ where: { id: first } });
  const second = withdrawn.supersededById ?? '';
  await untilDataset(app, second, 'FROZEN');
  expect(withdrawn.reason).toContain('Version 2 takes its place');
  expect(await examplesOf(app, viewer, second)).toEqual(
    before.filter(({ sessionId }) => sessionId === kept),
  );
  const { manifest } = await app.db.dataset.findUniqueOrThrow({ where: { id: second } });
  expect((manifest as unknown as Manifest).supersedes).toBe(first);
  await expect(examplesOf(app, viewer, first)).rejects.toMatchObject({ code: 'DATASET_STATE' });
  expect(await app.db.datasetKey.count({ where: { datasetId: first } })).toBe(0);
  expect(await app.db.frozenPart.count({ where: { sessionId: gone } })).toBe(0);
});

test('a dataset without a session that fits is not frozen and says so', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  await play(app, viewer, 'one');

  const id = await freeze(app, viewer, { where: { sites: ['elsewhere.example'] } });

  await untilDataset(app, id, 'FAILED');
  const { reason } = await app.db.dataset.findUniqueOrThrow({ where: { id } });
  expect(reason).toContain('found none');
});
