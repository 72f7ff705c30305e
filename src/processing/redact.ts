import * as z from 'zod';
import { Mask } from '../contract/image.ts';
import type { App } from '../platform/app.ts';
import { DamagedImageError, paintOver } from '../platform/images.ts';
import { seal } from '../platform/keys.ts';
import type { JobRun } from '../platform/queue.ts';
import type { SessionIds } from '../sessions/events.ts';
import { readScreenshotBytes, screenshotContext, screenshotKey } from '../sessions/objects.ts';
import { openSession, type SessionAccess } from '../sessions/session-keys.ts';
import { pixelsRedacted } from './events.ts';
import { runStage } from './stage.ts';

const Masks = z.array(Mask);
const bleedPixels = 2; // text is antialiased over the edge of its box

type Row = {
  id: string;
  projectId: string;
  sessionId: string;
  objectKey: string | null;
  masks: unknown;
  devicePixelRatio: number;
};

/**
 * Paints over every box that the recorder masked, and deletes the unmasked bytes. Nobody can read a
 * picture before this is done for it.
 */
export async function redactPixels(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await runStage(app, ids, job, 'REDACT', async (_session, report) => {
    const access = await openSession(app, ids.sessionId);
    const rows = await app.db.screenshot.findMany({
      where: { sessionId: ids.sessionId, upload: 'STORED', redactedAt: null },
      select: {
        id: true,
        projectId: true,
        sessionId: true,
        objectKey: true,
        masks: true,
        devicePixelRatio: true,
      },
    });
    let painted = 0;
    for (const [index, row] of rows.entries()) {
      job.signal.throwIfAborted();
      if (access) painted += await redactOne(app, access, row);
      const done = index + 1;
      await report(done / rows.length, `${done} of ${rows.length} pictures`);
    }
    await removeOriginals(app, ids.sessionId);
    return async (tx) => {
      await app.queue.emit(tx, pixelsRedacted, ids);
      return `${rows.length} pictures looked at, ${painted} boxes painted over`;
    };
  });
}

async function redactOne(app: App, { key }: SessionAccess, row: Row): Promise<number> {
  const masks = Masks.parse(row.masks);
  const redactedAt = new Date();
  const where = { id: row.id, redactedAt: null }; // an overtaken attempt must not undo what followed
  if (masks.length === 0 || !row.objectKey) {
    await app.db.screenshot.updateMany({ where, data: { redactedAt } });
    return 0;
  }
  const scale = row.devicePixelRatio;
  const boxes = masks.map(({ x, y, width, height }) => ({
    x: x * scale - bleedPixels,
    y: y * scale - bleedPixels,
    width: width * scale + 2 * bleedPixels,
    height: height * scale + 2 * bleedPixels,
  }));
  try {
    const plain = await readScreenshotBytes(app, key, { id: row.id, objectKey: row.objectKey });
    const clean = await paintOver(plain, boxes);
    const objectKey = screenshotKey(row, 1);
    await app.storage.put(objectKey, seal(key, clean, screenshotContext(row.id)));
    await app.db.screenshot.updateMany({
      where,
      data: { redactedAt, objectKey, mimeType: 'image/png' },
    });
    return boxes.length;
  } catch (error) {
    if (!(error instanceof DamagedImageError)) throw error;
    // What cannot be decoded cannot be masked either, so its bytes go.
    await app.db.screenshot.updateMany({
      where,
      data: { upload: 'DAMAGED', problem: error.message, redactedAt, objectKey: null },
    });
    return 0;
  }
}

/** Deletes the objects that were replaced, also those of an earlier run that was cut between the two. */
async function removeOriginals(app: App, sessionId: string): Promise<void> {
  const rows = await app.db.screenshot.findMany({
    where: { sessionId, redactedAt: { not: null } },
    select: { id: true, projectId: true, sessionId: true, objectKey: true },
  });
  for (const row of rows) {
    const original = screenshotKey(row, 0);
    if (row.objectKey !== original) await app.storage.remove(original);
  }
}
