import { type DBSchema, openDB } from 'idb';

/** A stretch of sound as it is being recorded. */
export type Clip = { id: string; sessionId: string; startedAt: number; lastAt: number };

interface Schema extends DBSchema {
  clips: { key: string; value: Clip };
  /** In order; only the first of a clip has the header, so that they mean something together only. */
  chunks: { key: [string, number]; value: ArrayBuffer };
}

const strict = { durability: 'strict' } as const;

/** Sound on disk, second by second, until it is made whole. */
export async function openAudioChunks(name = 'codesight-audio') {
  const db = await openDB<Schema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('clips', { keyPath: 'id' });
      fresh.createObjectStore('chunks');
    },
  });
  return {
    async begin(clip: Clip): Promise<void> {
      await db.put('clips', clip);
    },

    async add(clipId: string, index: number, bytes: ArrayBuffer): Promise<void> {
      const tx = db.transaction(['clips', 'chunks'], 'readwrite', strict);
      const clip = await tx.objectStore('clips').get(clipId);
      if (clip) {
        await tx.objectStore('chunks').put(bytes, [clipId, index]);
        await tx.objectStore('clips').put({ ...clip, lastAt: Date.now() });
      }
      await tx.done;
    },

    clips: (): Promise<Clip[]> => db.getAll('clips'),

    /** The sound of a clip as far as it is there; `null` when there is none. */
    async whole(clipId: string): Promise<ArrayBuffer | null> {
      const chunks = await db.getAll('chunks', allOf(clipId));
      return chunks.length === 0 ? null : new Blob(chunks).arrayBuffer();
    },

    async remove(clipId: string): Promise<void> {
      const tx = db.transaction(['clips', 'chunks'], 'readwrite', strict);
      await tx.objectStore('clips').delete(clipId);
      await tx.objectStore('chunks').delete(allOf(clipId));
      await tx.done;
    },

    close: () => db.close(),
  };
}

function allOf(clipId: string): IDBKeyRange {
  return IDBKeyRange.bound([clipId, 0], [clipId, Number.MAX_SAFE_INTEGER]);
}
