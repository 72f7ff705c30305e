import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  filesOf,
  makeRecorded,
  openWorkingApp,
  pictureOf,
  playRecorded,
  readPixels,
  sha256Of,
  untilStep,
} from '../../test/recorded.ts';
import type { Mask } from '../contract/image.ts';
import { on } from '../platform/queue.ts';
import { sessionEnded } from '../sessions/events.ts';
import { pixelsRedacted } from './events.ts';
import { compressJob, redactPixelsJob } from './jobs.ts';

const pipeline = [on(sessionEnded, redactPixelsJob), on(pixelsRedacted, compressJob)];
const card: Mask = { x: 100, y: 200, width: 120, height: 30, kind: 'PAYMENT' };

test('every picture becomes WebP, measured and hashed, and only that stays on the disk', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 2, masks: [card] });

  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'COMPRESS', 'DONE');

  const rows = await app.db.screenshot.findMany({ where: { sessionId } });
  expect(rows).toHaveLength(4);
  for (const row of rows) {
    const bytes = await pictureOf(app, row.id);
    expect((await sharp(bytes).metadata()).format).toBe('webp');
    expect((await readPixels(bytes)).red).toBe(0);
    expect(row).toMatchObject({ mimeType: 'image/webp', storedBytes: bytes.length, problem: null });
    expect(row.compressionRatio).toBeCloseTo(bytes.length / row.originalBytes, 4);
    expect(Buffer.from(row.contentHash ?? [])).toEqual(createHash('sha256').update(bytes).digest());
    expect(row.perceptualHash).toHaveLength(32);
    expect(row.contentScore).toBeGreaterThan(0.019);
  }
  const pictures = (await filesOf(app, sessionId)).filter((name) => /-\d$/.test(name));
  expect(pictures.sort()).toEqual(rows.map(({ id }) => `${id}-2`).sort());
  const step = await app.db.processingStep.findFirst({ where: { sessionId, stage: 'COMPRESS' } });
  expect(step?.message).toMatch(/^4 pictures, [\d,]+ kB → [\d,]+ kB$/);
});

test('a WebP of the recorder is measured and stays as it is', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 1 });
  for (const picture of recorded.screenshots) {
    picture.bytes = await sharp(picture.bytes).webp({ quality: 50 }).toBuffer();
    const { length } = picture.bytes;
    const sha256 = sha256Of(picture.bytes);
    picture.record = { ...picture.record, mimeType: 'image/webp', bytes: length, sha256 };
  }

  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'COMPRESS', 'DONE');

  for (const { record, bytes } of recorded.screenshots) {
    expect(await pictureOf(app, record.id)).toEqual(bytes);
    expect(await app.db.screenshot.findUnique({ where: { id: record.id } })).toMatchObject({
      compressionRatio: 1,
      storedBytes: bytes.length,
      contentScore: expect.any(Number),
    });
  }
});

test('what is no picture is marked as damaged, says why, and holds up nothing', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const recorded = await makeRecorded({ steps: 2 });
  const [damaged] = recorded.screenshots;
  if (damaged) {
    damaged.bytes = Buffer.concat([damaged.bytes.subarray(0, 100), Buffer.alloc(900, 'x')]);
    damaged.record = { ...damaged.record, bytes: 1_000, sha256: sha256Of(damaged.bytes) };
  }

  const sessionId = await playRecorded(app, viewer, recorded);
  await untilStep(app, sessionId, 'COMPRESS', 'DONE');

  const rows = await app.db.screenshot.findMany({ where: { sessionId }, orderBy: { id: 'asc' } });
  expect(rows.filter(({ upload }) => upload === 'DAMAGED')).toMatchObject([
    {
      id: damaged?.record.id,
      problem: expect.stringContaining('cannot be decoded'),
      contentHash: null,
    },
  ]);
  expect(rows.filter(({ contentHash }) => contentHash !== null)).toHaveLength(3);
});
