import { limits } from '../../src/contract/limits.ts';
import type { ScreenshotTrigger } from '../../src/contract/vocabulary.ts';
import { newId } from '../../src/lib/ids.ts';
import { type Current, type Desk, recordingOf } from './desk.ts';
import type { Documents } from './documents.ts';
import type { Picture, Shot } from './film.ts';
import { afterPicture, afterRefusal, nextPictureAt, type PaceState, unpaced } from './pace.ts';
import { type NoPhoto, type Photo, photograph } from './photograph.ts';
import { forgetShot, rememberShot, restoreShot } from './reel.ts';
import { burstAtMs } from './schedule.ts';
import { sha256 } from './sha256.ts';
import { within } from './turns.ts';
import { openWishes, triggerOf, type Wish, type WishKind } from './wishes.ts';

const patienceMs: Record<WishKind, number> = {
  before: 1_500,
  after: 3_000,
  modal: 3_000,
  error: 3_000,
  start: 5_000,
  end: 1_500,
  burst: 600,
  fresh: 5_000,
};
/** While somebody acts, the last picture is hardly older; while somebody reads, a little. */
const freshEveryMs = { acting: 600, reading: 1_500 };
const actingMs = 5_000;
/** Nothing was heard of a page for so long: nobody is there. */
const readingMs = 30_000;
/** A picture that is younger is fresh enough for who is about to act. */
const freshMs = 300;
const againMs = 120;
/** A page that takes longer is photographed as it is. */
export const longestLoadMs = 1_500;
const paceKey = 'pace';
const lateMs = 2_000;

type Listener = (wish: Wish, shot: Shot) => Promise<void>;

