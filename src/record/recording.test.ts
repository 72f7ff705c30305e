import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../lib/ids.ts';
import { readRecording, writeRecording } from './recording.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codesight-recording-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a recording is read as it was written', async () => {
  const { screenshot, bytes } = await write();

  const recording = await readRecording(folder);
  expect(recording.head).toMatchObject({ task: 'Try', endedAt: '2026-11-20T10:00:09.000Z' });
  const interactions = await Array.fromAsync(recording.interactions());
  expect(interactions).toMatchObject([{ type: 'CLICK' }, { sequence: 2, dropped: 'TOO_LARGE' }]);
  const screenshots = await Array.fromAsync(recording.screenshots());
  expect(screenshots).toMatchObject([{ id: screenshot.id, width: 4 }]);
  expect(await recording.bytesOf(screenshot)).toEqual(bytes);
});

test('a second recording replaces the first', async () => {
  await write();
  await write();

  const recording = await readRecording(folder);
  expect(await Array.fromAsync(recording.interactions())).toHaveLength(2);
});

test('a bad line is refused with its file and number', async () => {
  await write();
  const file = join(folder, 'screenshots.jsonl');
  await writeFile(file, '\n{"id":1}\n');

  const recording = await readRecording(folder);
  await expect(Array.fromAsync(recording.screenshots())).rejects.toThrow(`${file}:2: `);
});

test('a gap in the sequence is refused', async () => {
  await write();
  await writeFile(join(folder, 'interactions.jsonl'), '{"sequence":2,"dropped":"INVALID"}\n');

  const recording = await readRecording(folder);
  await expect(Array.fromAsync(recording.interactions())).rejects.toThrow('expected sequence 1');
});

test('bytes that were changed are refused', async () => {
  const { screenshot } = await write();
  await writeFile(join(folder, 'blobs', `${screenshot.sha256}.webp`), 'other');

  const recording = await readRecording(folder);
  await expect(recording.bytesOf(screenshot)).rejects.toThrow('expected bytes with SHA-256');
});

async function write() {
  const bytes = Buffer.from('not really an image');
  const screenshot = {
    id: newId(),
    trigger: 'MANUAL' as const,
    capturedAt: '2026-11-20T10:00:01.000Z',
    url: 'http://127.0.0.1/',
    width: 4,
    height: 4,
    devicePixelRatio: 1,
    scrollX: 0,
    scrollY: 0,
    mimeType: 'image/webp' as const,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    masks: [],
  };
  const sink = writeRecording(folder);
  await sink.start({
    id: newId(),
    kind: 'AUTOMATED',
    task: 'Try',
    startUrl: 'http://127.0.0.1/',
    startedAt: '2026-11-20T10:00:00.000Z',
    client: { name: 'test' },
  });
  await sink.interaction({
    id: newId(),
    sequence: 1,
    type: 'CLICK',
    occurredAt: '2026-11-20T10:00:01.000Z',
    sessionTimeMs: 1_000,
    url: 'http://127.0.0.1/',
    confidence: 1,
    frame: [],
    selectors: [],
  });
  await sink.interaction({ sequence: 2, dropped: 'TOO_LARGE' });
  await sink.screenshot(screenshot, bytes);
  await sink.end('2026-11-20T10:00:09.000Z');
  return { screenshot, bytes };
}
