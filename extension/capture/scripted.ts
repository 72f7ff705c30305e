import { beginLate, connect, finish, keepMoment, tell, turn } from './capture.ts';
import { unchangedMs } from './changes.ts';
import { lookForDialogs, watchDialogs } from './dialogs.ts';
import { meantBy } from './dom.ts';
import { listenToDragging } from './drag.ts';
import { listenToFields } from './fields.ts';
import { commitFocus, listenToFocus } from './focus.ts';
import { listenToKeyboard } from './keyboard.ts';
import { hearSecrets, whenLearned } from './learn.ts';
import { onTrusted } from './listen.ts';
import { look, placeOf } from './look.ts';
import { watchNavigation } from './navigation.ts';
import { commit, pointer } from './pending.ts';
import { listenToPointer } from './pointer.ts';
import type { PageApi, ScriptedMessage } from './scripting.ts';
import { endScroll, listenToScrolling } from './scrolling.ts';
import { beginSurvey, survey } from './survey.ts';
import { listenToTyping } from './typing.ts';

declare global {
  var __codesight: (message: ScriptedMessage) => Promise<{ secrets: string[] }>;
  var __codesightPage: PageApi;
}

const speak = globalThis.__codesight;
const patience = Number.POSITIVE_INFINITY; // the script waits
let hovered: Element | null = null;

globalThis.__codesightPage = {
  ready({ secrets, isHover }) {
    hearSecrets(secrets);
    turn.hasActed = false;
    turn.isHover = isHover;
    hovered = null;
    keepMoment();
  },
  flush() {
    endScroll();
    lookForDialogs();
    if (hovered) finish(beginLate(hovered), 'HOVER');
    hovered = null;
    commitFocus();
    turn.isHover = false;
  },
  finish: commit,
  look(secrets) {
    survey(patience);
    const seen = look(secrets);
    // Nobody looks at a pinched page here: nothing of it is shown.
    const { innerWidth: width, innerHeight: height } = window;
    const all = { x: 0, y: 0, width, height, kind: 'EXCLUDED' } as const;
    return seen.zoom.scale === 1 ? seen : { ...seen, masks: [all] };
  },
  async quietMs() {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const isMoving = document.getAnimations().some(({ playState, effect }) => {
      return playState === 'running' && Number.isFinite(effect?.getComputedTiming().endTime);
    });
    return isMoving ? 0 : unchangedMs();
  },
  placeOf: (frame) => placeOf(frame as HTMLElement),
};

connect({
  patience,
  longestPatience: patience,
  takesChanges: false,
  tell(message) {
    speak(message).catch(() => {}); // the recorder is gone, and so is the session
  },
  finished() {},
});
whenLearned((value) => tell({ kind: 'secret', value }));
beginSurvey();
listenToPointer();
listenToDragging();
listenToTyping();
listenToKeyboard();
listenToFields();
listenToFocus();
listenToScrolling();
watchDialogs();
watchNavigation();
onTrusted('mouseover', (_event, origin) => {
  if (turn.isHover && !pointer.press) hovered = meantBy(origin);
});
speak({ kind: 'hello' }).then(
  ({ secrets }) => hearSecrets(secrets),
  () => {}, // no recorder, nobody to keep it from
);
