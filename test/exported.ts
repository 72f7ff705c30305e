import { expect } from 'vitest';
import { datasetSubmitted, examplesBuilt, exportRequested } from '../src/datasets/events.ts';
import { exportOneSession } from '../src/datasets/exports.ts';
import {
  buildExamplesJob,
  exportFilesJob,
  exportSessionJob,
  freezeDatasetJob,
} from '../src/datasets/jobs.ts';
import type { ExportFormat } from '../src/generated/prisma/enums.ts';
import type { Viewer } from '../src/graphql/context.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';
import { on } from '../src/platform/queue.ts';
import { pixelsRedacted, sessionCompressed } from '../src/processing/events.ts';
import { compressJob, redactPixelsJob } from '../src/processing/jobs.ts';
import { sessionEnded } from '../src/sessions/events.ts';
import { openDoor } from './recorded.ts';

/** From the recording to the files, without a judgement of its quality. */
export const toFiles = [
  on(sessionEnded, redactPixelsJob),
  on(pixelsRedacted, compressJob),
  on(sessionCompressed, buildExamplesJob),
  on(examplesBuilt, exportSessionJob),
  on(datasetSubmitted, freezeDatasetJob),
  on(exportRequested, exportFilesJob),
];

/** Exports a session and downloads what was made, by path. */
export async function exported(
  app: App,
  viewer: Viewer,
  sessionId: string,
  format: ExportFormat,
): Promise<Map<string, Buffer>> {
  const id = newId();
  await exportOneSession(app, viewer, { id, sessionId, format });
  let said = '';
  await expect
    .poll(
      async () => {
        const row = await app.db.datasetExport.findUniqueOrThrow({ where: { id } });
        said = `${row.state} ${row.error ?? ''}`;
        return row.state === 'SUCCEEDED' || row.state === 'FAILED';
      },
      { timeout: 25_000 },
    )
    .toBe(true);
  expect(said).toBe('SUCCEEDED ');
  const rows = await app.db.exportFile.findMany({ where: { exportId: id } });
  const origin = await openDoor(app);
  const files = new Map<string, Buffer>();
  for (const { id: fileId, path } of rows) {
    const grant = { action: 'read-export-file', id: fileId } as const;
    const answer = await fetch(`${origin}${app.signer.sign(grant, new Date(Date.now() + 60_000))}`);
    files.set(path, Buffer.from(await answer.arrayBuffer()));
  }
  return files;
}

/** The entries of a tar archive by path, as any reader finds them. */
export function entriesOf(tar: Buffer): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  for (let at = 0; tar[at]; ) {
    const path = tar
      .subarray(at, at + 100)
      .toString('utf8')
      .replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.subarray(at + 124, at + 135).toString('latin1'), 8);
    entries.set(path, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return entries;
}