/** Takes pictures of the tab in front, at most two a second, for all who want one. */
export function openCamera(desk: Desk, documents: Documents) {
  const { film, memory, store, coverage } = desk;
  const wishes = openWishes();
  restoreShot(memory, film);
  /** Numbers of interactions that pictures wait for, and pictures that wait for them. */
  const sequences = new Map<string, number>();
  const bursts = new Map<string, { draftId: string; left: number; pictures: Picture[] }>();
  let waiters: { kind: WishKind; resolve: () => void }[] = [];
  let onShot: Listener = async () => {};
  let isShooting = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let heardAt = 0;
  let resting: Promise<void> = Promise.resolve();

  /** One of the pictures of a burst is over, taken or not. */
  const closeSlot = ({ burst }: Wish): void => {
    const known = burst && bursts.get(burst.id);
    if (!burst || !known) return;
    known.left -= 1;
    if (known.left === 0) void settleBurst(burst.id);
  };

  /** Wishes that nobody has any more. */
  const forgo = (gone: Wish[]): void => gone.forEach(closeSlot);

  const miss = (session: Current, missed: Wish[]): void => {
    forgo(missed);
    for (const { kind } of missed) {
      // What an interaction lacks is counted when it gets its number; a fresh frame is no promise.
      if (/^(?:before|fresh|after|modal)$/.test(kind)) continue;
      coverage.add(session.id, { missed: kind === 'burst' ? 'burst' : 'other' });
    }
  };

  const answerWaiters = (): void => {
    for (const waiter of waiters) if (!wishes.has(waiter.kind)) waiter.resolve();
    waiters = waiters.filter(({ kind }) => wishes.has(kind));
  };

  const kick = (): void => {
    if (!isShooting) resting = shoot();
  };

  const shoot = async (): Promise<void> => {
    isShooting = true;
    clearTimeout(timer);
    try {
      for (;;) {
        const session = desk.current();
        if (!session) {
          wishes.drop(() => true);
          answerWaiters();
          return;
        }
        const now = Date.now();
        miss(session, wishes.expire(now));
        answerWaiters();
        const wish = wishes.next(now);
        const pace = memory.get<PaceState>(paceKey) ?? unpaced;
        const readyAt = nextPictureAt(pace, now, wish?.kind === 'fresh' ? 1 : 0);
        if (!wish || readyAt > now) {
          const nextAt = wishes.nextAt(now);
          if (nextAt === null) return;
          const againAt = wish ? Math.min(readyAt, nextAt) : nextAt;
          timer = setTimeout(kick, Math.max(1, againAt - now));
          return;
        }
        try {
          await take(session, wish);
        } catch (error) {
          console.error('A picture could not be taken:', error);
          miss(
            session,
            wishes.drop((each) => each === wish),
          );
        }
      }
    } finally {
      isShooting = false;
    }
  };

  const take = async (session: Current, wish: Wish): Promise<void> => {
    const { tabId } = wish;
    const photo = await photograph(tabId, documents, desk, async () => {
      // Written before the picture: a worker that dies here has counted it.
      const now = Date.now();
      await memory.set(paceKey, afterPicture(memory.get<PaceState>(paceKey) ?? unpaced, now));
    });
    if (!photo.isTaken) return giveUp(session, wish, photo);

    const due = wishes.fulfil(tabId, photo.at);
    const { trigger, wish: main } = triggerOf(due);
    const isLandmark = trigger === 'SESSION_START' || trigger === 'SESSION_END';
    const isAnswer = due.some(({ kind }) => kind === 'after' || kind === 'modal');
    const look = { state: photo.state, masks: photo.masks, thumb: photo.negative.thumb };
    const same = isLandmark ? null : film.sameAs(tabId, look, isAnswer);
    const picture = same ?? (await pictureOf(tabId, photo));
    const shot: Shot = { at: photo.at, doneAt: photo.doneAt, tabId, state: photo.state, picture };
    film.add(shot);
    if (same && main) coverage.add(session.id, { count: 'duplicateScreenshots' });
    if (main) await keep(session, picture, trigger, main);
    await rememberShot(memory, shot, picture !== same);
    for (const each of due) {
      closeSlot(each);
      await onShot(each, shot);
    }
    const silentMs = Date.now() - heardAt;
    if (!recordingOf(desk) || silentMs > readingMs) return;
    wishFresh(tabId, silentMs < actingMs ? freshEveryMs.acting : freshEveryMs.reading);
  };

  const giveUp = async (session: Current, { tabId }: Wish, { reason }: NoPhoto): Promise<void> => {
    const now = Date.now();
    if (reason === 'limited') await memory.set(paceKey, afterRefusal(now));
    if (reason === 'unsteady') coverage.add(session.id, { count: 'scrolledFrames' });
    if (reason === 'hidden')
      miss(
        session,
        wishes.drop((wish) => wish.tabId === tabId),
      );
    if (reason === 'protected' || reason === 'excluded') {
      // The session may begin before its first page is there.
      forgo(wishes.drop((wish) => wish.tabId === tabId && wish.kind !== 'start'));
    }
    if (reason === 'protected') await countProtected(session, tabId);
    for (const wish of wishes.drop((each) => each.tabId === tabId && each.from <= now)) {
      wishes.add({ ...wish, from: now + againMs });
    }
  };

  const countProtected = async (session: Current, tabId: number): Promise<void> => {
    const { url = '' } = await chrome.tabs.get(tabId).catch(() => ({ url: '' }));
    const key = `protected:${tabId}:${url}`;
    if (memory.get(key) || url === '' || url === 'about:blank') return; // nothing to be seen
    await memory.set(key, true);
    coverage.add(session.id, { count: 'protectedPages' });
  };

  const pictureOf = async (tabId: number, photo: Photo): Promise<Picture> => {
    const { negative, at, state, masks } = photo;
    const { width, height, thumb } = negative;
    const bytes = await negative.print();
    const about = { tabId, takenAt: at, state, masks, width, height, thumb, bytes };
    return { id: newId(), ...about, trigger: null, isClaimed: false };
  };

  /** Puts a picture on disk, once; what it is for must be known by then. */
  const keep = async (
    session: Current,
    picture: Picture,
    trigger: ScreenshotTrigger,
    wish: Wish | null,
    frameAgeMs?: number,
  ): Promise<void> => {
    const { bytes, state } = picture;
    if (!bytes || picture.trigger) return;
    picture.trigger = trigger;
    const belongs = wish?.draftId != null || trigger === 'BEFORE_ACTION';
    await store.keepBlob(session.id, {
      kind: 'screenshot',
      record: {
        id: picture.id,
        trigger,
        // Absent until the interaction has its number.
        ...(belongs ? {} : { interactionSequence: null }),
        ...(wish?.burst ? { burstId: wish.burst.id, burstIndex: burstIndexOf(wish.burst.id) } : {}),
        capturedAt: new Date(picture.takenAt).toISOString(),
        frameAgeMs,
        url: state.url ?? '',
        width: picture.width,
        height: picture.height,
        devicePixelRatio: state.devicePixelRatio ?? 1,
        scrollX: state.scrollX ?? 0,
        scrollY: state.scrollY ?? 0,
        mimeType: 'image/webp',
        bytes: bytes.byteLength,
        sha256: await sha256(bytes),
        masks: picture.masks.slice(0, limits.masksPerScreenshot),
      },
      bytes,
    });
    picture.bytes = null;
    if (!belongs) picture.isClaimed = true;
    if (wish?.burst) bursts.get(wish.burst.id)?.pictures.push(picture);
    desk.changed();
  };

  const burstIndexOf = (burstId: string): number => bursts.get(burstId)?.pictures.length ?? 0;

  /** When the burst is over and its interaction has a number, the pictures are told both. */
  const settleBurst = async (burstId: string): Promise<void> => {
    const burst = bursts.get(burstId);
    const sequence = burst && sequences.get(burst.draftId);
    if (!burst || burst.left > 0 || sequence === undefined) return;
    bursts.delete(burstId);
    const change = { interactionSequence: sequence, burstTotal: burst.pictures.length };
    for (const picture of burst.pictures) {
      picture.isClaimed = true;
      await store.changeScreenshot(picture.id, change);
    }
  };

  const wishFresh = (tabId: number, inMs: number): void => {
    const from = Date.now() + inMs;
    wishes.add({ kind: 'fresh', tabId, from, until: from + patienceMs.fresh, draftId: null });
  };

  return {
    /** Hears of each picture that fulfils a wish, before the next one is taken. */
    whenShot(listener: Listener): void {
      onShot = listener;
    },

    wish(kind: WishKind, tabId: number, draftId: string | null = null, inMs = 0): void {
      const from = Date.now() + inMs;
      wishes.add({ kind, tabId, from, until: from + patienceMs[kind], draftId });
      kick();
    },

    hurry(draftId: string): boolean {
      const isWished = wishes.hurry(draftId, Date.now());
      kick();
      return isWished;
    },

    wishBurst(tabId: number, draftId: string): void {
      const id = newId();
      const now = Date.now();
      for (const [index, ms] of burstAtMs.entries()) {
        const from = now + ms;
        const burst = { id, index, beganAt: now };
        wishes.add({ kind: 'burst', tabId, from, until: from + patienceMs.burst, draftId, burst });
      }
      bursts.set(id, { draftId, left: burstAtMs.length, pictures: [] });
      kick();
    },

    /** Somebody acts in a tab. */
    hear(): void {
      heardAt = Date.now();
    },

    /** Somebody is about to act. */
    stir(tabId: number): void {
      heardAt = Date.now();
      const last = film.latest(tabId);
      if (!last || heardAt - last.at > freshMs) wishFresh(tabId, 0);
      kick();
    },

    /** Nobody needs the pictures for this interaction any more. */
    drop(draftId: string): void {
      wishes.drop((wish) => wish.draftId === draftId && !wish.burst);
    },

    /** Something was done on the page: what it looks like from then on is not its coming up. */
    endBurst(tabId: number, doneAt: number): void {
      const isOver = ({ tabId: other, burst }: Wish) =>
        other === tabId && burst !== undefined && burst.beganAt <= doneAt;
      forgo(wishes.drop(isOver));
    },

    /** The tab is gone. */
    leave(tabId: number): void {
      forgo(wishes.drop((wish) => wish.tabId === tabId));
    },

    /** Another page comes up: what waits is photographed when it stands. */
    pageLeft(tabId: number): void {
      this.endBurst(tabId, Date.now());
      wishes.postpone(tabId, Date.now() + longestLoadMs);
    },

    pageStands(tabId: number): void {
      wishes.postpone(tabId, Date.now());
      kick();
    },

    isWaitedFor: wishes.isWaitedFor,

    /** Resolves when no picture of this kind is wanted any more, or when it took too long. */
    async whenFulfilled(kind: WishKind, ms: number): Promise<void> {
      if (!wishes.has(kind)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiters.push({ kind, resolve });
      await within(ms, promise);
    },

    /** Puts the picture on disk, if it is not there, as the one from before an interaction. */
    async keepBefore(session: Current, { picture }: Shot, frameAgeMs: number): Promise<void> {
      await keep(session, picture, 'BEFORE_ACTION', null, frameAgeMs);
      if (frameAgeMs > lateMs) coverage.add(session.id, { count: 'lateFrames' });
    },

    /** The same as the one from after an interaction. */
    async keepAfter(session: Current, { picture, tabId }: Shot, draftId: string): Promise<void> {
      const wish: Wish = { kind: 'after', tabId, from: 0, until: 0, draftId };
      await keep(session, picture, 'AFTER_ACTION', wish);
    },

    /** An interaction has its number: its pictures can be announced. */
    async claim(
      draftId: string,
      sequence: number,
      { before, after }: { before: string | null; after: string | null },
    ): Promise<void> {
      sequences.set(draftId, sequence);
      const inBurst = [...bursts.values()].flatMap((each) => each.pictures.map(({ id }) => id));
      const known = new Map(film.pictures().map((picture) => [picture.id, picture]));
      for (const id of new Set([after, before])) {
        const picture = id === null ? undefined : known.get(id);
        if (id === null || picture?.isClaimed || inBurst.includes(id)) continue;
        // What came after one interaction is that one's, though it came before the next one, too.
        if (id !== after && picture && picture.trigger !== 'BEFORE_ACTION') continue;
        if (picture) picture.isClaimed = true;
        await store.changeScreenshot(id, { interactionSequence: sequence });
      }
      for (const [id, burst] of bursts) if (burst.draftId === draftId) await settleBurst(id);
    },

    /** Resolves when nothing is being taken. */
    rest: () => resting,

    async clear(): Promise<void> {
      clearTimeout(timer);
      await forgetShot(memory);
      wishes.drop(() => true);
      answerWaiters();
      sequences.clear();
      bursts.clear();
      film.clear();
    },
  };
}

export type Camera = ReturnType<typeof openCamera>;
