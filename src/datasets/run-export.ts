import * as z from 'zod';
import type { DatasetExport, ExportFile, Prisma } from '../generated/prisma/client.ts';
import type { Split } from '../generated/prisma/enums.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import type { JobRun } from '../platform/queue.ts';
import type { ExportIds } from './events.ts';
import { ExportSink, type WhenStored } from './export-sink.ts';
import { type ExportSource, openSource } from './export-source.ts';
import type { FileKind, FileWriter, Piece } from './formats/exporter.ts';
import { exporters } from './formats/exporters.ts';

/** A file is ended behind the session with which it passes this: below what providers and hubs take. */
const fileBytes = 480 * 1024 * 1024;
const reportEveryMs = 250;

/** Where a stopped run goes on. */
const Checkpoint = z.object({
  /** Which kind of file and which split, from 0. */
  volume: z.int(),
  /** Place of the file in the export and among those of the volume. */
  position: z.int(),
  shard: z.int(),
  /** The last session of the volume that is written whole; `null` for none. */
  last: z.string().nullable(),
  /** Bytes behind that session which are stored already: of the next one, or of the file's end. */
  offset: z.int(),
  isEnding: z.boolean(),
  /** Records of the file, and of the export, up to that session. */
  fileRecords: z.int(),
  records: z.int(),
  sessionsDone: z.int(),
});
type Checkpoint = z.infer<typeof Checkpoint>;

const beginning: Checkpoint = {
  ...{ volume: 0, position: 0, shard: 0, last: null, offset: 0, isEnding: false },
  ...{ fileRecords: 0, records: 0, sessionsDone: 0 },
};

/**
 * Writes the files of an export. Every 4 MiB are sealed, stored and noted, so that an attempt that follows
 * another goes on there (the last of them may not be noted yet); a file whose format does not allow that begins anew.
 */
export async function runExport(app: App, { exportId }: ExportIds, job: JobRun): Promise<void> {
  const row = await app.db.datasetExport.findUnique({ where: { id: exportId } });
  if (row?.state !== 'QUEUED' && row?.state !== 'RUNNING')
    return app.db.$transaction((tx) => job.finish(tx));
  const source = await openSource(app, row);
  const run = new Run(app, row, source, job);
  await run.write();
}

/** The last attempt of an export has failed: it says so. */
export async function failExport(
  app: App,
  { projectId, exportId }: ExportIds,
  reason: string,
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const { count } = await tx.datasetExport.updateMany({
      where: { id: exportId, state: { in: ['QUEUED', 'RUNNING'] } },
      data: { state: 'FAILED', error: reason, finishedAt: new Date() },
    });
    if (count > 0) await app.pubsub.notify(tx, { topic: 'export', projectId, subjectId: exportId });
  });
}

class Run {
  readonly #app: App;
  readonly #row: DatasetExport;
  readonly #source: ExportSource;
  readonly #job: JobRun;
  #at: Checkpoint;
  #sink: ExportSink | null = null;
  #reportedAt = 0;

  constructor(app: App, row: DatasetExport, source: ExportSource, job: JobRun) {
    this.#app = app;
    this.#row = row;
    this.#source = source;
    this.#job = job;
    this.#at = row.checkpoint ? Checkpoint.parse(row.checkpoint) : { ...beginning };
  }

  async write(): Promise<void> {
    try {
      await this.#writeAll();
    } finally {
      await this.#sink?.settled(); // what is noted late would undo what the next attempt notes
    }
  }

