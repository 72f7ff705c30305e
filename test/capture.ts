import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Frame,
  type Page,
} from 'playwright-core';
import { expect } from 'vitest';
import type { Draft, Look, PageMessage } from '../extension/page.ts';
import { findChromium } from '../src/record/browser.ts';

/** What capture is asked in a page of a test; `globalThis.__capture`. */
type InPage = {
  look(secrets: string[]): Promise<Look>;
  close(isLeaving: boolean): void;
  stop(): void;
  isWritten(): boolean;
};

/** A browser in which every document is captured, and what they tell. */
export type Capture = {
  context: BrowserContext;
  /** A new page; nothing of the others is heard any more. Resolves when it has come to rest. */
  open(url: string): Promise<Page>;
  heard(): PageMessage[];
  /** Interactions that were told as done and not taken back. */
  drafts(): Draft[];
  /** `TYPE name value` of each. */
  told(): string[];
  /** Waits until no interaction is unsettled. */
  rested(): Promise<void>;
  last(type: Draft['type']): Draft;
  look(page: Page | Frame, secrets?: string[]): Promise<Look>;
  close(): Promise<void>;
};

/** The content script's hearing as one script, which tells a binding instead of an extension. */
async function bundleHearing(): Promise<string> {
  const entry = `
    import { awaitRest } from './rest.ts';
    import { closeAll, startHearing, stopHearing } from './hearing.ts';
    import { hearSecrets, whenLearned } from './learn.ts';
    import { look } from './look.ts';
    import { tell } from './capture.ts';
    import { isWritten, surveyed } from './survey.ts';
    const { __tell } = globalThis;
    globalThis.__capture = {
      async look(secrets) { hearSecrets(secrets); await surveyed(); return look(secrets); },
      close: closeAll, stop: stopHearing, isWritten,
    };
    whenLearned((value) => tell({ kind: 'secret', value }));
    startHearing({ patience: 5, longestPatience: 30, finished: awaitRest, tell: (message) => __tell(message) });
    addEventListener('pagehide', () => closeAll(true));`;
  const { outputFiles } = await build({
    stdin: {
      contents: entry,
      resolveDir: fileURLToPath(new URL('../extension/capture', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'chrome136',
  });
  const [file] = outputFiles;
  if (!file) throw new Error('Expected a bundle of the capture, got none.');
  return file.text;
}

/** @param touch fingers instead of a mouse */
export async function openCapture({ touch = false } = {}): Promise<Capture> {
  const browser: Browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    hasTouch: touch,
    acceptDownloads: true,
  });
  let all: PageMessage[] = [];
  let page: Page | null = null;
  await context.exposeBinding('__tell', (source, message: PageMessage) => {
    if (source.page === page) {
      all.push(message);
    }
  });
  await context.addInitScript({ content: await bundleHearing() });

  const heard = () => all;
  const drafts = () => {
    const done = new Map<string, Draft>();
    for (const message of heard()) {
      if (message.kind === 'done') done.set(message.draft.draftId, message.draft);
      if (message.kind === 'drop') done.delete(message.draftId);
    }
    return [...done.values()].sort((a, b) => a.startedAt - b.startedAt);
  };
  return {
    context,
    async open(url) {
      await page?.close();
      all = [];
      page = await context.newPage();
      await page.goto(url, { waitUntil: 'load' });
      await expect
        .poll(() => page?.evaluate('document.readyState === "complete" && __capture.isWritten()'))
        .toBe(true);
      return page;
    },
    heard,
    drafts,
    told: () =>
      drafts().map(({ type, target, value, key }) =>
        [type, target?.name ?? target?.tag, key ?? value].filter(Boolean).join(' '),
      ),
    async rested() {
      await expect
        .poll(() => {
          const settled = new Set(
            heard().map((each) => (each.kind === 'settled' ? each.draftId : null)),
          );
          return drafts().filter(({ draftId }) => !settled.has(draftId)).length;
        })
        .toBe(0);
    },
    last(type) {
      const found = drafts().findLast((draft) => draft.type === type);
      if (!found) throw new Error(`Expected an interaction ${type}, got none.`);
      return found;
    },
    look: (from, secrets = []) =>
      from.evaluate((known) => {
        const { __capture } = globalThis as unknown as { __capture: InPage };
        return __capture.look(known);
      }, secrets),
    close: () => browser.close(),
  };
}
