import type { RecentSession } from '../messages.ts';
import { ask } from '../wire.ts';
import { askDialog } from './ask-dialog.ts';
import { h, setText, show } from './dom.ts';
import { icon } from './icons.ts';
import { actionButton, type Trouble } from './pieces.ts';
import { qualityWords, sentence, sessionWords } from './words.ts';

export type Standing = Pick<RecentSession, 'state' | 'stages' | 'quality' | 'advice'>;

/** What the session is, where it stands, and what can be done with it. */
export function reviewHead(
  sessionId: string,
  {
    onTrouble,
    onStanding,
  }: { onTrouble: (trouble: Trouble | null) => void; onStanding: (standing: Standing) => void },
): {
  element: HTMLElement;
  dialog: HTMLElement;
  describe: (task: string, about: string) => void;
  place: (standing: Standing) => void;
} {
  const title = h('h1', { tabindex: '-1' }, 'Session');
  const about = h('p', { class: 'hint' });
  const stand = h('span', { class: 'strong', role: 'status' });
  const note = h('span', { class: 'hint', hidden: true }, ' You see it as it would be sent.');
  const advice = h('ul', { class: 'points', hidden: true });
  const release = actionButton('Send it', { kind: 'primary', icon: 'check', onTrouble }, () =>
    ask('session.release', { sessionId }),
  );
  const removal = askDialog({
    title: 'Discard this session?',
    text: 'Everything that was captured in it is removed from this device, and from the server what was sent of it. It cannot be undone.',
    yes: 'Discard',
    act: async () => {
      await ask('session.discard', { sessionId });
      place({ state: 'discarding', stages: [], quality: null, advice: [] });
    },
  });
  const discard = actionButton('Discard…', { kind: 'danger', icon: 'trash', onTrouble }, async () =>
    removal.open(),
  );
  removal.element.addEventListener('close', () => {
    if (discard.hidden) title.focus(); // where the browser would put the focus is gone
  });
  release.hidden = true;
  discard.hidden = true;

  const place = (standing: Standing) => {
    const { state, quality } = standing;
    const words = [sessionWords(standing), quality === null ? null : qualityWords(quality)];
    setText(
      stand,
      words
        .filter((each) => each !== null)
        .map(sentence)
        .join(' '),
    );
    const texts = [...new Set(standing.advice)];
    if (texts.join('\n') !== [...advice.children].map((item) => item.textContent).join('\n')) {
      advice.replaceChildren(...texts.map((text) => h('li', {}, text)));
    }
    show(advice, texts.length > 0);
    show(note, state === 'held');
    show(release, state === 'held', title);
    show(discard, /^(?:held|sending|stuck)$/.test(state), title);
    onStanding(standing);
  };

  return {
    element: h(
      'header',
      { class: 'review-head' },
      h('span', { class: 'brand' }, icon('brand')),
      h('div', { class: 'what' }, title, about, h('p', {}, stand, note), advice),
      h('div', { class: 'buttons' }, discard, release),
    ),
    dialog: removal.element,
    describe: (task, words) => {
      setText(title, task);
      setText(about, words);
    },
    place,
  };
}
