import { newId } from '../../src/lib/ids.ts';
import { consentText } from '../face/consent-text.ts';
import { problems } from '../face/words.ts';
import { loadConnection } from '../outbox/connections.ts';
import { loadConsent } from '../outbox/consents.ts';
import type { StoredSession } from '../outbox/types.ts';
import { RefusedError } from '../wire.ts';
import type { Audio } from './audio.ts';
import type { Broadcast } from './broadcast.ts';
import type { Camera } from './camera.ts';
import type { Current, Desk } from './desk.ts';
import type { Numbering } from './numbering.ts';
import { frontTab, type Tabs } from './tabs.ts';
import { openTurns } from './turns.ts';

export const recorderAlarm = 'recorder';

/** The last words of all pages, and the last picture, are waited for so long. */
const finishMs = 1_000;
const lastPictureMs = 1_600;
const aliveKey = 'alive';

type Parts = {
  desk: Desk;
  setCurrent: (session: Current | null) => void;
  camera: Camera;
  numbering: Numbering;
  tabs: Tabs;
  broadcast: Broadcast;
  audio: Audio;
  onProblem: (problem: { message: string; advice: string }) => void;
};

/** Begins, pauses and ends sessions. One thing after the other. */
export function openSessions(parts: Parts) {
  const { desk, setCurrent, camera, numbering, tabs, broadcast, audio, onProblem } = parts;
  const { store, memory, secrets, coverage } = desk;
  const inTurn = openTurns();

  const forgetSession = async (): Promise<void> => {
    await camera.clear();
    await secrets.forget();
    await memory.remove(
      ['snap:', 'seen:', 'protected:', 'asked:', 'opened:'].flatMap((prefix) =>
        memory.keys(prefix),
      ),
    );
  };

  /** A session whose microphone cannot be had goes on without. */
  const startAudio = async (session: Current): Promise<void> => {
    if (!session.recordsAudio) return;
    try {
      await audio.start(session.id);
    } catch (error) {
      console.warn('The microphone could not be started:', error);
      await audio.stop(session.id);
      await loseAudio(session, problems.noMicrophone);
    }
  };

  const loseAudio = async (session: Current, problem: (typeof problems)[keyof typeof problems]) => {
    await store.changeSession(session.id, () => ({ recordsAudio: false }));
    setCurrent({ ...session, recordsAudio: false });
    coverage.add(session.id, { note: problem.message });
    onProblem(problem);
  };

  /** Repeatable up to its end: what is done already is done again to no effect. */
  const seal = async (session: Current): Promise<void> => {
    await camera.rest();
    await audio.stop(session.id);
    await numbering.close(session, () => true);
    await numbering.finish(session);
    await coverage.flush();
    await store.changeSession(session.id, ({ endedAt, isHeld }) => ({
      endedAt: endedAt ?? new Date().toISOString(),
      state: isHeld ? 'held' : 'sending',
    }));
    setCurrent(null);
    await forgetSession();
    await chrome.alarms.clear(recorderAlarm);
    await broadcast.turns();
    desk.changed();
  };

  const needCurrent = (): Current => {
    const session = desk.current();
    if (session) return session;
    throw new RefusedError('Nothing is being recorded.', 'Start a recording first.');
  };

  return {
    start: (task: string): Promise<{ sessionId: string }> =>
      inTurn(async () => {
        if (desk.current()) {
          throw new RefusedError('A session is being recorded already.', 'Stop it first.');
        }
        if (!(await loadConnection())) throw refusal(problems.noConnection);
        const consent = await loadConsent();
        if (consent?.version !== consentText.version) throw refusal(problems.noConsent);
        if (task.trim() === '') throw refusal(problems.noTask);
        await forgetSession();
        const front = await frontTab();
        const { isHeld, recordsAudio } = desk.settings();
        const stored = await store.startSession({
          id: newId(),
          task: secrets.cleanText(task.trim()),
          startUrl: secrets.cleanUrl(front?.url ?? ''),
          startedAt: new Date().toISOString(),
          client: clientOf(front),
          isHeld,
          recordsAudio,
          consentId: consent.id,
        });
        const session = currentOf(stored);
        setCurrent(session);
        await tabs.learn();
        await chrome.alarms.create(recorderAlarm, { periodInMinutes: 0.5 });
        await broadcast.turns({ mayInject: true });
        await startAudio(session);
        const shown = tabs.shown();
        if (shown !== null) camera.wish('start', shown);
        camera.hear();
        desk.changed();
        return { sessionId: stored.id };
      }),

    pause: (): Promise<null> =>
      inTurn(async () => {
        const session = needCurrent();
        if (session.isPaused) return null;
        await broadcast.finish(finishMs);
        await store.changeSession(session.id, () => ({ state: 'paused' }));
        setCurrent({ ...session, isPaused: true });
        await broadcast.turns();
        await camera.clear();
        await audio.stop(session.id);
        numbering.schedule();
        desk.changed();
        return null;
      }),

    resume: (): Promise<null> =>
      inTurn(async () => {
        const session = needCurrent();
        if (!session.isPaused) return null;
        await store.changeSession(session.id, () => ({ state: 'recording' }));
        const resumed = { ...session, isPaused: false };
        setCurrent(resumed);
        await tabs.learn();
        await broadcast.turns({ mayInject: true });
        await startAudio(resumed);
        const shown = tabs.shown();
        if (shown !== null) camera.wish('before', shown);
        desk.changed();
        return null;
      }),

    stop: (): Promise<null> =>
      inTurn(async () => {
        const session = needCurrent();
        await broadcast.finish(finishMs);
        const shown = tabs.shown();
        if (shown !== null && !session.isPaused) {
          camera.wish('end', shown);
          await camera.whenFulfilled('end', lastPictureMs);
        }
        // From here on a worker that dies ends the session when it is back.
        await store.changeSession(session.id, () => ({ endedAt: new Date().toISOString() }));
        const ending = { ...session, isEnding: true };
        setCurrent(ending);
        await seal(ending);
        return null;
      }),

    async release(sessionId: string): Promise<null> {
      const changed = await store.changeSession(sessionId, ({ state }) =>
        state === 'held' ? { state: 'sending' } : {},
      );
      if (!changed) throw new RefusedError('This session is not on this device any more.');
      desk.changed();
      return null;
    },

    discard: (sessionId: string): Promise<null> =>
      inTurn(async () => {
        const session = desk.current();
        if (session?.id === sessionId) {
          setCurrent(null);
          await audio.stop(sessionId);
          await forgetSession();
          await chrome.alarms.clear(recorderAlarm);
          await broadcast.turns();
        }
        await store.changeSession(sessionId, ({ endedAt }) => ({
          endedAt: endedAt ?? new Date().toISOString(),
          state: 'discarding',
        }));
        desk.changed();
        return null;
      }),

    loseAudio: (): Promise<null> =>
      inTurn(async () => {
        const session = desk.current();
        if (session?.recordsAudio) {
          await audio.stop(session.id);
          await loseAudio(session, problems.microphoneLost);
        }
        return null;
      }),

    /**
     * Goes on after a death. After the browser's, the session is paused: whoever opens the browser
     * again need not know that it was recorded, and what was typed into personal fields, which is
     * never written to disk, is forgotten.
     */
    restore: (): Promise<void> =>
      inTurn(async () => {
        const isBrowserNew = memory.get(aliveKey) === undefined;
        await memory.set(aliveKey, true);
        const open = (await store.sessions()).filter(({ state }) =>
          /^(?:recording|paused)$/.test(state),
        );
        const [newest, ...older] = open;
        for (const stored of older) await seal({ ...currentOf(stored), isEnding: true });
        if (!newest) return isBrowserNew ? audio.tidy() : undefined;
        const session = currentOf(newest);
        coverage.add(session.id, { count: isBrowserNew ? 'browserRestarts' : 'workerRestarts' });
        if (newest.endedAt) return seal({ ...session, isEnding: true });
        setCurrent(session);
        numbering.schedule();
        if (!isBrowserNew) {
          // Not waited for: a page may be waiting for us.
          broadcast.turns({ mayInject: true }).catch((error: unknown) => {
            console.error('The pages could not be told that they are recorded:', error);
          });
          return;
        }
        await audio.rescue(session.id);
        await store.changeSession(session.id, () => ({ state: 'paused' }));
        setCurrent({ ...session, isPaused: true });
        await numbering.close(session, () => true);
        if (!session.isPaused) onProblem(problems.resumed);
      }),
  };
}

export type Sessions = ReturnType<typeof openSessions>;

export function currentOf(stored: StoredSession): Current {
  const { id, task, isHeld, recordsAudio, startedAt, state } = stored;
  return {
    id,
    task,
    isHeld,
    recordsAudio,
    startedAt: Date.parse(startedAt),
    isPaused: state === 'paused',
    isEnding: false,
  };
}

function refusal({ message, advice }: { message: string; advice: string }): RefusedError {
  return new RefusedError(message, advice);
}

function clientOf(tab: chrome.tabs.Tab | null): Record<string, unknown> {
  return {
    name: 'codesight-extension',
    version: chrome.runtime.getManifest().version,
    userAgent: navigator.userAgent,
    language: navigator.language,
    viewport: tab ? { width: tab.width, height: tab.height } : null,
  };
}
