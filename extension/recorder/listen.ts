import type { Requests } from '../messages.ts';
import { type Handlers, handle } from '../wire.ts';
import { type Diagnostics, openDiagnostics } from './diagnostics.ts';
import { openReview } from './faces.ts';
import { openRecorder, type Recorder } from './recorder.ts';
import { openTurns } from './turns.ts';

const asked = [
  'page.hello',
  'page.tell',
  'mark.moved',
  'face.state',
  'connection.test',
  'connection.save',
  'connection.forget',
  'consent.give',
  'consent.withdraw',
  'settings.save',
  'session.start',
  'session.pause',
  'session.resume',
  'session.stop',
  'session.release',
  'session.discard',
  'problem.dismiss',
  'audio.lost',
] as const satisfies (keyof Recorder['handlers'])[];

/**
 * Puts up all listeners in the first turn of the worker's loop: an event wakes the worker for them,
 * and is lost without. What they hear waits until the recorder is open.
 */
export function listen(): void {
  keepZodFromEval();
  const diagnostics = openDiagnostics();
  diagnostics.note('worker.started');
  const opened = openRecorder(diagnostics);
  opened.catch((error: unknown) => console.error('The recorder could not be opened:', error));
  const then = (work: (recorder: Recorder) => Promise<unknown> | unknown): void => {
    opened.then(work).catch((error: unknown) => console.error('An event was not kept:', error));
  };

  handle(handlersOf(opened, diagnostics));
  chrome.runtime.onConnect.addListener((port) => {
    const isOwn = port.sender?.url?.startsWith(chrome.runtime.getURL(''));
    if (port.name === 'face' && isOwn) then((recorder) => recorder.connect(port));
  });
  chrome.runtime.onStartup.addListener(() => then(() => {}));
  chrome.runtime.onInstalled.addListener(() => then(() => {}));
  chrome.alarms.onAlarm.addListener(() => then((recorder) => recorder.wake()));
  chrome.commands.onCommand.addListener((command) => {
    if (command === 'toggle-recording') then((recorder) => recorder.toggle());
  });
  chrome.notifications.onClicked.addListener((id) => then(() => openReview(id)));

  /** What the browser tells is kept in the order in which it was told. */
  const inTurn = openTurns();
  const next = (work: (recorder: Recorder, at: number) => Promise<void> | void): void => {
    const at = Date.now();
    then((recorder) => inTurn(async () => work(recorder, at)));
  };
  const { downloads, tabs, webNavigation, windows } = chrome;
  tabs.onCreated.addListener((tab) => next((recorder, at) => recorder.tabs.created(tab, at)));
  tabs.onActivated.addListener((to) => next((recorder, at) => recorder.tabs.activated(to, at)));
  tabs.onRemoved.addListener((tabId) => next((recorder, at) => recorder.tabs.removed(tabId, at)));
  tabs.onUpdated.addListener((tabId, { title }, tab) => {
    if (title !== undefined) next((recorder) => recorder.tabs.changed(tabId, tab));
  });
  windows.onFocusChanged.addListener((id) => next((recorder, at) => recorder.tabs.focused(id, at)));

  webNavigation.onBeforeNavigate.addListener((to) =>
    next(({ navigation }) => navigation.asked(to)),
  );
  webNavigation.onCommitted.addListener((to) => next(({ navigation }) => navigation.committed(to)));
  webNavigation.onDOMContentLoaded.addListener((to) =>
    next(({ navigation }) => navigation.stood(to)),
  );
  webNavigation.onHistoryStateUpdated.addListener((to) =>
    next(({ navigation }) => navigation.routed(to, 'history')),
  );
  webNavigation.onReferenceFragmentUpdated.addListener((to) =>
    next(({ navigation }) => navigation.routed(to, 'fragment')),
  );
  downloads.onCreated.addListener((item) =>
    next((recorder, at) => recorder.downloads.created(item, at)),
  );
  downloads.onChanged.addListener((change) => {
    if (change.filename) next((recorder) => recorder.downloads.named(change));
  });
}

function handlersOf(opened: Promise<Recorder>, { note }: Diagnostics): Handlers<Requests> {
  const entries = asked.map((name) => [
    name,
    async (ask: never, from: chrome.runtime.MessageSender) => {
      if (/^(?:session|connection|audio)\./.test(name)) note(name);
      return (await opened).handlers[name](ask, from);
    },
  ]);
  return Object.fromEntries(entries);
}

/**
 * The contract would try `new Function` for its fast path, which the CSP reports as a violation. What
 * Zod was configured with stands on `globalThis`; https://github.com/colinhacks/zod/issues/4461
 */
function keepZodFromEval(): void {
  const { __zod_globalConfig: config } = globalThis as {
    __zod_globalConfig?: { jitless?: boolean };
  };
  if (config) config.jitless = true;
}
