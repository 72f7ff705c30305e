import { newId } from '../../src/lib/ids.ts';
import type { OpenedStore } from '../outbox/store.ts';
import { ask } from '../wire.ts';
import { openAudioChunks } from './audio-chunks.ts';
import { sha256 } from './sha256.ts';

const page = 'offscreen.html';

/** Starts and stops the microphone, and makes whole what it recorded. */
export function openAudio(store: Pick<OpenedStore, 'keepBlob' | 'session'>) {
  const chunks = openAudioChunks();

  /** Puts a clip into its session, once: the id of the sound is that of the clip. */
  const assemble = async (clipId: string, sessionId: string): Promise<void> => {
    const db = await chunks;
    const clip = (await db.clips()).find(({ id }) => id === clipId);
    const bytes = clip && (await db.whole(clipId));
    if (clip && bytes && bytes.byteLength > 0) {
      await store.keepBlob(sessionId, {
        kind: 'audio',
        record: {
          id: clipId,
          startedAt: new Date(clip.startedAt).toISOString(),
          durationMs: Math.max(0, clip.lastAt - clip.startedAt),
          mimeType: 'audio/webm',
          bytes: bytes.byteLength,
          sha256: await sha256(bytes),
        },
        bytes,
      });
    }
    await db.remove(clipId);
  };

  return {
    /** @throws {RefusedError} the microphone may not be used */
    async start(sessionId: string): Promise<void> {
      if (!(await chrome.offscreen.hasDocument())) {
        await chrome.offscreen.createDocument({
          url: page,
          reasons: [chrome.offscreen.Reason.USER_MEDIA],
          justification: 'Records your voice while a session is recorded, if you switched that on.',
        });
      }
      await ask('audio.start', { sessionId, clipId: newId() });
    },

    /** Stops the microphone, if it runs, and keeps what it heard. Call it while the session takes more. */
    async stop(sessionId: string): Promise<void> {
      if (await chrome.offscreen.hasDocument()) {
        try {
          await ask('audio.stop', null);
        } catch (error) {
          console.warn('The microphone did not stop by itself:', error); // closing its page ends it
        }
        await chrome.offscreen.closeDocument();
      }
      await this.rescue(sessionId);
    },

    /** Makes whole what a death left of the session. */
    async rescue(sessionId: string): Promise<void> {
      for (const clip of await (await chunks).clips()) {
        if (clip.sessionId === sessionId) await assemble(clip.id, sessionId);
      }
    },

    /** Forgets sounds of sessions that are not here any more. */
    async tidy(): Promise<void> {
      const db = await chunks;
      for (const { id, sessionId } of await db.clips()) {
        if (!(await store.session(sessionId))) await db.remove(id);
      }
    },
  };
}

export type Audio = ReturnType<typeof openAudio>;
