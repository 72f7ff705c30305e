import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { askPage } from './frames.ts';

/** Milliseconds without any change that count as settled. */
const QUIET = 80;
/** A page that never rests is photographed all the same. */
const LONGEST = 2_000;
const LONGEST_LOAD = 10_000;

/** Waits until pages have loaded, asked for nothing and changed nothing for a moment. */
export function openSettling() {
  const asked = new WeakMap<Page, Set<unknown>>();

  return {
    watch(page: Page): void {
      const pending = new Set<unknown>();
      asked.set(page, pending);
      page.on('request', (request) => pending.add(request));
      page.on('requestfinished', (request) => pending.delete(request));
      page.on('requestfailed', (request) => pending.delete(request));
      page.on('framenavigated', (frame) => {
        if (frame === page.mainFrame()) pending.clear();
      });
    },

    async settle(page: Page): Promise<void> {
      const deadline = Date.now() + LONGEST;
      while (Date.now() < deadline) {
        await page.waitForLoadState('load', { timeout: LONGEST_LOAD }).catch(() => {});
        const quiet = await quietMs(page);
        if (quiet >= QUIET && !asked.get(page)?.size) return;
        await sleep(Math.max(10, Math.min(QUIET, QUIET - quiet)));
      }
    },
  };
}

/** Documents that go away, and pages of the browser itself, have nothing to say. */
async function quietMs(page: Page): Promise<number> {
  if (page.isClosed()) return Number.POSITIVE_INFINITY;
  try {
    return (await askPage(page.mainFrame(), 'quietMs')) ?? QUIET;
  } catch {
    return 0;
  }
}
