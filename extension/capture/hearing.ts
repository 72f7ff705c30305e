import { connect, type Port } from './capture.ts';
import { endDialogs, lookForDialogs, watchDialogs } from './dialogs.ts';
import { listenToDragging } from './drag.ts';
import { listenToFields } from './fields.ts';
import { commitFocus, listenToFocus } from './focus.ts';
import { listenToHover } from './hover.ts';
import { listenToKeyboard } from './keyboard.ts';
import { deafen, whileHearing } from './listen.ts';
import { closeOnNavigation } from './navigation.ts';
import { commit, dropPress } from './pending.ts';
import { watchPerson } from './person.ts';
import { closePress, listenToPointer } from './pointer.ts';
import { forgetSecrets } from './privacy.ts';
import { endRest, settleNow, surveySoon, watchRest } from './rest.ts';
import { listenToScrolling } from './scrolling.ts';
import { beginSurvey, endSurvey } from './survey.ts';
import { listenToTouch } from './touch.ts';
import { listenToTyping } from './typing.ts';

/** Hears everything on the page from now on, and tells the port. Ends with `stopHearing`. */
export function startHearing(port: Port): void {
  connect(port);
  beginSurvey();
  // The first to hear of a pointer is who must know the page before it.
  listenToHover();
  listenToPointer();
  listenToDragging();
  listenToTouch();
  listenToTyping();
  listenToKeyboard();
  listenToFields();
  listenToFocus();
  listenToScrolling();
  closeOnNavigation();
  watchRest();
  watchDialogs();
  watchPerson();
  const options = { signal: whileHearing() };
  document.addEventListener('DOMContentLoaded', surveySoon, options);
  document.addEventListener('visibilitychange', surveySoon, options);
  surveySoon();
}

/** Closes everything that waits for more: it is told as what it is now. */
export function closeAll(isLeaving: boolean): void {
  if (isLeaving) closePress();
  commitFocus();
  commit();
  if (!isLeaving) lookForDialogs();
  settleNow();
}

/** Nothing is heard any more; what was not told is given up. */
export function stopHearing(): void {
  dropPress();
  deafen();
  endRest();
  endDialogs();
  endSurvey();
  connect(null);
  forgetSecrets();
}
