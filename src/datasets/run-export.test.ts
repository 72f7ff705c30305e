import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { makeViewer, openTestApp } from '../../test/app.ts';
import { makeFrozen } from '../../test/frozen.ts';
import { aRun, openDoor } from '../../test/recorded.ts';
import type { ExportFormat } from '../generated/prisma/enums.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { exportDataset } from './exports.ts';
import { runExport } from './run-export.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is left of memory once nothing is garbage; buffers may be given back a moment later. */
function live(): { heap: number; buffers: number } {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

const ordered = async (app: App, viewer: Viewer, datasetId: string, format: ExportFormat) => {
  const id = newId();
  await exportDataset(app, viewer, { id, datasetId, format });
  return { projectId: viewer.projectId, exportId: id };
};
const filesOf = (app: App, exportId: string) =>
  app.db.exportFile.findMany({ where: { exportId }, orderBy: { position: 'asc' } });
const download = async (app: App, id: string, headers: Record<string, string> = {}) => {
  const url = app.signer.sign({ action: 'read-export-file', id }, new Date(Date.now() + 60_000));
  return fetch(`${await openDoor(app)}${url}`, { headers });
};

test.each<ExportFormat>(['OPENAI_CHAT', 'CHROME_RECORDER', 'PARQUET'])(
  '%s goes on where it was stopped and makes the same files',
  { timeout: 60_000 },
  async (format) => {
    const app = await openTestApp();
    const viewer = await makeViewer(app);
    const datasetId = await makeFrozen(app, viewer.projectId, { sessions: 20, steps: 250 });
    const whole = await ordered(app, viewer, datasetId, format);
    await runExport(app, whole, aRun());
    const expected = await filesOf(app, whole.exportId);

    const broken = await ordered(app, viewer, datasetId, format);
    let puts = 0;
    const { put } = app.storage;
    app.storage.put = async (key, bytes) => {
      if (++puts % 3 === 0) throw new Error('the power is off');
      return put(key, bytes);
    };
    let attempts = 0;
    for (let isDone = false; !isDone && attempts < 20; attempts++)
      isDone = await runExport(app, broken, aRun()).then(
        () => true,
        () => false,
      );

    const files = await filesOf(app, broken.exportId);
    const seen = ({ path, bytes, records, sha256 }: (typeof files)[number]) => ({
      ...{ path, bytes, records },
      sha256: sha256 && Buffer.from(sha256).toString('hex'),
    });
    expect(attempts).toBeGreaterThan(1);
    expect(files.map(seen)).toEqual(expected.map(seen));
    const rows = await app.db.datasetExport.findMany({ select: { state: true, records: true } });
    expect(rows[0]).toEqual(rows[1]);
  },
);

test('a file is downloaded whole or from where a download was cut', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const datasetId = await makeFrozen(app, viewer.projectId, { sessions: 10, steps: 200 });
  const ids = await ordered(app, viewer, datasetId, 'OPENAI_CHAT');
  await runExport(app, ids, aRun());
  const [file] = await filesOf(app, ids.exportId);
  if (!file) throw new Error('expected a file');

  const whole = Buffer.from(await (await download(app, file.id)).arrayBuffer());
  const rest = await download(app, file.id, { range: 'bytes=5000000-' });
  const some = await download(app, file.id, { range: 'bytes=4194300-4194310' });

  expect(createHash('sha256').update(whole).digest()).toEqual(Buffer.from(file.sha256 ?? []));
  expect(BigInt(whole.length)).toBe(file.bytes);
  expect(rest.status).toBe(206);
  expect(Buffer.from(await rest.arrayBuffer())).toEqual(whole.subarray(5_000_000));
  expect(Buffer.from(await some.arrayBuffer())).toEqual(whole.subarray(4_194_300, 4_194_311));
  expect(whole.toString().trim().split('\n')).toHaveLength(Number(file.records));
  const etag = `"${Buffer.from(file.sha256 ?? []).toString('hex')}"`;
  expect(rest.headers.get('etag')).toBe(etag);
  expect(some.headers.get('content-range')).toBe(`bytes 4194300-4194310/${whole.length}`);
  const resumed = (ifRange: string) =>
    download(app, file.id, { range: 'bytes=10-', 'if-range': ifRange });
  const same = await resumed(etag);
  expect(same.status).toBe(206);
  expect((await same.arrayBuffer()).byteLength).toBe(whole.length - 10);
  const anew = await resumed('"of another file"');
  expect(anew.status).toBe(200);
  expect((await anew.arrayBuffer()).byteLength).toBe(whole.length);
  expect((await download(app, file.id, { range: 'bytes=99000000-' })).status).toBe(416);
});

test('a signed address of a file expires, and says so', async () => {
  const app = await openTestApp();
  const url = app.signer.sign({ action: 'read-export-file', id: newId() }, new Date(0));

  const answer = await fetch(`${await openDoor(app)}${url}`);

  expect(answer.status).toBe(410);
  expect(await answer.json()).toEqual({
    code: 'REFUSED',
    message: 'The signed URL has expired. Ask the API for a new one.',
  });
});

test.each<ExportFormat>(['OPENAI_CHAT', 'PARQUET'])(
  '%s of four times as many steps holds no more memory',
  { timeout: 120_000 },
  async (format) => {
    const app = await openTestApp();
    const viewer = await makeViewer(app);
    const most = async (sessions: number) => {
      const datasetId = await makeFrozen(app, viewer.projectId, { sessions, steps: 250 });
      const ids = await ordered(app, viewer, datasetId, format);
      const seen: ReturnType<typeof live>[] = [];
      const query = vi.spyOn(app.sql, 'query').mockImplementation(((...asked: [never]) => {
        if (query.mock.calls.length % 3 === 0) seen.push(live());
        return original(...asked);
      }) as typeof app.sql.query);
      await runExport(app, ids, aRun());
      expect(query.mock.calls.length).toBeGreaterThan(sessions / 4); // a page of parts each
      query.mockRestore();
      return {
        heap: Math.max(...seen.map(({ heap }) => heap)),
        buffers: Math.max(...seen.map(({ buffers }) => buffers)),
      };
    };
    const original = app.sql.query.bind(app.sql);

    await most(12); // what is loaded once
    const few = await most(12);
    const many = await most(48);

    // Of 9,000 steps more, which are 36 MB as lines.
    expect(many.heap - few.heap).toBeLessThan(3 * 2 ** 20);
    expect(many.buffers).toBeLessThan(40 * 2 ** 20);
  },
);
