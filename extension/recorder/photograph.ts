import type { Mask } from '../../src/contract/image.ts';
import type { PageState } from '../../src/contract/interaction.ts';
import type { Desk } from './desk.ts';
import { develop, type Negative } from './develop.ts';
import type { Documents } from './documents.ts';
import { isSteady, unite } from './layout.ts';
import { isOfSites, isProtected } from './sites.ts';

export type Photo = {
  isTaken: true;
  /** Before the browser was asked; milliseconds since 1970. */
  at: number;
  /** After it answered. */
  doneAt: number;
  state: PageState;
  masks: Mask[];
  negative: Negative;
};

/**
 * Why there is no picture. `hidden`: another tab is in front. `unsteady`: the page scrolled or loaded
 * meanwhile. `limited`: the browser's limit. `busy`: the page did not answer.
 */
export type NoPhoto = {
  isTaken: false;
  reason: 'hidden' | 'protected' | 'excluded' | 'unsteady' | 'limited' | 'busy' | 'failed';
  /** The browser was asked, which counts. */
  isCounted: boolean;
};

const jpegQuality = 92;

/** Takes a picture of what the tab shows, with everything painted over that must not be seen. */
export async function photograph(
  tabId: number,
  documents: Documents,
  { settings }: Pick<Desk, 'settings'>,
  beforeCapture: () => Promise<void>,
): Promise<Photo | NoPhoto> {
  const none = (reason: NoPhoto['reason'], isCounted = false): NoPhoto => ({
    isTaken: false,
    reason,
    isCounted,
  });
  const tab = await tabOf(tabId);
  if (!tab?.active) return none('hidden');
  const url = tab.url ?? '';
  if (isOfSites(url, settings().excludedSites)) return none('excluded');
  if (isProtected(url)) return none('protected');

  const before = await documents.lookAt(tabId);
  if (!before.layout)
    return none(before.isDeaf && tab.status === 'complete' ? 'protected' : 'busy');
  await beforeCapture();
  const at = Date.now();
  let dataUrl: string;
  try {
    dataUrl = await chrome.tabs.captureVisibleTab(tab.windowId, {
      format: 'jpeg',
      quality: jpegQuality,
    });
  } catch (error) {
    const isLimit = /MAX_CAPTURE_VISIBLE_TAB_CALLS_PER_SECOND/.test(String(error));
    if (!isLimit) console.warn('The browser refused a picture:', error);
    return none(isLimit ? 'limited' : 'failed', true);
  }
  const doneAt = Date.now();
  const after = await documents.lookAt(tabId);
  if (!(await tabOf(tabId))?.active) return none('hidden', true);
  if (!after.layout || !isSteady(before.frames, after.frames)) return none('unsteady', true);

  const { state } = after.layout;
  const masks = unite(before.layout.masks, after.layout.masks);
  const negative = await develop(dataUrl, masks, state.viewportWidth ?? 1);
  return { isTaken: true, at, doneAt, state, masks, negative };
}

async function tabOf(tabId: number): Promise<chrome.tabs.Tab | null> {
  try {
    return await chrome.tabs.get(tabId);
  } catch {
    return null; // closed
  }
}
