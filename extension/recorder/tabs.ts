import type { PageState } from '../../src/contract/interaction.ts';
import type { InteractionType } from '../../src/contract/vocabulary.ts';
import { newId } from '../../src/lib/ids.ts';
import type { Draft } from '../page.ts';
import type { Camera } from './camera.ts';
import { type Desk, recordingOf } from './desk.ts';
import type { Documents } from './documents.ts';
import { draftOf, heldOf } from './draft.ts';
import { lastStateOf, withBefore } from './drafts.ts';
import type { Numbering } from './numbering.ts';
import { isOfSites } from './sites.ts';

/** What is known of a tab; in memory only, as the address is. */
export type KnownTab = { url: string; title: string; windowId: number };
type Moment = { tabId: number; at: number };

/** What the browser does by itself with a tab that opens or closes. */
const consequenceMs = 500;
const drawnMs = 150;
const shownKey = 'shown';

/**
 * Tells of tabs that open, come to the front and close. `at` is when the browser said so: what is said
 * waits until what came before it is kept.
 */
export function openTabs(desk: Desk, documents: Documents, camera: Camera, numbering: Numbering) {
  const { store, memory, secrets, inTurn } = desk;
  let opened: Moment | null = null;
  let closed: Moment | null = null;

  const known = (tabId: number) => memory.get<KnownTab>(`tab:${tabId}`);
  const isSilent = (url: string): boolean =>
    url.startsWith(chrome.runtime.getURL('')) || isOfSites(url, desk.settings().excludedSites);
  const stateOf = ({ url, title }: Pick<KnownTab, 'url' | 'title'>): PageState => ({
    url: secrets.cleanUrl(url),
    title: secrets.cleanText(title),
  });

  /** @param from the tab that was in front before it */
  const tell = async (
    type: InteractionType,
    tabId: number,
    tab: Pick<KnownTab, 'url' | 'title'>,
    from: number | null,
    more: Partial<Draft>,
    after: PageState | null,
    at: number,
  ): Promise<string | null> => {
    const session = recordingOf(desk);
    if (!session || isSilent(tab.url)) return null;
    const draftId = newId();
    const draft = draftOf(type, {
      draftId,
      at,
      url: secrets.cleanUrl(tab.url),
      pageTitle: secrets.cleanText(tab.title),
      before: from === null ? null : lastStateOf(desk, from),
      ...more,
    });
    const held = {
      ...heldOf(session.id, draftId, draft.startedAt, {
        tabId,
        frameId: 0,
        documentId: null,
        frame: [],
      }),
      isOpen: false,
      draft,
      after,
    };
    await inTurn(async () => {
      await store.keepDrafts([await withBefore(desk, camera, session, held, from ?? tabId)]);
    });
    camera.hear();
    numbering.schedule();
    return draftId;
  };

  const show = async (tabId: number, at: number): Promise<void> => {
    const from = memory.get<number>(shownKey) ?? null;
    if (from === tabId || !desk.current()) return;
    const tab = await chrome.tabs.get(tabId).catch(() => null);
    if (!tab || tab.incognito) return;
    const url = tab.url ?? '';
    await memory.set(`tab:${tabId}`, knownOf(tab));
    if (url.startsWith(chrome.runtime.getURL(''))) return; // our own pages are not the task's
    await memory.set(shownKey, tabId);
    const isConsequence = [opened?.tabId === tabId ? opened : null, closed].some(
      (cause) => cause && at - cause.at < consequenceMs,
    );
    if (isConsequence) {
      camera.wish('before', tabId, null, drawnMs);
      return;
    }
    const was = from === null ? undefined : known(from);
    const draftId = await tell(
      'TAB_SWITCH',
      tabId,
      { url, title: tab.title ?? '' },
      from,
      {
        context: {
          from: was && !isSilent(was.url) ? secrets.cleanUrl(was.url) : null,
          index: tab.index,
        },
      },
      null,
      at,
    );
    if (draftId) camera.wish('after', tabId, draftId, drawnMs);
  };

  return {
    known,
    stateOf,
    /** When the tab was opened in this session; 0 if it was not. */
    openedAt: (tabId: number): number => memory.get<number>(`opened:${tabId}`) ?? 0,
    shown: (): number | null => memory.get<number>(shownKey) ?? null,

    /** Another page stands in the tab. */
    async arrived(tabId: number, url: string): Promise<void> {
      const tab = known(tabId);
      await memory.set(`tab:${tabId}`, { title: '', windowId: -1, ...tab, url });
    },

    /** Learns all tabs as a session begins, or goes on after the browser's death. */
    async learn(): Promise<void> {
      for (const tab of await chrome.tabs.query({})) {
        if (tab.id !== undefined && !tab.incognito) await memory.set(`tab:${tab.id}`, knownOf(tab));
      }
      const front = await frontTab();
      if (front?.id !== undefined) await memory.set(shownKey, front.id);
    },

    async created(tab: chrome.tabs.Tab, at: number): Promise<void> {
      if (tab.id === undefined || tab.incognito || !desk.current()) return;
      opened = tab.active ? { tabId: tab.id, at } : opened;
      await memory.set(`opened:${tab.id}`, at);
      const url = tab.pendingUrl || tab.url || '';
      await memory.set(`tab:${tab.id}`, { ...knownOf(tab), url });
      const opener = tab.openerTabId === undefined ? undefined : known(tab.openerTabId);
      const from = memory.get<number>(shownKey) ?? null;
      await tell(
        'TAB_OPEN',
        tab.id,
        { url, title: tab.title ?? '' },
        from,
        {
          context: {
            isActive: tab.active,
            opener: opener && !isSilent(opener.url) ? secrets.cleanUrl(opener.url) : null,
            index: tab.index,
          },
        },
        stateOf({ url, title: tab.title ?? '' }),
        at,
      );
    },

    async activated({ tabId }: { tabId: number }, at: number): Promise<void> {
      await show(tabId, at);
    },

    async focused(windowId: number, at: number): Promise<void> {
      if (windowId === chrome.windows.WINDOW_ID_NONE || !desk.current()) return;
      const [tab] = await chrome.tabs.query({ active: true, windowId });
      if (tab?.id !== undefined) await show(tab.id, at);
    },

    async changed(tabId: number, tab: chrome.tabs.Tab): Promise<void> {
      const before = known(tabId);
      if (before && tab.title && before.title !== tab.title) {
        await memory.set(`tab:${tabId}`, { ...before, title: tab.title });
      }
    },

    async removed(tabId: number, at: number): Promise<void> {
      const tab = known(tabId);
      if (!desk.current() || !tab) return;
      const wasInFront = memory.get<number>(shownKey) === tabId;
      if (wasInFront) closed = { tabId, at };
      const front = await frontTab();
      const next = front?.id === undefined ? undefined : known(front.id);
      const after = next && !isSilent(next.url) ? stateOf(next) : null;
      await tell('TAB_CLOSE', tabId, tab, tabId, { context: { wasInFront } }, after, at);
      numbering.closeLater((held) => held.tabId === tabId);
      camera.leave(tabId);
      await memory.remove([`tab:${tabId}`, `asked:${tabId}`, `opened:${tabId}`]);
      await documents.forgetTab(tabId);
    },
  };
}

export type Tabs = ReturnType<typeof openTabs>;

/** The tab that somebody sees: the active one of the window in front. */
export async function frontTab(): Promise<chrome.tabs.Tab | null> {
  const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
  return tab && !tab.incognito ? tab : null;
}

function knownOf({ url = '', title = '', windowId }: chrome.tabs.Tab): KnownTab {
  return { url, title, windowId };
}
