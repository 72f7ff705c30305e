import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import * as z from 'zod';
import { ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import type { InteractionRecord, Tombstone } from '../contract/interaction.ts';
import { RecordingHead, RecordingLine, type SessionRecord } from '../contract/recording.ts';
import type { Sink } from './sink.ts';

/** A recording folder, open for reading. Every generator reads its file anew. */
export interface Recording {
  head: RecordingHead;
  /** By sequence, from 1 without a gap. */
  interactions(): AsyncGenerator<InteractionRecord | Tombstone>;
  screenshots(): AsyncGenerator<ScreenshotRecord>;
  snapshots(): AsyncGenerator<SnapshotRecord>;
  /** @throws {Error} the bytes are absent or are not those that were recorded */
  bytesOf(record: ScreenshotRecord | SnapshotRecord): Promise<Buffer>;
}

const EXTENSIONS = { 'image/webp': 'webp', 'image/png': 'png', 'image/jpeg': 'jpg' } as const;

/** Writes a session into a folder as `contract/recording.ts` lays it out; replaces a recording there. */
export function writeRecording(folder: string): Sink {
  let session: SessionRecord | null = null;
  const append = (name: string, record: object) =>
    appendFile(join(folder, name), `${JSON.stringify(record)}\n`);
  const keep = (record: ScreenshotRecord | SnapshotRecord, bytes: Uint8Array) =>
    writeFile(join(folder, blobOf(record)), bytes);

  return {
    async start(started) {
      session = started;
      for (const name of ['session.json', 'blobs', ...LINES]) {
        await rm(join(folder, name), { recursive: true, force: true });
      }
      await mkdir(join(folder, 'blobs'), { recursive: true });
      for (const name of LINES) await writeFile(join(folder, name), '');
    },
    interaction: (record) => append('interactions.jsonl', record),
    async screenshot(record, bytes) {
      await keep(record, bytes);
      await append('screenshots.jsonl', record);
    },
    async snapshot(record, bytes) {
      await keep(record, bytes);
      await append('snapshots.jsonl', record);
    },
    async end(endedAt) {
      const head = RecordingHead.parse({ format: 'codesight-recording/1', ...session, endedAt });
      await writeFile(join(folder, 'session.json'), `${JSON.stringify(head, null, 2)}\n`);
    },
  };
}

/** @throws {Error} the folder holds no finished recording; a bad line is named when it is read */
export async function readRecording(folder: string): Promise<Recording> {
  const file = join(folder, 'session.json');
  const head = parse(RecordingHead, await readFile(file, 'utf8'), file);
  return {
    head,
    interactions: () => readInteractions(join(folder, 'interactions.jsonl')),
    screenshots: () => readLines(join(folder, 'screenshots.jsonl'), ScreenshotRecord),
    snapshots: () => readLines(join(folder, 'snapshots.jsonl'), SnapshotRecord),
    async bytesOf(record) {
      const path = join(folder, blobOf(record));
      const bytes = await readFile(path);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (sha256 === record.sha256) return bytes;
      throw new Error(`expected bytes with SHA-256 ${record.sha256} in ${path}, got ${sha256}`);
    },
  };
}

const LINES = ['interactions.jsonl', 'screenshots.jsonl', 'snapshots.jsonl'];

function blobOf(record: ScreenshotRecord | SnapshotRecord): string {
  const extension = 'mimeType' in record ? EXTENSIONS[record.mimeType] : 'html';
  return join('blobs', `${record.sha256}.${extension}`);
}

async function* readInteractions(file: string) {
  let expected = 1;
  for await (const record of readLines(file, RecordingLine)) {
    if (record.sequence !== expected) {
      throw new Error(`${file}:${expected}: expected sequence ${expected}, got ${record.sequence}`);
    }
    expected += 1;
    yield record;
  }
}

async function* readLines<T>(file: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
    number += 1;
    if (line !== '') yield parse(schema, line, `${file}:${number}`);
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, where: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where}: expected JSON, got ${text.slice(0, 40)}`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Error(`${where}: ${z.prettifyError(parsed.error)}`);
}
