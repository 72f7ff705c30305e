import { hideMark, showMark } from '../face/mark.ts';
import type { FramePath, Look, Turn } from '../page.ts';
import { ask, handlePage, UnansweredError } from '../wire.ts';
import { tell } from './capture.ts';
import { closeAll, startHearing, stopHearing } from './hearing.ts';
import { hearSecrets, whenLearned } from './learn.ts';
import { look } from './look.ts';
import { openOutgoing } from './outgoing.ts';
import { cleanUrl } from './privacy.ts';
import { awaitRest } from './rest.ts';
import { surveyed } from './survey.ts';

/** Milliseconds of an action that may go into writing the page; the rest is written ahead. */
const PATIENCE = 5;
const LONGEST_PATIENCE = 30;
const FIRST_WAIT = 200;
const LONGEST_WAIT = 10_000;
const MOST_HELLOS = 20;
const NOTHING: Look = {
  state: {},
  zoom: { scale: 1, x: 0, y: 0 },
  masks: [],
  frames: [],
  unseen: { closedShadowRoots: 0, canvases: 0 },
};

const documentId = crypto.randomUUID();
let turn: Turn | null = null;
/** The session that is heard. */
let sessionId: string | null = null;
let toldAt = Number.NEGATIVE_INFINITY;
let hasEnded = false;

const outgoing = openOutgoing({ documentId, path: pathOf }, isOver, end);

/** There already: a script of this extension that was put into all frames of a page that was open before it. */
const world = globalThis as { codesightStarted?: true };

/** Says hello, and does from then on what the recorder says. Once in a document. */
export function startContent(): void {
  if (world.codesightStarted) return;
  world.codesightStarted = true;
  // Nobody sees it, and perhaps nobody ever will.
  const { prerendering } = document as { prerendering?: boolean };
  if (prerendering) document.addEventListener('prerenderingchange', begin, { once: true });
  else begin();
}

function begin(): void {
  const unhandle = handlePage({
    'page.turn': (next) => {
      take(next);
      return null;
    },
    'page.look': async ({ secrets }) => {
      if (sessionId === null) return NOTHING;
      hearSecrets(secrets);
      await surveyed();
      return look(secrets);
    },
    'page.finish': async () => {
      if (sessionId !== null) closeAll(false);
      await outgoing.drained();
      return null;
    },
  });
  whenLearned((value) => tell({ kind: 'secret', value }));
  window.addEventListener('pagehide', leave);
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted && !hasEnded) void sayHello();
  });
  whenEnded = unhandle;
  void sayHello();
}

let whenEnded = (): void => {};

/** Idempotent: a recorder that came to life again may say the same. */
function take(next: Turn): void {
  turn = next;
  const wanted = next.isRecording && !next.isExcluded ? next.sessionId : null;
  if (wanted !== sessionId) {
    if (sessionId !== null) {
      closeAll(false);
      stopHearing();
    }
    sessionId = wanted;
    if (wanted !== null) hear(wanted);
  }
  if (wanted !== null) hearSecrets(next.secrets);
  showPlace(next);
}

function hear(session: string): void {
  startHearing({
    patience: PATIENCE,
    longestPatience: LONGEST_PATIENCE,
    takesChanges: true,
    finished: awaitRest,
    tell(message) {
      if (message.kind === 'stir' && performance.now() - toldAt < 1_000) return;
      toldAt = performance.now();
      switch (message.kind) {
        case 'changed':
        case 'action':
        case 'stir':
        case 'error':
          outgoing.hint(session, message); // of use only at once
          break;
        default:
          outgoing.tell(session, message);
      }
    },
  });
}

/** The document goes, or is kept for a way back: all of it is told at once. */
function leave(): void {
  if (sessionId === null) return;
  closeAll(true);
  outgoing.flush();
}

async function sayHello(): Promise<void> {
  let wait = FIRST_WAIT;
  for (let attempt = 0; attempt < MOST_HELLOS && !hasEnded; attempt++) {
    try {
      const url = cleanUrl(location.href);
      return take(await ask('page.hello', { documentId, path: pathOf(), url }));
    } catch (error) {
      if (error instanceof UnansweredError && error.isFinal) return end();
      // The recorder speaks first when it comes to life, so that this need not go on for ever.
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
      wait = Math.min(LONGEST_WAIT, wait * 2);
    }
  }
}

/** The recorder refused what belongs to this session: it says what is recorded now. */
async function isOver(session: string): Promise<boolean> {
  await sayHello();
  return turn?.sessionId !== session;
}

/** The extension was reloaded or removed; its next content script takes over. */
function end(): void {
  if (hasEnded) return;
  hasEnded = true;
  window.removeEventListener('pagehide', leave);
  if (sessionId !== null) stopHearing();
  sessionId = null;
  hideMark();
  whenEnded();
}

function showPlace({ isRecording, mark }: Turn): void {
  if (window !== window.top) return;
  if (!isRecording || !mark) {
    hideMark();
    return;
  }
  showMark(mark, (place) => {
    // Only where it stands is lost when nobody hears of it.
    ask('mark.moved', place).catch(() => {});
  });
}

/** Places among the frames of each parent; -1 for a frame in a shadow root, which is not listed. */
function pathOf(): FramePath {
  const path: FramePath = [];
  for (let at: Window = window; at !== at.parent; at = at.parent) {
    const { parent } = at;
    let place = -1;
    for (let index = 0; index < parent.length; index++) if (parent[index] === at) place = index;
    path.unshift(place);
  }
  return path;
}
