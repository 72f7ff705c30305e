import type { App } from '../platform/app.ts';
import { sealOverheadBytes, unseal } from '../platform/keys.ts';
import { HttpRefusal, type ObjectAction } from './http-refusal.ts';
import { openSession } from './session-keys.ts';
import { type Streamed, takeStreamed } from './stream-upload.ts';

const readsAtOnce = 4; // each is held whole, sealed and plain: at 64 MiB half a gigabyte
let readsInHand = 0;

const streamed: Streamed = {
  one: 'audio clip',
  find: (db, id) => db.audioClip.findUnique({ where: { id } }),
  store: (db, { id, originalBytes }, objectKey) =>
    db.audioClip.updateMany({
      where: { id, upload: 'PENDING' },
      data: {
        upload: 'STORED',
        objectKey,
        storedBytes: originalBytes + sealOverheadBytes,
        uploadedAt: new Date(),
      },
    }),
  keyOf: ({ projectId, sessionId, id }) => `${projectId}/${sessionId}/audio/${id}`,
  contextOf: (id) => `audio-clip/${id}`,
};

/** Upload and download of audio clips by their signed URLs. */
export const audioActions: Record<'upload-audio-clip' | 'read-audio-clip', ObjectAction> = {
  'upload-audio-clip': {
    method: 'PUT',
    run: (app, id, request) => takeStreamed(app, streamed, id, request),
  },
  'read-audio-clip': { method: 'GET', run: readAudioClip },
};

async function readAudioClip(app: App, id: string): Promise<{ body: Buffer; type: string }> {
  const row = await streamed.find(app.db, id);
  const access = row && (await openSession(app, row.sessionId));
  if (!row?.objectKey || !access) throw new HttpRefusal(404, 'The audio clip is gone.');
  if (readsInHand >= readsAtOnce)
    throw new HttpRefusal(503, 'Too many audio clips are read at once. Ask again in a second.');
  readsInHand += 1;
  try {
    const sealed = await app.storage.get(row.objectKey);
    return { body: unseal(access.key, sealed, streamed.contextOf(id)), type: row.mimeType };
  } finally {
    readsInHand -= 1;
  }
}
