import type { KeptRecord, Store, StoredSession } from '../outbox/types.ts';
import { h, show } from './dom.ts';
import { type Trouble, troubleBanner, troubleOf } from './pieces.ts';
import { watchState } from './port.ts';
import { reviewHead } from './review-head.ts';
import { pageViewer } from './review-page.ts';
import { pictureLoader, pictureViewer } from './review-pictures.ts';
import { type Moment, timelineOf } from './review-timeline.ts';
import { clockWords, countWords } from './words.ts';

const isGone = /^(?:discarding|discarded|erased)$/;

/** Shows what was captured in one session, as it would be sent, and lets it go or discards it. */
export async function openReview(
  body: HTMLElement,
  store: Store,
  sessionId: string,
): Promise<void> {
  const complain = (trouble: Trouble | null) => banner.set(trouble);
  const fail = (error: unknown) => complain(troubleOf(error));
  const banner = troubleBanner(() => complain(null));
  const list = h('ol', { class: 'moments' });
  const sounds = h('section', { class: 'sounds', 'aria-label': 'Your voice', hidden: true });
  const main = h('main', { 'aria-busy': 'true' }, sounds, list);
  const head = reviewHead(sessionId, {
    onTrouble: complain,
    onStanding: ({ state }) => show(main, !isGone.test(state)),
  });
  const loader = pictureLoader(store.bytes, fail);
  const viewer = pictureViewer(loader, fail);
  const pages = pageViewer(store.bytes, fail);
  const trouble = h('div', { class: 'page-trouble' }, banner.element);
  body.append(head.element, trouble, main, viewer.element, pages.element, head.dialog);

  const session = await store.session(sessionId);
  if (!session) {
    head.describe(
      'This session is not on this device',
      'It was sent and cleared away, or discarded.',
    );
    main.setAttribute('aria-busy', 'false');
    return;
  }
  const [steps, kept] = await Promise.all([store.interactions(sessionId), store.blobs(sessionId)]);
  const shots = kept.flatMap((blob) => (blob.kind === 'screenshot' ? [blob.record] : []));
  const moments = timelineOf(steps, shots, session.startedAt);
  document.title = `${session.task || 'Session'} · CodeSight`;
  head.describe(session.task || 'A session without a task', aboutWords(session, kept));
  head.place(session.remote ?? { state: session.state, stages: [], quality: null, advice: [] });
  viewer.setFrames(
    moments.flatMap((moment) => moment.pictures.map((picture) => ({ picture, moment }))),
  );
  list.append(...moments.map((moment) => momentRow(moment, loader, viewer.open, pages.open)));
  if (moments.length === 0) {
    main.append(h('p', { class: 'hint nothing' }, 'It was sent: nothing of it is kept here.'));
  }
  await addSounds(sounds, kept, store);
  main.setAttribute('aria-busy', 'false');
  watchState(({ recent }) => {
    const standing = recent.find(({ id }) => id === sessionId);
    if (standing) head.place(standing);
  });
}

function aboutWords(session: StoredSession, kept: KeptRecord[]): string {
  const started = new Date(session.startedAt);
  const lasted = session.endedAt ? Date.parse(session.endedAt) - started.getTime() : null;
  return [
    started.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' }),
    lasted === null ? null : clockWords(lasted),
    countWords(session.lastSequence, 'step'),
    countWords(session.screenshots, 'picture'),
    `${countWords(session.snapshots, 'page')} as text`,
    kept.some(({ kind }) => kind === 'audio') ? 'voice' : null,
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
