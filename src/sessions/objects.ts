import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { limits } from '../contract/limits.ts';
import type { PageSnapshot } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';
import type { Grant } from '../platform/signing.ts';
import { redactHtml } from '../privacy/redact.ts';
import { audioActions } from './audio.ts';
import { HttpRefusal, type ObjectAction } from './http-refusal.ts';
import { drain, refuseLength, refuseOther, tooLong } from './received.ts';
import { openSession } from './session-keys.ts';
import { type Streamed, takeStreamed } from './stream-upload.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const snapshotsAtOnce = 32; // each is held whole: 256 MiB of bytes, and as much again while it is redacted
let snapshotsInHand = 0;

/** Key of a screenshot's sealed object. `revision` counts its rewrites, so that a half-done one harms nothing. */
export function screenshotKey({ projectId, sessionId, id }: ObjectOf, revision: number): string {
  return `${projectId}/${sessionId}/screenshots/${id}-${revision}`;
}

/** Key of a snapshot's sealed object: equal pages of a session share it. */
export function snapshotKey(
  { projectId, sessionId }: Omit<ObjectOf, 'id'>,
  sha256: Uint8Array,
): string {
  return `${projectId}/${sessionId}/snapshots/${Buffer.from(sha256).toString('hex')}`;
}

/** What a screenshot's object is sealed as. */
export function screenshotContext(id: string): string {
  return `screenshot/${id}`;
}

type ObjectOf = { projectId: string; sessionId: string; id: string };

const screenshots: Streamed = {
  one: 'screenshot',
  find: (db, id) => db.screenshot.findUnique({ where: { id } }),
  store: (db, { id }, objectKey) =>
    db.screenshot.updateMany({
      where: { id, upload: 'PENDING' },
      data: { upload: 'STORED', objectKey },
    }),
  keyOf: (row) => screenshotKey(row, 0),
  contextOf: screenshotContext,
};

/** The actions of this feature, by the name in the URL. */
export const objectActions: Partial<Record<Grant['action'], ObjectAction>> = {
  'upload-screenshot': {
    method: 'PUT',
    run: (app, id, request) => takeStreamed(app, screenshots, id, request),
  },
  'upload-snapshot': { method: 'PUT', run: (app, id, request) => takeSnapshot(app, id, request) },
  'read-screenshot': { method: 'GET', run: readScreenshot },
  'read-snapshot': { method: 'GET', run: readSnapshot },
  ...audioActions,
};

/**
 * Answers `/objects/ACTION/ID?expires&signature`. The signature is the right: it was given to somebody
 * who may, and it ends.
 */
export async function handleObject(
  app: App,
  actions: Partial<Record<Grant['action'], ObjectAction>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { action, id } = readGrant(app, actions, request);
    const answer = await action.run(app, id, request);
    if (!answer) {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(answer.status ?? 200, {
      'content-type': answer.type,
      'content-length': 'bytes' in answer ? answer.bytes : answer.body.length,
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      ...answer.headers,
    });
    if ('bytes' in answer) await pipeline(answer.body, response);
    else response.end(answer.body);
  } catch (error) {
    const refusal = error instanceof HttpRefusal ? error : null;
    if (response.destroyed) return; // the client left in the middle of a long body
    if (!refusal && error !== request.errored)
      // the client left: no fault
      app.log.error({ err: error }, 'an object could not be moved');
    if (response.headersSent) return void response.destroy(); // cut short, so that nobody takes it for whole
    const status = refusal?.status ?? 500;
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(
      JSON.stringify({
        code: refusal ? 'REFUSED' : 'UNEXPECTED',
        message: refusal?.message ?? 'Unexpected error.',
      }),
    );
    request.resume();
  }
}

/** The plain HTML of a stored snapshot. */
export async function readSnapshotHtml(
  app: Pick<App, 'storage'>,
  key: DataKey,
  objectKey: string,
): Promise<string> {
  const sealed = await app.storage.get(objectKey);
  return (await decompress(unseal(key, sealed, objectKey))).toString('utf8');
}

/** The plain bytes of a stored screenshot. */
export async function readScreenshotBytes(
  app: Pick<App, 'storage'>,
  key: DataKey,
  { id, objectKey }: { id: string; objectKey: string },
): Promise<Buffer> {
  return unseal(key, await app.storage.get(objectKey), screenshotContext(id));
}

