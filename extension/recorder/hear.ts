import { limits } from '../../src/contract/limits.ts';
import type { Requests } from '../messages.ts';
import type { HeldDraft } from '../outbox/types.ts';
import type { Draft, SentMessage, SentSnapshot } from '../page.ts';
import type { Camera } from './camera.ts';
import { pageGapsOf } from './coverage.ts';
import { type Current, type Desk, recordingOf } from './desk.ts';
import type { Documents } from './documents.ts';
import { heldOf, type Origin } from './draft.ts';
import { withBefore } from './drafts.ts';
import { isAction } from './film.ts';
import type { Layout, Place } from './layout.ts';
import type { Numbering } from './numbering.ts';
import { openPages } from './pages.ts';
import { shifted } from './record.ts';
import { idOf, sha256 } from './sha256.ts';
import { isOfSites } from './sites.ts';
import { openTurnsBy } from './turns.ts';

type Tell = Requests['page.tell']['ask'];
/** Who speaks, by the browser's word. */
export type Speaker = {
  tabId: number;
  frameId: number;
  documentId: string;
  url: string;
  tabUrl: string;
};
type DraftMessage = Extract<SentMessage, { kind: 'open' | 'done' | 'drop' | 'settled' }>;

/** So long an after-picture waits for the page's own word that it came to rest. */
const restMs = 1_200;
/** A page at rest did not change for so long, and rests so long after an action at the latest. */
const quietMs = 150;
const longestRestMs = 1_000;
/** What is typed shows at once; a list that it opens is told as a change. */
const typedRestMs = 300;
/** Until what was typed has been painted. */
const paintMs = 100;

