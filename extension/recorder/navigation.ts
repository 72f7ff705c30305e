import type { Draft } from '../page.ts';
import { type Camera, longestLoadMs } from './camera.ts';
import { type Desk, recordingOf } from './desk.ts';
import { draftOf, heldOf } from './draft.ts';
import { lastStateOf, withBefore } from './drafts.ts';
import { isAction } from './film.ts';
import type { Numbering } from './numbering.ts';
import { isOfSites, isProtected } from './sites.ts';
import type { Tabs } from './tabs.ts';

type Committed = chrome.webNavigation.WebNavigationTransitionCallbackDetails;

/** What follows a navigation so soon, without anything done, belongs to it. */
const redirectMs = 3_000;
const rewriteMs = 1_000;
/** A page that routes by itself draws in the same turn, or soon after. */
const routeMs = 80;

/** Tells of each page that comes up in a tab, with or without loading: once. */
export function openNavigation(desk: Desk, camera: Camera, numbering: Numbering, tabs: Tabs) {
  const { store, memory, secrets, film, inTurn } = desk;
  /** By documentId: pages that are coming up and will be photographed. */
  const coming = new Map<
    string,
    { tabId: number; draftId: string; timer: ReturnType<typeof setTimeout> }
  >();

  const stand = (documentId: string): void => {
    const page = coming.get(documentId);
    if (!page) return;
    coming.delete(documentId);
    clearTimeout(page.timer);
    camera.pageStands(page.tabId);
    camera.wishBurst(page.tabId, page.draftId);
  };

  const awaitPage = (tabId: number, documentId: string, draftId: string, inMs: number): void => {
    clearTimeout(coming.get(documentId)?.timer);
    coming.set(documentId, { tabId, draftId, timer: setTimeout(() => stand(documentId), inMs) });
  };

  /** The draft of the navigation that this one goes on with, if it does. */
  const startOf = async (sessionId: string, details: Committed, isRoute: boolean) => {
    const { tabId, timeStamp, transitionQualifiers } = details;
    const isRewrite = isRoute && !transitionQualifiers.includes('from_address_bar');
    const longest = transitionQualifiers.includes('client_redirect')
      ? redirectMs
      : isRewrite
        ? rewriteMs
        : 0;
    const drafts = await store.drafts(sessionId);
    const last = drafts.findLast(
      (held) => held.tabId === tabId && held.draft?.type === 'NAVIGATION',
    );
    if (!last?.draft || timeStamp - last.startedAt > longest) return null;
    const isActedOn = drafts.some(
      ({ startedAt, draft, tabId: other }) =>
        other === tabId && startedAt > last.startedAt && isAction(draft?.type ?? 'CLICK'),
    );
    return isActedOn ? null : last;
  };

  /** A tab that a link opens has no address yet when it is told. */
  const nameOpenedTab = async (sessionId: string, tabId: number, url: string): Promise<void> => {
    for (const { draftId, draft, tabId: other } of await store.drafts(sessionId)) {
      if (other !== tabId || draft?.type !== 'TAB_OPEN' || draft.url !== '') continue;
      await store.changeDraft(sessionId, draftId, { draft: { ...draft, url }, after: { url } });
    }
  };

  const tell = async (details: Committed, isRoute: boolean, kind: string): Promise<void> => {
    const { tabId, url, timeStamp, transitionType, transitionQualifiers, documentId } = details;
    const session = recordingOf(desk);
    const before = tabs.known(tabId);
    if (isRoute && before?.url === url) return;
    await tabs.arrived(tabId, url);
    if (!session || isOfSites(url, desk.settings().excludedSites)) return;
    if (/^about:(?:blank|srcdoc)/.test(url)) return;
    film.noteChange(tabId, timeStamp);
    if (!isRoute) camera.pageLeft(tabId);

    const draftId = await inTurn(async () => {
      const start = await startOf(session.id, details, isRoute);
      if (start?.draft) {
        const { draft } = start;
        const passed = (draft.context as { redirects?: string[] } | null)?.redirects ?? [];
        const context = { ...Object(draft.context), redirects: [...passed, draft.url] };
        const endedAt = Math.round(timeStamp);
        await store.changeDraft(session.id, start.draftId, {
          draft: { ...draft, url: secrets.cleanUrl(url), endedAt, context },
        });
        return start.draftId;
      }
      await nameOpenedTab(session.id, tabId, secrets.cleanUrl(url));
      const id = `navigation:${documentId}:${timeStamp}`;
      const asked = isRoute ? undefined : memory.get<string>(`asked:${tabId}`);
      const draft: Draft = draftOf('NAVIGATION', {
        draftId: id,
        // We may hear of the tab after its page was under way.
        at: Math.max(timeStamp, tabs.openedAt(tabId) + 1),
        url: secrets.cleanUrl(url),
        pageTitle: null,
        before: lastStateOf(desk, tabId) ?? (before ? tabs.stateOf(before) : null),
        context: {
          kind,
          transition: transitionType,
          qualifiers: transitionQualifiers,
          from:
            before?.url && !isOfSites(before.url, desk.settings().excludedSites)
              ? secrets.cleanUrl(before.url)
              : null,
          ...(asked && asked !== url ? { redirects: [secrets.cleanUrl(asked)] } : {}),
        },
      });
      const held = {
        ...heldOf(session.id, id, draft.startedAt, {
          tabId,
          frameId: 0,
          documentId: null,
          frame: [],
        }),
        isOpen: false,
        draft,
        // Of such a page there is no picture to be waited for.
        after: isProtected(url) ? { url: secrets.cleanUrl(url) } : null,
      };
      await store.keepDrafts([await withBefore(desk, camera, session, held)]);
      return id;
    });
    numbering.schedule();
    camera.hear();
    if (isProtected(url)) return camera.wish('fresh', tabId); // counts it
    const isBack = memory.get<{ documentId: string }>(`doc:${tabId}:0`)?.documentId === documentId;
    awaitPage(tabId, documentId ?? draftId, draftId, isRoute || isBack ? routeMs : longestLoadMs);
  };

  const report = (error: unknown): void => console.error('A navigation was not kept:', error);

  return {
    async asked({ tabId, frameId, url }: { tabId: number; frameId: number; url: string }) {
      if (frameId === 0 && desk.current()) await memory.set(`asked:${tabId}`, url);
    },

    async committed(details: Committed): Promise<void> {
      const { tabId, frameId, documentId, documentLifecycle } = details;
      if (documentLifecycle === 'prerender' || !desk.current()) return;
      // The document that stood there is gone; its last words may still be on their way.
      numbering.closeLater(
        (held) =>
          held.tabId === tabId &&
          (frameId === 0 || held.frameId === frameId) &&
          held.documentId !== documentId &&
          held.startedAt <= details.timeStamp,
      );
      if (frameId === 0) await tell(details, false, kindOf(details)).catch(report);
    },

    async routed(details: Committed, kind: 'history' | 'fragment'): Promise<void> {
      if (details.frameId !== 0 || !desk.current()) return;
      const isBack = details.transitionQualifiers.includes('forward_back');
      await tell(details, true, isBack ? 'back_forward' : kind).catch(report);
    },

    stood({ frameId, documentId }: { frameId: number; documentId?: string }): void {
      if (frameId === 0 && documentId) stand(documentId);
    },
  };
}

function kindOf({ transitionType, transitionQualifiers }: Committed): string {
  if (transitionQualifiers.includes('forward_back')) return 'back_forward';
  if (transitionType === 'reload') return 'reload';
  if (transitionType === 'form_submit') return 'form';
  if (transitionQualifiers.includes('from_address_bar')) return 'typed';
  return /^(?:typed|generated|keyword)/.test(transitionType) ? 'typed' : transitionType;
}
