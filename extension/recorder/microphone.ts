import { ask, handle, RefusedError } from '../wire.ts';
import { openAudioChunks } from './audio-chunks.ts';

type Running = {
  clipId: string;
  recorder: MediaRecorder;
  stream: MediaStream;
  /** Resolves when the last sound was given out; a track that ends stops its recorder by itself. */
  stopped: Promise<unknown>;
  written: Promise<void>;
};

const bitsPerSecond = 24_000; // Opus; speech stays clear
const chunkMs = 1_000;

/** Records the microphone in the offscreen document, a second at a time onto disk. */
export function openMicrophone(): void {
  let running: Running | null = null;

  const stop = async (): Promise<{ endedAt: number }> => {
    const ending = running;
    running = null;
    if (ending) {
      if (ending.recorder.state !== 'inactive') ending.recorder.stop();
      await ending.stopped;
      for (const track of ending.stream.getTracks()) track.stop();
      await ending.written;
    }
    return { endedAt: Date.now() };
  };

  handle({
    'audio.start': async ({ sessionId, clipId }) => {
      await stop();
      const stream = await listen();
      const chunks = await openAudioChunks();
      const recorder = new MediaRecorder(stream, {
        mimeType: 'audio/webm;codecs=opus',
        audioBitsPerSecond: bitsPerSecond,
      });
      const stopped = new Promise((resolve) => {
        recorder.addEventListener('stop', resolve, { once: true });
      });
      const clip: Running = { clipId, recorder, stream, stopped, written: Promise.resolve() };
      const startedAt = Date.now();
      await chunks.begin({ id: clipId, sessionId, startedAt, lastAt: startedAt });
      let index = 0;
      recorder.addEventListener('dataavailable', ({ data }) => {
        const at = index++;
        if (data.size === 0) return;
        clip.written = clip.written
          .then(async () => chunks.add(clipId, at, await data.arrayBuffer()))
          .catch((error: unknown) => console.error('A second of sound was not kept:', error));
      });
      for (const track of stream.getAudioTracks()) {
        track.addEventListener('ended', () => {
          if (running !== clip) return;
          stop()
            .then(() => ask('audio.lost', { clipId }))
            .catch((error: unknown) => console.error('The microphone was lost:', error));
        });
      }
      recorder.start(chunkMs);
      running = clip;
      return { startedAt };
    },
    'audio.stop': stop,
  });
}

/** @throws {RefusedError} the person or the system does not allow it */
async function listen(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, channelCount: 1 },
    });
  } catch (error) {
    throw new RefusedError(`The microphone may not be used (${Object(error).name}).`);
  }
}
