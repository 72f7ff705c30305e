import type { Camera } from './camera.ts';
import { type Desk, recordingOf } from './desk.ts';
import { draftOf, heldOf } from './draft.ts';
import { lastStateOf, withBefore } from './drafts.ts';
import type { Numbering } from './numbering.ts';
import { extensionOf, isOfSites } from './sites.ts';
import type { Tabs } from './tabs.ts';

/** Tells of downloads: what kind of file and from where, never its name. */
export function openDownloads(desk: Desk, camera: Camera, numbering: Numbering, tabs: Tabs) {
  const { store, secrets, inTurn } = desk;
  return {
    async created(item: chrome.downloads.DownloadItem, at: number): Promise<void> {
      const session = recordingOf(desk);
      const tabId = tabs.shown();
      const tab = tabId === null ? undefined : tabs.known(tabId);
      if (!session || tabId === null || !tab || item.incognito) return;
      const { excludedSites } = desk.settings();
      const source = item.finalUrl || item.url;
      if ([source, item.referrer, tab.url].some((url) => isOfSites(url, excludedSites))) return;
      const draftId = draftIdOf(item.id);
      const draft = draftOf('DOWNLOAD', {
        draftId,
        at,
        url: secrets.cleanUrl(tab.url),
        pageTitle: secrets.cleanText(tab.title),
        before: lastStateOf(desk, tabId),
        context: {
          kind: item.mime || null,
          extension: extensionOf(item.filename) ?? extensionOf(URL.parse(source)?.pathname ?? ''),
          site: URL.parse(source)?.host || null,
          bytes: item.totalBytes > 0 ? item.totalBytes : null,
        },
      });
      const origin = { tabId, frameId: 0, documentId: null, frame: [] };
      const held = {
        ...heldOf(session.id, draftId, draft.startedAt, origin),
        isOpen: false,
        draft,
        after: draft.before ?? tabs.stateOf(tab),
      };
      await inTurn(async () => {
        await store.keepDrafts([await withBefore(desk, camera, session, held)]);
      });
      numbering.schedule();
    },

    /** The name is often found only after the beginning. */
    async named({ id, filename }: chrome.downloads.DownloadDelta): Promise<void> {
      const session = desk.current();
      const extension = extensionOf(filename?.current ?? '');
      if (!session || !extension) return;
      await inTurn(async () => {
        const held = (await store.drafts(session.id)).find(
          ({ draftId }) => draftId === draftIdOf(id),
        );
        if (!held?.draft) return;
        const context = { ...Object(held.draft.context), extension };
        await store.changeDraft(session.id, held.draftId, { draft: { ...held.draft, context } });
      });
    },
  };
}

/** The browser's own number of the download, unique in its profile. */
function draftIdOf(id: number): string {
  return `download:${id}`;
}
