import type { IncomingMessage } from 'node:http';
import type { App } from '../platform/app.ts';
import type { DataKey } from '../platform/keys.ts';
import { HttpRefusal, type ObjectAction, type ObjectAnswer } from '../sessions/http-refusal.ts';
import { readExport } from './export-session.ts';
import { partBytes, readParts } from './export-sink.ts';
import { openFiles } from './export-source.ts';

/** Download of an export by its signed URL. */
export const readExportAction: ObjectAction = {
  method: 'GET',
  async run(app, id) {
    const file = await readExport(app, id);
    if (!file) throw new HttpRefusal(404, 'The export is gone.');
    return { ...file, type: 'application/jsonl' };
  },
};

/** Download of a file of an export by its signed URL: streamed, and in parts where a range is asked for. */
export const readExportFileAction: ObjectAction = { method: 'GET', run: readFile };

async function readFile(app: App, id: string, request: IncomingMessage): Promise<ObjectAnswer> {
  const row = await app.db.exportFile.findUnique({ where: { id }, include: { export: true } });
  const files = row?.sha256 && (await openFiles(app, row.export));
  if (!row?.sha256 || !files) throw new HttpRefusal(404, 'The file is gone.');
  const size = Number(row.bytes);
  const etag = `"${Buffer.from(row.sha256).toString('hex')}"`;
  const { from, to } = rangeOf(request, size, etag);
  const isPart = to - from < size;
  const fileId = row.id;
  return {
    type: row.mediaType,
    bytes: to - from,
    body: bytesOf(app, files.key, { ...files, fileId, parts: row.parts, from, to }),
    ...(isPart ? { status: 206 } : {}),
    headers: {
      'accept-ranges': 'bytes',
      'content-disposition': `attachment; filename="${row.path.replaceAll('/', '-')}"`,
      etag,
      ...(isPart ? { 'content-range': `bytes ${from}-${to - 1}/${size}` } : {}),
    },
  };
}

/** The bytes from `from` on, `to` left out; one part is in memory at a time. */
async function* bytesOf(
  app: App,
  key: DataKey,
  file: { folder: string; fileId: string; parts: number; from: number; to: number },
): AsyncGenerator<Buffer> {
  const first = Math.floor(file.from / partBytes);
  let at = first * partBytes;
  for await (const part of readParts(app, key, { ...file, from: first })) {
    if (at >= file.to) return;
    yield part.subarray(Math.max(0, file.from - at), Math.min(part.length, file.to - at));
    at += part.length;
  }
}

/**
 * One range of bytes (RFC 9110, 14.2); all of them where there is none that can be given, or where it is asked of
 * another file (13.1.5).
 */
function rangeOf(
  { headers }: IncomingMessage,
  size: number,
  etag: string,
): { from: number; to: number } {
  if ((headers['if-range'] ?? etag) !== etag) return { from: 0, to: size };
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined || (first === '' && !last)) return { from: 0, to: size };
  if (first === '') return { from: Math.max(0, size - Number(last)), to: size };
  const from = Number(first);
  if (from >= size)
    throw new HttpRefusal(416, `Expected a range within ${size} bytes, got one from ${from} on.`);
  return { from, to: last ? Math.min(size, Number(last) + 1) : size };
}
