import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { UploadState } from '../generated/prisma/enums.ts';
import type { App } from '../platform/app.ts';
import type { Db } from '../platform/db.ts';
import type { DataKey } from '../platform/keys.ts';
import { HttpRefusal } from './http-refusal.ts';
import { drain, headBytes, refuseLength, refuseOther, refuseType, tooLong } from './received.ts';
import { openSession } from './session-keys.ts';

/** A row whose bytes are streamed. */
export type StreamedRow = {
  id: string;
  projectId: string;
  sessionId: string;
  upload: UploadState;
  objectKey: string | null;
  originalBytes: number;
  mimeType: string;
  sha256: Uint8Array;
};

/** What differs between the kinds of things that are streamed. */
export type Streamed = {
  /** One of it, for people. */
  one: string;
  find(db: Db, id: string): Promise<StreamedRow | null>;
  /** Notes that the bytes are stored, unless something else became of them; answers with how many rows. */
  store(db: Db, row: StreamedRow, objectKey: string): Promise<{ count: number }>;
  keyOf(row: StreamedRow): string;
  /** What the object is sealed as. */
  contextOf(id: string): string;
};

/** Streams a body: limit, magic bytes, SHA-256, seal, store; never whole in memory. */
export async function takeStreamed(
  app: App,
  { one, find, store, keyOf, contextOf }: Streamed,
  id: string,
  request: IncomingMessage,
): Promise<null> {
  const row = await find(app.db, id);
  if (!row) throw new HttpRefusal(404, `Expected an announced ${one}, ${id} is none.`);
  if (row.upload !== 'PENDING') return drain(request); // a repeat
  const access = await openSession(app, row.sessionId);
  if (!access) throw new HttpRefusal(410, `The session of this ${one} is gone.`);
  refuseLength(request, row.originalBytes);
  const objectKey = keyOf(row);
  await sealInto(app, access.key, { objectKey, context: contextOf(id), row, request });
  const { count } = await store(app.db, row, objectKey);
  if (count === 0) {
    // Another upload of the same thing was faster, or it was dropped or removed meanwhile: what nobody
    // names goes, above all unmasked pixels after REDACT has deleted them.
    const now = await find(app.db, id);
    if (now?.objectKey !== objectKey) await app.storage.remove(objectKey);
  }
  app.metrics.uploadBytes.inc({ kind: one }, row.originalBytes);
  return null;
}

/** As `seal` does it, part by part. Nothing is left of a body that is refused. */
async function sealInto(
  { storage }: Pick<App, 'storage'>,
  key: DataKey,
  {
    objectKey,
    context,
    row: { originalBytes, mimeType, sha256 },
    request,
  }: { objectKey: string; context: string; row: StreamedRow; request: IncomingMessage },
): Promise<void> {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.seal, nonce).setAAD(Buffer.from(context));
  const hash = createHash('sha256');
  const writer = await storage.writer(objectKey);
  let bytes = 0;
  let head = Buffer.alloc(0);
  try {
    await writer.write(Buffer.concat([Buffer.of(1), key.id, nonce]));
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > originalBytes) throw tooLong(originalBytes);
      if (head.length < headBytes) {
        head = Buffer.concat([head, part]).subarray(0, headBytes);
        if (head.length === headBytes) refuseType(head, mimeType);
      }
      hash.update(part);
      await writer.write(cipher.update(part));
    }
    cipher.final();
    refuseOther(bytes, originalBytes, hash.digest(), sha256);
    refuseType(head, mimeType); // it may have had fewer bytes than a head
    await writer.write(cipher.getAuthTag());
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
