import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, makeViewer } from '../../test/app.ts';
import {
  endRecorded,
  filesOf,
  makeRecorded,
  openDoor,
  openWorkingApp,
  pictureOf,
  playRecorded,
  readPixels,
  sendRecorded,
  sha256Of,
  untilStep,
} from '../../test/recorded.ts';
import type { Mask } from '../contract/image.ts';
import { on } from '../platform/queue.ts';
import { sessionEnded } from '../sessions/events.ts';
import { screenshotKey } from '../sessions/objects.ts';
import { redactPixelsJob } from './jobs.ts';

const pipeline = [on(sessionEnded, redactPixelsJob)];
const card: Mask = { x: 100, y: 200, width: 120, height: 30, kind: 'PAYMENT' };
const paint = [38, 38, 44];

test('masked boxes are painted over in what is stored, and the unmasked picture leaves the disk', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, masks: [card] });
  const [picture] = recorded.screenshots;
  expect((await readPixels(picture?.bytes ?? Buffer.of())).red).toBe(120 * 30);

  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'REDACT', 'DONE');

  const id = picture?.record.id ?? '';
  const { at, red } = await readPixels(await pictureOf(app, id));
  expect(red).toBe(0);
  expect([at(100, 200), at(219, 229), at(98, 198)]).toEqual([paint, paint, paint]);
  expect(at(300, 385)).not.toEqual(paint);
  const files = await filesOf(app, sessionId);
  expect(files).toContain(`${id}-1`);
  expect(files.filter((name) => name.endsWith('-0'))).toEqual([]);
  expect(
    await app.db.processingStep.findFirst({ where: { sessionId, stage: 'REDACT' } }),
  ).toMatchObject({
    message: '2 pictures looked at, 2 boxes painted over',
  });
});

test('a box is in CSS pixels: on a display of two pixels each it is painted twice as far', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, masks: [card], devicePixelRatio: 2 });

  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'REDACT', 'DONE');

  const { at, red, width } = await readPixels(
    await pictureOf(app, recorded.screenshots[0]?.record.id ?? ''),
  );
  expect({ width, red }).toEqual({ width: 1280, red: 0 });
  expect([at(200, 400), at(439, 459)]).toEqual([paint, paint]);
  expect(at(190, 390)).not.toEqual(paint);
});

test('boxes over the edge and outside of the picture hurt nobody', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const masks: Mask[] = [
    { x: -20, y: 380, width: 50, height: 100, kind: 'PERSONAL' },
    { x: 5_000, y: 5_000, width: 10, height: 10, kind: 'PASSWORD' },
  ];

  const recorded = await makeRecorded({ steps: 1, masks });
  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'REDACT', 'DONE');

  const { red, width, height } = await readPixels(
    await pictureOf(app, recorded.screenshots[0]?.record.id ?? ''),
  );
  expect({ red, width, height }).toEqual({ red: 0, width: 640, height: 400 });
});

test('nobody reads a picture before its masks are painted over', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, masks: [card] });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const id = recorded.screenshots[0]?.record.id ?? '';
  const urls = async () => {
    const { session } = await ask<Pictures>(app, viewer, PICTURES, { id: sessionId });
    return session.screenshots.edges.map(({ node }) => node.url);
  };
  const early = app.signer.sign({ action: 'read-screenshot', id }, new Date(Date.now() + 60_000));
  const read = async (url: string) => fetch(`${await openDoor(app)}${url}`);

  expect(await urls()).toEqual([null, null]);
  expect((await read(early)).status).toBe(404);
  await endRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'REDACT', 'DONE');

  for (const url of [early, ...(await urls())]) {
    const answer = await read(url ?? '');
    expect(answer.status).toBe(200);
    expect((await readPixels(Buffer.from(await answer.arrayBuffer()))).red).toBe(0);
  }
});

test('a picture that cannot be decoded cannot be masked: its bytes go, and the others go on', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 2, masks: [card] });
  const [damaged] = recorded.screenshots;
  if (damaged) {
    damaged.bytes = damaged.bytes.subarray(0, 2_000);
    damaged.record = { ...damaged.record, bytes: 2_000, sha256: sha256Of(damaged.bytes) };
  }

  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'REDACT', 'DONE');

  const id = damaged?.record.id ?? '';
  expect(await app.db.screenshot.findUnique({ where: { id } })).toMatchObject({
    upload: 'DAMAGED',
    problem: expect.stringContaining('cannot be decoded'),
    objectKey: null,
  });
  expect((await filesOf(app, sessionId)).filter((name) => name.startsWith(id))).toEqual([]);
  expect(await app.db.screenshot.count({ where: { sessionId, upload: 'STORED' } })).toBe(3);
});

test('a run that was cut between picture and row is made good by the next one', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, masks: [card] });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const [first, second] = recorded.screenshots.map(({ record }) => record.id);
  const ids = { projectId: viewer.projectId, sessionId };
  // Of one picture the row says it is done but the original is still there; of the other a half-done
  // copy lies about.
  const original = await app.storage.get(screenshotKey({ ...ids, id: first ?? '' }, 0));
  await app.storage.put(screenshotKey({ ...ids, id: second ?? '' }, 1), Buffer.from('half'));
  await endRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'REDACT', 'DONE');
  await app.storage.put(screenshotKey({ ...ids, id: first ?? '' }, 0), original);

  await app.db.$transaction((tx) => app.queue.send(tx, redactPixelsJob, ids));

  await expect
    .poll(async () => (await filesOf(app, sessionId)).filter((name) => name.endsWith('-0')))
    .toEqual([]);
  for (const id of [first, second])
    expect((await readPixels(await pictureOf(app, id ?? ''))).red).toBe(0);
});

test('an original that is gone fails the stage, rather than being taken for clean', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1, masks: [card] });
  const sessionId = await sendRecorded(app, viewer, recorded);
  const id = recorded.screenshots[0]?.record.id ?? '';
  const key = screenshotKey({ projectId: viewer.projectId, sessionId, id }, 0);
  await rm(join(app.config.dataDir, 'objects', 'objects', key));

  await endRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'REDACT', 'FAILED');

  expect(await app.db.screenshot.findUnique({ where: { id } })).toMatchObject({ redactedAt: null });
});

type Pictures = { session: { screenshots: { edges: { node: { url: string | null } }[] } } };
const PICTURES =
  'query ($id: ID!) { session(id: $id) { screenshots(first: 10) { edges { node { url } } } } }';
