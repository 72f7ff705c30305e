import type { Turn } from '../page.ts';
import { askPage, UnansweredError } from '../wire.ts';
import { type Desk, recordingOf } from './desk.ts';
import { isOfSites, isProtected } from './sites.ts';
import { within } from './turns.ts';

const markKey = 'mark';
const usualMark = { x: 0.98, y: 0.96 };

/** Says to all documents of all tabs what they are to do. */
export function openBroadcast(desk: Desk) {
  const { memory, secrets } = desk;

  /** @param tabUrl a frame of an excluded page is excluded, whatever it shows */
  const turnFor = (url: string, tabUrl: string): Turn => {
    const session = recordingOf(desk);
    const { excludedSites, showsMark } = desk.settings();
    const isExcluded = isOfSites(url, excludedSites) || isOfSites(tabUrl, excludedSites);
    return {
      isRecording: session !== null,
      sessionId: session?.id ?? null,
      secrets: session && !isExcluded ? secrets.list() : [],
      isExcluded,
      mark: session && showsMark ? (memory.get<Turn['mark']>(markKey) ?? usualMark) : null,
    };
  };

  const eachFrame = async (
    tab: chrome.tabs.Tab,
    act: (at: { tabId: number; frameId: number }, url: string) => Promise<unknown>,
  ): Promise<void> => {
    const tabId = tab.id;
    if (tabId === undefined || tab.incognito || isProtected(tab.url ?? '')) return;
    const frames = (await chrome.webNavigation.getAllFrames({ tabId })) ?? [];
    await Promise.all(frames.map(({ frameId, url }) => act({ tabId, frameId }, url)));
  };

  const tellTurn = async (tab: chrome.tabs.Tab, mayInject: boolean): Promise<void> => {
    let isDeaf = false;
    await eachFrame(tab, async (at, url) => {
      try {
        await askPage(at, 'page.turn', turnFor(url, tab.url ?? ''));
      } catch (error) {
        if (!(error instanceof UnansweredError)) console.warn('A page refused its turn:', error);
        else if (at.frameId === 0) isDeaf = true;
      }
    });
    // It was open before the extension was; the script says hello by itself.
    if (isDeaf && mayInject && tab.id !== undefined && !tab.discarded) await inject(tab.id);
  };

  return {
    turnFor,

    /** @param mayInject pages that were open before the extension get its script now */
    async turns({ mayInject = false }: { mayInject?: boolean } = {}): Promise<void> {
      const tabs = await chrome.tabs.query({});
      await Promise.all(tabs.map((tab) => tellTurn(tab, mayInject)));
    },

    /** Lets all documents close what waits for more. Those that are slow are not waited for. */
    async finish(deadlineMs: number): Promise<void> {
      const tabs = await chrome.tabs.query({});
      const asked = tabs.map((tab) =>
        eachFrame(tab, async (at) => {
          try {
            await askPage(at, 'page.finish', null);
          } catch (error) {
            if (!(error instanceof UnansweredError)) console.warn('A page did not finish:', error);
          }
        }),
      );
      await within(deadlineMs, Promise.all(asked));
    },

    async moveMark(place: { x: number; y: number }): Promise<void> {
      await memory.set(markKey, place);
      await this.turns();
    },
  };
}

export type Broadcast = ReturnType<typeof openBroadcast>;

async function inject(tabId: number): Promise<void> {
  const files = chrome.runtime.getManifest().content_scripts?.flatMap(({ js = [] }) => js) ?? [];
  try {
    await chrome.scripting.executeScript({
      target: { tabId, allFrames: true },
      files,
      injectImmediately: true,
    });
  } catch (error) {
    console.info('A tab takes no script:', String(error)); // protected; the camera accounts for it
  }
}
