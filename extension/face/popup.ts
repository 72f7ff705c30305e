import type { FaceState } from '../messages.ts';
import { ask } from '../wire.ts';
import { connectForm } from './connect-form.ts';
import { consentShort } from './consent-panel.ts';
import { h, setAttribute, setText, show } from './dom.ts';
import { icon } from './icons.ts';
import { type Trouble, troubleBanner, troubleOf } from './pieces.ts';
import { readyView } from './popup-ready.ts';
import { recordingView } from './popup-recording.ts';
import { watchState } from './port.ts';
import { recentList } from './recent.ts';
import { queueWords, sentence } from './words.ts';

type ViewName = 'connect' | 'consent' | 'ready' | 'recording';

/** Builds the popup once; every state of the recorder changes it in place. */
export function openPopup(body: HTMLElement): void {
  let state: FaceState | null = null;
  let own: Trouble | null = null; // what this popup asked for and did not get
  let shown: ViewName | null = null;

  const banner = troubleBanner(() => {
    if (own) return complain(null);
    ask('problem.dismiss', null).catch((error: unknown) => complain(troubleOf(error)));
  });
  const complain = (trouble: Trouble | null) => {
    own = trouble;
    banner.set(own ?? state?.problem ?? null);
  };

  const views = {
    connect: connectView(),
    consent: consentView(complain),
    ready: readyView(complain),
    recording: recordingView(complain),
  };
  const recent = recentList();
  const status = statusStrip();
  const news = h('p', { class: 'unseen', role: 'status' });
  const skeleton = h(
    'div',
    { class: 'view skeleton', 'aria-hidden': 'true' },
    h('i', {}),
    h('i', {}),
    h('i', {}),
  );
  const panel = h('div', { class: 'panel', 'aria-busy': 'true' }, skeleton);
  for (const view of Object.values(views)) {
    view.element.hidden = true;
    panel.append(view.element);
  }
  const main = h(
    'main',
    { class: 'waiting' },
    panel,
    banner.element,
    status.element,
    recent.element,
    news,
  );
  body.append(header(), main);

  watchState((next) => {
    state = next;
    const name = viewOf(next);
    for (const view of Object.values(views)) view.update(next);
    if (name !== shown) {
      const hadFocus = panel.contains(document.activeElement);
      show(skeleton, false);
      for (const [key, view] of Object.entries(views)) view.element.hidden = key !== name;
      if (hadFocus) views[name].heading.focus();
      setAttribute(panel, 'aria-busy', false);
      main.classList.remove('waiting');
    }
    if (shown !== null) setText(news, newsOf(next));
    shown = name;
    complain(own);
    status.update(next);
    recent.update(next.recent);
  });
}

function viewOf({ connection, consent, session }: FaceState): ViewName {
  if (session) return 'recording';
  if (connection.url === null) return 'connect';
  return consent ? 'ready' : 'consent';
}

/** What a screen reader says when it changes. */
function newsOf({ session, connection }: FaceState): string {
  const recording = session ? (session.isPaused ? 'Paused.' : 'Recording.') : 'Not recording.';
  return `${recording} ${sentence(connection.words)}`;
}

function header(): HTMLElement {
  return h(
    'header',
    { class: 'bar' },
    h('span', { class: 'brand' }, icon('brand')),
    h('h1', {}, 'CodeSight'),
    h(
      'a',
      {
        class: 'icon-button',
        href: 'options.html',
        target: '_blank',
        'aria-label': 'Options',
        title: 'Options',
      },
      icon('gear'),
    ),
  );
}

/** Connection and queue in words; two lines stand ready, so that nothing jumps. */
function statusStrip(): { element: HTMLElement; update: (state: FaceState) => void } {
  const words = h('p', {});
  const queue = h('p', { class: 'hint' });
  const light = h('span', { class: 'light' });
  return {
    element: h('div', { class: 'status' }, light, h('div', {}, words, queue)),
    update: (state) => {
      setAttribute(light, 'data-state', state.connection.state);
      setText(words, state.connection.words);
      setText(
        queue,
        state.connection.state === 'unset' && isEmpty(state.queue)
          ? ''
          : queueWords(state.queue, state.connection.state),
      );
    },
  };
}

function isEmpty({ interactions, uploads }: FaceState['queue']): boolean {
  return interactions + uploads === 0;
}

function connectView() {
  const heading = h('h2', { tabindex: '-1' }, 'Connect to your server');
  const form = connectForm({ submit: 'Connect' });
  return {
    element: h('section', { class: 'view' }, heading, form.element),
    heading,
    update: ({ connection }: FaceState) => form.setUrl(connection.url),
  };
}

function consentView(onTrouble: (trouble: Trouble | null) => void) {
  const heading = h('h2', { tabindex: '-1' }, 'Before the first recording');
  return {
    element: h('section', { class: 'view' }, heading, consentShort(onTrouble)),
    heading,
    update: () => {},
  };
}