  async #writeAll(): Promise<void> {
    const { kinds } = exporters[this.#row.format];
    const volumes = kinds.flatMap((kind) => this.#source.splits.map((split) => ({ kind, split })));
    for (const [index, { kind, split }] of volumes.entries()) {
      if (index < this.#at.volume) continue;
      await this.#writeVolume(kind, split);
      const { position, records, sessionsDone } = this.#at;
      this.#at = { ...beginning, volume: index + 1, position, records, sessionsDone };
    }
    await this.#finish();
  }

  /** All files of one kind and split. */
  async #writeVolume(kind: FileKind, split: Split | null): Promise<void> {
    let file: OpenFile | null = null;
    if (this.#at.isEnding) await this.#close(await this.#open(kind, split));
    for await (const session of this.#source.read(split, this.#at.last)) {
      file ??= await this.#open(kind, split);
      await this.#take(file, file.writer.session(session));
      this.#at = {
        ...this.#at,
        last: session.head.sessionId,
        offset: 0,
        fileRecords: file.records,
        records: this.#at.records + file.records - this.#at.fileRecords,
        sessionsDone: this.#at.sessionsDone + 1,
      };
      const isFull = file.records >= (kind.maxRecords ?? Infinity) || file.sink.bytes >= fileBytes;
      if (!isFull) continue;
      await this.#close(file);
      file = null;
    }
    if (file) await this.#close(file);
  }

  async #open(of: FileKind, split: Split | null): Promise<OpenFile> {
    const kind = split === null && of.single ? { ...of, ...of.single } : of;
    const { id: exportId, projectId } = this.#row;
    const { position, shard } = this.#at;
    const number = String(shard).padStart(5, '0');
    const path = split
      ? `${kind.folder}${split.toLowerCase()}-${number}.${kind.extension}`
      : `${kind.folder}session.${kind.extension}`;
    const where = { exportId_position: { exportId, position } };
    const { mediaType } = kind;
    const row = await this.#app.db.exportFile.upsert({
      where,
      create: { id: newId(), projectId, exportId, position, path, mediaType },
      update: {},
    });
    const sink = new ExportSink(this.#app, this.#source.key, this.#source.folder, row.id);
    this.#sink = sink;
    const parts = kind.isSeparable ? row.parts : 0;
    if (parts > 0) await sink.resume(parts);
    const skip = kind.isSeparable ? this.#at.offset : 0;
    return { row, sink, kind, writer: kind.open(), records: this.#at.fileRecords, skip };
  }

  /** Takes what a session, or the end, adds; what is stored already is skipped. */
  async #take(
    file: OpenFile,
    pieces: AsyncIterable<Piece> | Iterable<Piece>,
    isEnding = false,
  ): Promise<void> {
    let given = 0;
    for await (const { bytes, records } of pieces) {
      this.#job.signal.throwIfAborted();
      const skipped = Math.min(bytes.length, Math.max(0, file.skip - given));
      given += bytes.length;
      file.records += records;
      if (skipped === bytes.length) continue;
      const onFull = (rest: number) => this.#noteOf(file, given - rest, isEnding);
      await file.sink.write(bytes.subarray(skipped), file.kind.isSeparable ? onFull : undefined);
      await this.#report(file);
    }
    file.skip = 0;
  }

  /** Notes, when it is called, that parts are stored, up to so many bytes of what is being written now. */
  #noteOf({ row, sink: { parts } }: OpenFile, offset: number, isEnding: boolean): WhenStored {
    const checkpoint = { ...this.#at, offset, isEnding };
    return () =>
      this.#app.db.$transaction(async (tx) => {
        await tx.exportFile.update({ where: { id: row.id }, data: { parts } });
        await this.#change(tx, { checkpoint });
      });
  }

  async #report(file: OpenFile): Promise<void> {
    const now = performance.now();
    if (now - this.#reportedAt < reportEveryMs) return;
    await this.#app.db.$transaction((tx) => this.#change(tx, this.#progress(file)));
  }

  async #close(file: OpenFile): Promise<void> {
    await this.#take(file, file.writer.end?.() ?? [], true);
    const { bytes, parts, sha256 } = await file.sink.end();
    const { position, shard, last, sessionsDone } = this.#at;
    const records = this.#at.records + file.records - this.#at.fileRecords;
    this.#at = { ...beginning, volume: this.#at.volume, last, sessionsDone, records };
    this.#at.position = position + 1;
    this.#at.shard = shard + 1;
    await this.#app.db.$transaction(async (tx) => {
      await tx.exportFile.update({
        where: { id: file.row.id },
        data: { bytes, parts, sha256: new Uint8Array(sha256), records: file.records },
      });
      await this.#change(tx, { checkpoint: this.#at, ...this.#progress(null) });
    });
  }

  async #finish(): Promise<void> {
    const { id: exportId, projectId, format } = this.#row;
    const written = await this.#app.db.exportFile.findMany({
      where: { exportId, position: { lt: this.#at.position } }, // an earlier attempt may have written what describes them
      orderBy: { position: 'asc' },
    });
    const files = written.map(({ path, records, bytes }) => ({
      path,
      split: this.#source.splits.find((split) => path.includes(`${split?.toLowerCase()}-`)) ?? null,
      records: Number(records),
      bytes: Number(bytes),
    }));
    const extras = exporters[format].extras?.({ ...this.#source.about, files }) ?? [];
    let { position } = this.#at;
    const sizes = written.map(({ bytes }) => Number(bytes));
    for (const { path, mediaType, text } of extras) {
      const where = { exportId_path: { exportId, path } };
      const row = await this.#app.db.exportFile.upsert({
        where,
        create: { id: newId(), projectId, exportId, position: position++, path, mediaType },
        update: {},
      });
      const sink = new ExportSink(this.#app, this.#source.key, this.#source.folder, row.id);
      await sink.write(Buffer.from(text));
      const { bytes, parts, sha256 } = await sink.end();
      sizes.push(bytes);
      const data = { bytes, parts, sha256: new Uint8Array(sha256) };
      await this.#app.db.exportFile.update({ where: { id: row.id }, data });
    }
    const { records, sessionsDone } = this.#at;
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    await this.#app.db.$transaction(async (tx) => {
      await this.#change(tx, {
        state: 'SUCCEEDED',
        progress: 1,
        message: `${many(records, 'record')} in ${many(sizes.length, 'file')}`,
        records,
        bytes: total,
        checkpoint: { ...this.#at, sessionsDone },
        finishedAt: new Date(),
      });
      await this.#job.finish(tx);
    });
  }

  #progress(file: OpenFile | null): { progress: number; message: string; records: number } {
    const { kinds } = exporters[this.#row.format];
    const records = this.#at.records + (file ? file.records - this.#at.fileRecords : 0);
    const progress = this.#at.sessionsDone / Math.max(1, this.#source.sessions * kinds.length);
    return {
      progress: Math.min(1, progress),
      message: `${many(records, 'record')} written`,
      records,
    };
  }

  /** Sets fields unless the export was withdrawn meanwhile. */
  async #change(tx: Tx, data: Prisma.DatasetExportUncheckedUpdateManyInput): Promise<void> {
    this.#reportedAt = performance.now();
    const { id, projectId } = this.#row;
    const { count } = await tx.datasetExport.updateMany({
      where: { id, state: { in: ['QUEUED', 'RUNNING'] } },
      data: { state: 'RUNNING', ...data },
    });
    if (count === 0) throw new Error('Its dataset was withdrawn or its session erased meanwhile.');
    await this.#app.pubsub.notify(tx, { topic: 'export', projectId, subjectId: id });
  }
}

function many(count: number, one: string): string {
  return `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;
}

type OpenFile = {
  row: ExportFile;
  sink: ExportSink;
  kind: FileKind;
  writer: FileWriter;
  /** Records in the file so far. */
  records: number;
  /** Bytes of the first session, or of the end, that are stored already. */
  skip: number;
};
