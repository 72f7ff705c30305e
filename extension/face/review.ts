import type { KeptRecord, Store, StoredSession } from '../outbox/types.ts';
import { ask } from '../wire.ts';
import { askDialog } from './ask-dialog.ts';
import { h, setText, show } from './dom.ts';
import { icon } from './icons.ts';
import { actionButton, type Trouble, troubleBanner, troubleOf } from './pieces.ts';
import { watchState } from './port.ts';
import { pageViewer } from './review-page.ts';
import { pictureLoader, pictureViewer } from './review-pictures.ts';
import { type Moment, timelineOf } from './review-timeline.ts';
import { clockWords, countWords, sessionWords } from './words.ts';

/** Shows what was captured in one session, as it would be sent, and lets it go or discards it. */
export async function openReview(
  body: HTMLElement,
  store: Store,
  sessionId: string,
): Promise<void> {
  const complain = (trouble: Trouble | null) => banner.set(trouble);
  const fail = (error: unknown) => complain(troubleOf(error));
  const banner = troubleBanner(() => complain(null));
  const title = h('h1', {}, 'Session');
  const about = h('p', { class: 'hint' });
  const stand = h('span', { class: 'strong', role: 'status' });
  const note = h('span', { class: 'hint', hidden: true }, ' You see it as it would be sent.');
  const release = actionButton(
    'Send it',
    { kind: 'primary', icon: 'check', onTrouble: complain },
    () => ask('session.release', { sessionId }),
  );
  const removal = askDialog({
    title: 'Discard this session?',
    text: 'Everything that was captured in it is removed from this device, and from the server what was sent of it. It cannot be undone.',
    yes: 'Discard',
    act: async () => {
      await ask('session.discard', { sessionId });
      place('discarding');
    },
  });
  const discard = actionButton(
    'Discard…',
    { kind: 'danger', icon: 'trash', onTrouble: complain },
    async () => removal.open(),
  );
  const list = h('ol', { class: 'moments' });
  const sounds = h('section', { class: 'sounds', 'aria-label': 'Your voice', hidden: true });
  const main = h('main', { 'aria-busy': 'true' }, sounds, list);
  const loader = pictureLoader(store.bytes, fail);
  const viewer = pictureViewer(loader, fail);
  const pages = pageViewer(store.bytes, fail);
  body.append(
    h(
      'header',
      { class: 'review-head' },
      h('span', { class: 'brand' }, icon('brand')),
      h('div', { class: 'what' }, title, about, h('p', {}, stand, note)),
      h('div', { class: 'buttons' }, discard, release),
    ),
    h('div', { class: 'page-trouble' }, banner.element),
    main,
    viewer.element,
    pages.element,
    removal.element,
  );

  const place = (state: string) => {
    setText(stand, `${sessionWords({ state, stages: [] })}.`);
    show(note, state === 'held');
    show(release, state === 'held');
    show(discard, /^(?:held|sending|stuck)$/.test(state));
    show(main, !/^(?:discarding|discarded|erased)$/.test(state));
  };

  const session = await store.session(sessionId);
  if (!session) {
    setText(title, 'This session is not on this device');
    setText(about, 'It was sent and cleared away, or discarded.');
    show(release, false);
    show(discard, false);
    main.setAttribute('aria-busy', 'false');
    return;
  }
  const [steps, kept] = await Promise.all([store.interactions(sessionId), store.blobs(sessionId)]);
  const shots = kept.flatMap((blob) => (blob.kind === 'screenshot' ? [blob.record] : []));
  const moments = timelineOf(steps, shots, session.startedAt);
  document.title = `${session.task || 'Session'} · CodeSight`;
  setText(title, session.task || 'A session without a task');
  setText(about, aboutWords(session, kept, steps.length));
  place(session.remote?.state ?? session.state);
  viewer.setFrames(
    moments.flatMap((moment) => moment.pictures.map((picture) => ({ picture, moment }))),
  );
  list.append(...moments.map((moment) => momentRow(moment, loader, viewer.open, pages.open)));
  if (moments.length === 0)
    main.append(h('p', { class: 'hint nothing' }, 'Nothing of it is kept here any more.'));
  await addSounds(sounds, kept, store);
  main.setAttribute('aria-busy', 'false');
  watchState(({ recent }) => {
    const state = recent.find(({ id }) => id === sessionId)?.state;
    if (state) place(state);
  });
}

function aboutWords(session: StoredSession, kept: KeptRecord[], steps: number): string {
  const count = (kind: KeptRecord['kind']) => kept.filter((blob) => blob.kind === kind).length;
  const started = new Date(session.startedAt);
  const lasted = session.endedAt ? Date.parse(session.endedAt) - started.getTime() : null;
  return [
    started.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' }),
    lasted === null ? null : clockWords(lasted),
    countWords(steps, 'step'),
    countWords(count('screenshot'), 'picture'),
    `${countWords(count('snapshot'), 'page')} as text`,
    count('audio') > 0 ? 'voice' : null,
  ]
    .filter(Boolean)
    .join(' · ');
}

function momentRow(
  { sequence, clock, words, place, pictures, snapshotId }: Moment,
  loader: ReturnType<typeof pictureLoader>,
  open: (id: string) => void,
  openPage: (id: string, words: string) => void,
): HTMLElement {
  const thumbs = pictures.map((picture) => {
    const image = h('img', { alt: '', width: picture.width, height: picture.height });
    const thumb = h(
      'button',
      { type: 'button', class: 'thumb', 'aria-label': `${picture.words}: ${words}. Show it large` },
      image,
      h('span', {}, picture.words),
    );
    loader.whenNear(thumb, image, picture.id);
    thumb.addEventListener('click', () => open(picture.id));
    return thumb;
  });
  return h(
    'li',
    { class: sequence === null ? 'moment loose' : 'moment' },
    h('span', { class: 'when' }, clock),
    h(
      'div',
      {},
      h('p', { class: 'words' }, words),
      place ? h('p', { class: 'hint' }, place) : null,
    ),
    h('div', { class: 'thumbs' }, ...thumbs, snapshotId ? pageButton(snapshotId) : null),
  );

  function pageButton(id: string): HTMLElement {
    const button = h(
      'button',
      { type: 'button', class: 'button plain', 'aria-label': `The page as text, before: ${words}` },
      'Page as text',
    );
    button.addEventListener('click', () => openPage(id, `The page before: ${words}`));
    return button;
  }
}

async function addSounds(place: HTMLElement, kept: KeptRecord[], store: Store): Promise<void> {
  for (const blob of kept) {
    if (blob.kind !== 'audio') continue;
    const bytes = await store.bytes(blob.record.id);
    if (!bytes) continue;
    const src = URL.createObjectURL(new Blob([bytes], { type: blob.record.mimeType }));
    place.append(
      h('p', {}, `Your voice, ${clockWords(blob.record.durationMs)}`),
      h('audio', { controls: true, src, preload: 'metadata' }),
    );
    show(place, true);
  }
}
