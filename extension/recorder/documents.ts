import type { FramePath, Look } from '../page.ts';
import { askPage, UnansweredError } from '../wire.ts';
import type { Gap } from './coverage.ts';
import type { Desk } from './desk.ts';
import { type FrameLook, type Layout, layOut, type Place } from './layout.ts';
import { isOfSites } from './sites.ts';
import { within } from './turns.ts';

type Known = { documentId: string; path: FramePath };
type Seen = { closedShadowRoots: number; canvases: number; isUnseen: boolean };

/** What the frames of a tab answered, and when they were asked. */
export type TabLook = {
  at: number;
  frames: FrameLook[];
  layout: Layout | null;
  /** The top has no content script: it is protected, or not there yet. */
  isDeaf: boolean;
};

const answerMs = 300;
/** A place that was read so lately is still right. */
const freshMs = 1_000;

/** Which documents stand in which frames, and what they show. */
export function openDocuments(desk: Desk) {
  const { memory, secrets, coverage } = desk;
  const looks = new Map<number, TabLook>();

  const lookAt = async (tabId: number): Promise<TabLook> => {
    const at = Date.now();
    const listed = (await chrome.webNavigation.getAllFrames({ tabId })) ?? [];
    const live = listed.filter(({ documentLifecycle }) => documentLifecycle === 'active');
    let isDeaf = live.length === 0;
    const frames = await Promise.all(
      live.map(async ({ frameId, parentFrameId, documentId, url }): Promise<FrameLook> => {
        const known = memory.get<Known>(keyOf(tabId, frameId));
        const isExcluded = isOfSites(url, desk.settings().excludedSites);
        const look = isExcluded
          ? null
          : await answerOf(
              askPage({ tabId, documentId }, 'page.look', { secrets: secrets.list() }),
              () => {
                if (frameId === 0) isDeaf = true;
              },
            );
        const path = known?.documentId === documentId ? known.path : null;
        return {
          frameId,
          parentFrameId,
          documentId,
          path,
          url: secrets.cleanUrl(url),
          isExcluded,
          look,
        };
      }),
    );
    const look = { at, frames, layout: layOut(frames), isDeaf };
    if (look.layout) looks.set(tabId, look);
    await account(frames);
    return look;
  };

  /** Counts each document once, with the most that was ever unseen in it. */
  const account = async (frames: FrameLook[]): Promise<void> => {
    const session = desk.current();
    if (!session) return;
    for (const { documentId, look, isExcluded, parentFrameId } of frames) {
      if (isExcluded && parentFrameId === -1) continue;
      const key = `seen:${documentId}`;
      const before = memory.get<Seen>(key);
      const unseen = look?.unseen ?? { closedShadowRoots: 0, canvases: 0 };
      const now: Seen = {
        closedShadowRoots: Math.max(before?.closedShadowRoots ?? 0, unseen.closedShadowRoots),
        canvases: Math.max(before?.canvases ?? 0, unseen.canvases),
        isUnseen: look === null && (before?.isUnseen ?? true),
      };
      const gaps: Gap[] = [
        ...(before ? [] : [{ frame: 'total' } as const]),
        { frame: 'unseen', by: Number(now.isUnseen) - Number(before?.isUnseen ?? false) },
        {
          count: 'closedShadowRoots',
          by: now.closedShadowRoots - (before?.closedShadowRoots ?? 0),
        },
        { count: 'canvases', by: now.canvases - (before?.canvases ?? 0) },
      ];
      const real = gaps.filter((gap) => !('by' in gap) || gap.by !== 0);
      if (real.length === 0) continue;
      await memory.set(key, now);
      coverage.add(session.id, ...real);
    }
  };

  return {
    async hello(tabId: number, frameId: number, known: Known): Promise<void> {
      const before = memory.get<Known>(keyOf(tabId, frameId));
      if (JSON.stringify(before) !== JSON.stringify(known)) {
        await memory.set(keyOf(tabId, frameId), known);
      }
    },

    lookAt,

    /** The tab as it was seen a moment ago, or is now. */
    async glance(tabId: number): Promise<Layout | null> {
      const known = looks.get(tabId);
      if (known && Date.now() - known.at < freshMs) return known.layout;
      const { layout } = await lookAt(tabId);
      return layout ?? known?.layout ?? null;
    },

    /** Where a frame stands; `null` when nobody knows. */
    async placeOf(
      tabId: number,
      frameId: number,
    ): Promise<{ place: Place | null; layout: Layout | null }> {
      const known = looks.get(tabId);
      const isFresh = known && Date.now() - known.at < freshMs && known.layout?.places.has(frameId);
      const layout = isFresh ? known.layout : (await lookAt(tabId)).layout;
      const place = layout?.places.get(frameId) ?? known?.layout?.places.get(frameId) ?? null;
      return { place, layout };
    },

    async forgetTab(tabId: number): Promise<void> {
      looks.delete(tabId);
      await memory.remove(memory.keys(`doc:${tabId}:`));
    },
  };
}

export type Documents = ReturnType<typeof openDocuments>;

function keyOf(tabId: number, frameId: number): string {
  return `doc:${tabId}:${frameId}`;
}

/** A document that is gone, busy or of another version of the extension shows nothing. */
async function answerOf(asked: Promise<Look>, onDeaf: () => void): Promise<Look | null> {
  const answer = asked.catch((error: unknown) => {
    if (error instanceof UnansweredError) onDeaf();
    else console.warn('A frame could not be looked at:', error);
    return null;
  });
  return within(answerMs, answer);
}