function readGrant(
  app: App,
  actions: Partial<Record<string, ObjectAction>>,
  request: IncomingMessage,
): { action: ObjectAction; id: string } {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const [, , name = '', id = ''] = pathname.split('/');
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action || !/^[0-9a-f-]{36}$/.test(id))
    throw new HttpRefusal(404, 'Expected a signed URL as the API gives it.');
  if (request.method !== action.method)
    throw new HttpRefusal(405, `Expected ${action.method} for ${name}, got ${request.method}.`);
  const verdict = app.signer.check(
    { action: name as Grant['action'], id },
    searchParams,
    new Date(),
  );
  if (verdict === 'forged')
    throw new HttpRefusal(403, 'Expected a signature of this server for this object.');
  if (verdict === 'expired')
    throw new HttpRefusal(410, 'The signed URL has expired. Ask the API for a new one.');
  return { action, id };
}

/** Takes the HTML of a snapshot, redacts, compresses and seals it. It is held in memory: at most 8 MiB, and few at once. */
async function takeSnapshot(app: App, id: string, request: IncomingMessage): Promise<null> {
  const row = await app.db.pageSnapshot.findUnique({ where: { id } });
  if (!row) throw new HttpRefusal(404, `Expected an announced snapshot, ${id} is none.`);
  if (row.upload !== 'PENDING') return drain(request); // a repeat
  const access = await openSession(app, row.sessionId);
  if (!access) throw new HttpRefusal(410, 'The session of this snapshot is gone.');
  refuseLength(request, Math.min(row.originalBytes, limits.snapshotBytes));
  if (snapshotsInHand >= snapshotsAtOnce)
    throw new HttpRefusal(503, 'Too many snapshots arrive at once. Send it again in a second.');
  snapshotsInHand += 1;
  try {
    return await storeSnapshot(app, row, access.key, request);
  } finally {
    snapshotsInHand -= 1;
  }
}

async function storeSnapshot(
  app: App,
  row: PageSnapshot,
  key: DataKey,
  request: IncomingMessage,
): Promise<null> {
  const { id } = row;
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > row.originalBytes) throw tooLong(row.originalBytes);
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  refuseOther(bytes, row.originalBytes, createHash('sha256').update(body).digest(), row.sha256);
  const objectKey = snapshotKey(row, row.sha256);
  const sealed = seal(key, await compress(redactHtml(body.toString('utf8'))), objectKey);
  await app.storage.put(objectKey, sealed);
  // Equal pages that were announced meanwhile share the object; the first one carries its size.
  await app.db.$transaction([
    app.db.pageSnapshot.updateMany({
      where: { id, upload: 'PENDING' },
      data: { upload: 'STORED', objectKey, storedBytes: sealed.length },
    }),
    app.db.pageSnapshot.updateMany({
      where: { sessionId: row.sessionId, sha256: row.sha256, upload: 'PENDING' },
      data: { upload: 'STORED', objectKey, storedBytes: 0 },
    }),
  ]);
  const users = await app.db.pageSnapshot.count({ where: { sessionId: row.sessionId, objectKey } });
  if (users === 0) await app.storage.remove(objectKey); // dropped or removed meanwhile
  app.metrics.uploadBytes.inc({ kind: 'snapshot' }, bytes);
  return null;
}

async function readScreenshot(app: App, id: string): Promise<{ body: Buffer; type: string }> {
  const row = await app.db.screenshot.findUnique({
    where: { id },
    select: { sessionId: true, objectKey: true, mimeType: true, redactedAt: true },
  });
  const access = row && (await openSession(app, row.sessionId));
  if (!row?.objectKey || !row.redactedAt || !access)
    throw new HttpRefusal(404, 'The picture is gone.');
  return {
    body: await readScreenshotBytes(app, access.key, { id, objectKey: row.objectKey }),
    type: row.mimeType,
  };
}

async function readSnapshot(app: App, id: string): Promise<{ body: Buffer; type: string }> {
  const row = await app.db.pageSnapshot.findUnique({
    where: { id },
    select: { sessionId: true, objectKey: true },
  });
  const access = row && (await openSession(app, row.sessionId));
  if (!row?.objectKey || !access) throw new HttpRefusal(404, 'The snapshot is gone.');
  const html = await readSnapshotHtml(app, access.key, row.objectKey);
  return { body: Buffer.from(html), type: 'text/html; charset=utf-8' };
}