/** Puts what the documents tell on disk, and wishes for the pictures that go with it. */
export function openEar(
  desk: Desk,
  documents: Documents,
  camera: Camera,
  numbering: Numbering,
  onSecret: () => void,
) {
  const { store, memory, secrets, film, inTurn } = desk;
  const byDocument = openTurnsBy();
  const pages = openPages();

  /** @returns whether the page could be put together, or was kept before */
  const keepSnapshot = async (
    session: Current,
    { documentId }: Speaker,
    message: SentSnapshot,
  ): Promise<boolean> => {
    const { key, at, url, title } = message;
    const isKept = memory.get<string>(`snap:${documentId}:${key}`) !== undefined;
    const html = pages.take(documentId, message);
    if (html === null || isKept) return isKept;
    const bytes = new TextEncoder().encode(html.toWellFormed().replaceAll('\0', '\ufffd'));
    if (bytes.length > limits.snapshotBytes || bytes.length === 0) {
      desk.coverage.add(session.id, { note: 'A page was too large to be kept.' });
      return true;
    }
    const hash = await sha256(bytes);
    const id = await idOf(session.id, hash);
    await store.keepBlob(session.id, {
      kind: 'snapshot',
      record: {
        id,
        capturedAt: new Date(at).toISOString(),
        url: url.slice(0, limits.urlChars),
        title: title.slice(0, limits.nameChars),
        bytes: bytes.length,
        sha256: hash,
      },
      bytes: bytes.buffer,
    });
    await memory.set(`snap:${documentId}:${key}`, id);
    return true;
  };

  const snapshotIdOf = ({ snapshotKey }: Draft, documentId: string): string | null =>
    snapshotKey === null ? null : (memory.get<string>(`snap:${documentId}:${snapshotKey}`) ?? null);

  /** The draft as the whole tab sees it: ids for keys, the viewport of the tab, the page at the top. */
  const placed = (
    draft: Draft,
    { frameId, documentId, tabUrl }: Speaker,
    place: Place | null,
    layout: Layout | null,
  ): Draft => {
    const snapshotId = snapshotIdOf(draft, documentId);
    if (frameId === 0) return { ...draft, before: draft.before && { ...draft.before, snapshotId } };
    const top = layout?.state;
    return {
      ...shifted(draft, place),
      url: top?.url ?? secrets.cleanUrl(tabUrl),
      pageTitle: top?.title ?? null,
      before: { ...top, snapshotId },
    };
  };

  const keepDrafts = async (
    session: Current,
    speaker: Speaker,
    messages: DraftMessage[],
  ): Promise<Map<string, HeldDraft>> => {
    const { tabId, frameId, documentId } = speaker;
    const { place, layout } =
      frameId === 0 ? { place: null, layout: null } : await documents.placeOf(tabId, frameId);
    const frame = place?.steps ?? [];
    const origin: Origin = { tabId, frameId, documentId, frame };

    return inTurn(async () => {
      const known = new Map((await store.drafts(session.id)).map((held) => [held.draftId, held]));
      const changed = new Map<string, HeldDraft>();
      const change = (held: HeldDraft): void => {
        known.set(held.draftId, held);
        changed.set(held.draftId, held);
      };
      for (const message of messages) {
        const draftId = message.kind === 'done' ? message.draft.draftId : message.draftId;
        const held = known.get(draftId);
        if (message.kind === 'drop') {
          known.delete(draftId);
          changed.delete(draftId);
          await store.removeDraft(session.id, draftId);
        } else if (message.kind === 'settled') {
          const after = frameId === 0 ? message.state : (layout?.state ?? null);
          if (held) change({ ...held, after });
        } else {
          const { draft } = message;
          if (draft?.type === 'NAVIGATION') continue; // the browser's word on it is complete
          const startedAt = draft?.startedAt ?? (message.kind === 'open' ? message.at : 0);
          const start = held ?? heldOf(session.id, draftId, startedAt, origin);
          const isOpen = message.kind === 'open';
          if (held && !held.isOpen && isOpen) continue; // a repeat of what is over
          if (draft && !isOpen && held?.isOpen !== false) {
            const gaps = pageGapsOf(draft, snapshotIdOf(draft, documentId));
            desk.coverage.add(session.id, ...gaps);
          }
          if (isAction(draft?.type ?? 'CLICK')) film.noteAction(tabId, draftId, startedAt);
          change({
            ...start,
            isOpen,
            heardAt: Date.now(),
            startedAt,
            frame: start.frame.length > 0 ? start.frame : frame,
            draft: draft ? placed(draft, speaker, place, layout) : start.draft,
          });
        }
      }
      const kept = [];
      for (const held of changed.values()) {
        kept.push(await withAfter(session, await withBefore(desk, camera, session, held)));
      }
      await store.keepDrafts(kept);
      return known;
    });
  };

  /** What was typed is over when something else begins; it was seen before that. */
  const withAfter = async (session: Current, held: HeldDraft): Promise<HeldDraft> => {
    if (held.isOpen || !held.draft || held.afterImageId) return held;
    const { draftId, endedAt } = held.draft;
    const shot = film.after(held.tabId, { draftId, endedAt });
    if (!shot) return held;
    await camera.keepAfter(session, shot, draftId);
    return { ...held, after: held.after ?? shot.state, afterImageId: shot.picture.id };
  };

  /** @param awaiting drafts that have no number yet */
  const wishFor = (
    { tabId }: Speaker,
    message: SentMessage,
    awaiting: Map<string, HeldDraft>,
  ): void => {
    const lacksAfter = (draftId: string) => awaiting.get(draftId)?.afterImageId === null;
    switch (message.kind) {
      case 'open':
        // What is typed shows in pictures.
        if (message.draft) camera.wish('before', tabId, null, paintMs);
        break;
      case 'done': {
        const { type, draftId, startedAt } = message.draft;
        if (isAction(type)) camera.endBurst(tabId, startedAt);
        if (!lacksAfter(draftId)) break;
        if (type === 'MODAL_OPEN' || type === 'MODAL_CLOSE') camera.wish('modal', tabId, draftId);
        else camera.wish('after', tabId, draftId, restMs);
        break;
      }
      case 'settled': {
        const { type, endedAt = message.at } = awaiting.get(message.draftId)?.draft ?? {};
        // It changed between the action and its rest, of which we may hear when something else begins.
        const restMs = type === 'INPUT' ? typedRestMs : longestRestMs;
        film.noteChange(tabId, Math.min(message.at - quietMs, endedAt + restMs));
        if (!lacksAfter(message.draftId)) break;
        if (!camera.hurry(message.draftId)) camera.wish('after', tabId, message.draftId);
        break;
      }
      case 'drop':
        camera.drop(message.draftId);
        break;
      case 'changed':
        film.noteChange(tabId, message.at - quietMs);
        camera.wish('before', tabId);
        break;
      case 'stir':
        camera.stir(tabId);
        break;
      case 'error':
        camera.wish('error', tabId);
        break;
    }
  };

  /** @returns `false` when it must be told again, with whole pages */
  const keep = async (
    session: Current,
    speaker: Speaker,
    messages: SentMessage[],
  ): Promise<boolean> => {
    const learned = messages.flatMap((each) => (each.kind === 'secret' ? [each.value] : []));
    if (await secrets.learn(learned)) onSecret();
    for (const message of messages) {
      if (message.kind !== 'snapshot') continue;
      if (!(await keepSnapshot(session, speaker, message))) return false;
    }
    const about = messages.filter((each): each is DraftMessage =>
      /^(?:open|done|drop|settled)$/.test(each.kind),
    );
    const awaiting =
      about.length > 0 ? await keepDrafts(session, speaker, about) : new Map<string, HeldDraft>();
    if (!recordingOf(desk)) return true;
    camera.hear();
    for (const message of messages) wishFor(speaker, message, awaiting);
    return true;
  };

  return {
    /** Resolves when everything is on disk; may be told twice. */
    async tell(
      { sessionId, path, messages }: Tell,
      speaker: Speaker,
    ): Promise<{ isKept: boolean }> {
      const { tabId, frameId, documentId, url, tabUrl } = speaker;
      const { excludedSites } = desk.settings();
      // It was excluded while it was being recorded, and has not heard of it yet.
      if (isOfSites(url, excludedSites) || isOfSites(tabUrl, excludedSites))
        return { isKept: true };
      await documents.hello(tabId, frameId, { documentId, path });
      return byDocument(documentId, async () => {
        const session = desk.current();
        if (session?.id !== sessionId) {
          console.warn(`${messages.length} messages came for a session that is over.`);
          return { isKept: true };
        }
        const isKept = await keep(session, speaker, messages);
        numbering.schedule();
        return { isKept };
      });
    },
  };
}

export type Ear = ReturnType<typeof openEar>;
