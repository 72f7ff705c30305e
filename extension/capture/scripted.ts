import { greet, keepMoment, tell, turn } from './capture.ts';
import { watchDialogs } from './dialogs.ts';
import { commitFocus, listenToFields } from './fields.ts';
import { listenToKeyboard } from './keyboard.ts';
import { look, placeOf, quietMs } from './look.ts';
import { watchNavigation } from './navigation.ts';
import { commit } from './pending.ts';
import { commitHover, listenToHover, listenToPointer } from './pointer.ts';
import { rememberSecret, whenLearned } from './privacy.ts';
import type { PageApi, ScriptedMessage } from './scripting.ts';
import { endScroll, listenToScrolling } from './scrolling.ts';
import { listenToTyping } from './typing.ts';

declare global {
  var __codesight: (message: ScriptedMessage) => Promise<{ secrets: string[] }>;
  var __codesightPage: PageApi;
}

globalThis.__codesightPage = {
  ready({ secrets, isHover }) {
    for (const secret of secrets) rememberSecret(secret);
    turn.hasActed = false;
    turn.isHover = isHover;
    keepMoment();
  },
  flush() {
    endScroll();
    commitHover();
    commitFocus();
    turn.isHover = false;
  },
  finish: commit,
  look,
  quietMs,
  placeOf,
};

whenLearned((value) => tell({ kind: 'secret', value }));
listenToPointer();
listenToHover();
listenToTyping();
listenToKeyboard();
listenToFields();
listenToScrolling();
watchDialogs();
watchNavigation();
greet().then(
  ({ secrets }) => secrets.forEach(rememberSecret),
  () => {}, // no recorder, nobody to keep it from
);
