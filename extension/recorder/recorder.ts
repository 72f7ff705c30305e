import { consentText } from '../face/consent-text.ts';
import { problems } from '../face/words.ts';
import type { FaceState, Requests, Settings } from '../messages.ts';
import { forgetConnection, saveConnection, testConnection } from '../outbox/connections.ts';
import { giveConsent, withdrawConsent } from '../outbox/consents.ts';
import { openSender } from '../outbox/sender.ts';
import { loadLimitBytes, loadSettings, saveSettings } from '../outbox/settings.ts';
import { openStore } from '../outbox/store.ts';
import { type Handlers, RefusedError } from '../wire.ts';
import { openAudio } from './audio.ts';
import { openBroadcast } from './broadcast.ts';
import { openCamera } from './camera.ts';
import { openCoverage } from './coverage.ts';
import type { Current, Desk } from './desk.ts';
import type { Diagnostics } from './diagnostics.ts';
import { openDocuments } from './documents.ts';
import { openDownloads } from './downloads.ts';
import { faceStateOf, glanceOf } from './face-state.ts';
import { notifyDone, openFaces } from './faces.ts';
import { openFilm } from './film.ts';
import { openEar, type Speaker } from './hear.ts';
import { openMemory } from './memory.ts';
import { openNavigation } from './navigation.ts';
import { openNumbering } from './numbering.ts';
import { openSecrets } from './secrets.ts';
import { openSessions } from './sessions.ts';
import { giveShots } from './shots.ts';
import { openTabs } from './tabs.ts';
import { openTurns } from './turns.ts';

const problemKey = 'problem';

/**
 * The recorder: the one source of truth. All of it is made anew whenever the worker comes up, from
 * what is on disk and in the browser's memory.
 */
export async function openRecorder(diagnostics: Diagnostics) {
  const memory = await openMemory(chrome.storage.session);
  let settings = await loadSettings();
  let current: Current | null = null;
  const onProblem = ({ message, advice }: { message: string; advice: string }): void => {
    diagnostics.trouble(message);
    const problem: FaceState['problem'] = { message, advice, at: new Date().toISOString() };
    void memory.set(problemKey, problem).then(() => faces.changed());
  };
  const store = await openStore({ onProblem, limitBytes: loadLimitBytes });
  const film = openFilm();
  const desk: Desk = {
    store,
    memory,
    secrets: openSecrets(memory),
    film,
    coverage: openCoverage(store),
    settings: () => settings,
    current: () => current,
    inTurn: openTurns(),
    changed: () => faces.changed(),
  };
  diagnostics.cleanWith(desk.secrets.cleanText);
  const documents = openDocuments(desk);
  const camera = openCamera(desk, documents);
  const numbering = openNumbering(desk, camera);
  giveShots(desk, camera, numbering);
  const tabs = openTabs(desk, documents, camera, numbering);
  const navigation = openNavigation(desk, camera, numbering, tabs);
  const downloads = openDownloads(desk, camera, numbering, tabs);
  const broadcast = openBroadcast(desk);
  const ear = openEar(desk, documents, camera, numbering, () => void broadcast.turns());
  const sender = openSender({
    store,
    onProblem,
    watch: diagnostics.watch,
    onRemote: (session) => {
      faces.changed();
      notifyDone(desk, session).catch((error: unknown) =>
        console.error('Nobody could be told that a session is done:', error),
      );
    },
  });
  const problem = () => memory.get<FaceState['problem']>(problemKey) ?? null;
  const faces = openFaces(
    () => faceStateOf(desk, sender, problem()),
    () => glanceOf(desk, sender, problem()),
  );
  const setCurrent = (session: Current | null): void => {
    current = session;
    faces.changed();
  };
  const sessions = openSessions({
    desk,
    setCurrent,
    camera,
    numbering,
    tabs,
    broadcast,
    audio: openAudio(store),
    onProblem,
  });
  store.onChange(faces.changed);
  sender.onChange(faces.changed);
  await sessions.restore();
  faces.changed();

  const changeSettings = async (change: Partial<Settings>): Promise<Settings> => {
    settings = await saveSettings(change);
    if (current && ('excludedSites' in change || 'showsMark' in change)) await broadcast.turns();
    faces.changed();
    return settings;
  };

  const handlers: Required<Handlers<Omit<Requests, 'audio.start' | 'audio.stop'>>> = {
    async 'page.hello'({ documentId: _, path, url }, from) {
      const { tabId, frameId, documentId, tabUrl } = speakerOf(from);
      await documents.hello(tabId, frameId, { documentId, path });
      return broadcast.turnFor(url, tabUrl);
    },
    'page.tell': (tell, from) => ear.tell(tell, speakerOf(from)),
    async 'mark.moved'(place) {
      await broadcast.moveMark(place);
      return null;
    },
    'face.state': () => faceStateOf(desk, sender, problem()),
    'connection.test': (ask) => testConnection(ask),
    async 'connection.save'(ask) {
      const test = await saveConnection(ask);
      faces.changed();
      return test;
    },
    async 'connection.forget'() {
      await forgetConnection();
      faces.changed();
      return null;
    },
    async 'consent.give'({ version, locale }) {
      if (version !== consentText.version) throw new RefusedError(...outdated);
      await giveConsent({ version, locale, text: consentText.text });
      faces.changed();
      return null;
    },
    async 'consent.withdraw'() {
      if (current) await sessions.stop();
      await withdrawConsent();
      faces.changed();
      return null;
    },
    'settings.save': changeSettings,
    'session.start': ({ task }) => sessions.start(task),
    'session.pause': () => sessions.pause(),
    'session.resume': () => sessions.resume(),
    'session.stop': () => sessions.stop(),
    'session.release': ({ sessionId }) => sessions.release(sessionId),
    'session.discard': ({ sessionId }) => sessions.discard(sessionId),
    async 'problem.dismiss'() {
      await memory.remove([problemKey]);
      faces.changed();
      return null;
    },
    'audio.lost': () => sessions.loseAudio(),
  };

  return {
    handlers,
    tabs,
    navigation,
    downloads,

    async connect(port: chrome.runtime.Port): Promise<void> {
      await faces.connect(port);
      await sender.refresh();
    },

    /** The key was pressed: stops what goes on, or asks what the next session is about. */
    async toggle(): Promise<void> {
      if (current) {
        await sessions.stop();
        return;
      }
      try {
        await chrome.action.openPopup();
      } catch {
        onProblem(problems.noTask); // no window is in front
      }
    },

    /** Goes on with what waits, after a sleep. */
    wake(): void {
      sender.wake();
      numbering.schedule();
    },
  };
}

export type Recorder = Awaited<ReturnType<typeof openRecorder>>;

const outdated = [
  'The text that was agreed to is not the newest one.',
  'Open CodeSight again and read it once more.',
] as const;

function speakerOf({ tab, frameId, documentId, url }: chrome.runtime.MessageSender): Speaker {
  if (tab?.id === undefined || frameId === undefined || documentId === undefined) {
    throw new RefusedError('Expected a document of a tab.');
  }
  return { tabId: tab.id, frameId, documentId, url: url ?? '', tabUrl: tab.url ?? '' };
}
