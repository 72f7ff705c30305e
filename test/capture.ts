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
  written(): Promise<Written>;
  writtenAtOnce(): Written;
};

/** The page as it is kept once it rests, and as it is when all of it is written anew. */
type Written = { kept: string; fresh: string };

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
  /** Once the page rests. */
  written(page: Page): Promise<Written>;
  /** While nobody has looked yet where things stand now. */
  writtenAtOnce(page: Page): Promise<Written>;
  close(): Promise<void>;
};

/**
 * The content script's hearing as one script, which tells a binding instead of an extension. A call of a
 * binding is lost when the document goes before it has arrived (always, where the browser gives every
 * document a frame of its own: `RenderDocument`), so what has no answer then is told by the next one.
 */
async function bundleHearing(): Promise<string> {
  const entry = `
    import { awaitRest } from './rest.ts';
    import { closeAll, startHearing, stopHearing } from './hearing.ts';
    import { hearSecrets, whenLearned } from './learn.ts';
    import { look } from './look.ts';
    import { tell } from './capture.ts';
    import {
      beginSurvey, isStale, isWritten, lastWhole, survey, surveyAtLeisure, surveyed,
    } from './survey.ts';
    import { unchangedMs } from './changes.ts';
    const { __tell } = globalThis;
    const REST = 'capture.untold';
    const untold = new Map();
    const documentId = Math.random();
    let last = 0;
    const pass = (id, message) => {
      untold.set(id, message);
      __tell(id, message).then(() => untold.delete(id), () => {});
    };
    const isKept = globalThis === globalThis.top && location.protocol === 'http:';
    if (isKept) {
      for (const [id, message] of JSON.parse(sessionStorage.getItem(REST) ?? '[]')) pass(id, message);
      sessionStorage.removeItem(REST);
    }
    globalThis.__capture = {
      async look(secrets) { hearSecrets(secrets); await surveyed(); return look(secrets); },
      close: closeAll, stop: stopHearing, isWritten,
      async written() {
        const { __capture } = globalThis;
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        await frame();
        while (unchangedMs() < 1_000 || isStale()) {
          await frame();
          surveyAtLeisure(8);
        }
        return __capture.writtenAtOnce();
      },
      writtenAtOnce() {
        survey(Infinity); // values of fields are known to nobody before
        const kept = lastWhole().html;
        beginSurvey();
        survey(Infinity);
        return { kept, fresh: lastWhole().html };
      },
    };
    whenLearned((value) => tell({ kind: 'secret', value }));
    startHearing({
      patience: 5, longestPatience: 30, takesChanges: true, finished: awaitRest,
      tell: (message) => pass(documentId + ':' + ++last, message),
    });
    addEventListener('pagehide', () => {
      closeAll(true);
      if (isKept) sessionStorage.setItem(REST, JSON.stringify([...untold]));
    });`;
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
  let all = new Map<string, PageMessage>();
  let page: Page | null = null;
  await context.exposeBinding('__tell', (source, id: string, message: PageMessage) => {
    if (source.page === page) all.set(id, message);
  });
  await context.addInitScript({ content: await bundleHearing() });

  const heard = () => [...all.values()];
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
      all = new Map();
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
    written: (page) =>
      page.evaluate(() => {
        const { __capture } = globalThis as unknown as { __capture: InPage };
        return __capture.written();
      }),
    writtenAtOnce: (page) =>
      page.evaluate(() => {
        const { __capture } = globalThis as unknown as { __capture: InPage };
        return __capture.writtenAtOnce();
      }),
    close: () => browser.close(),
  };
}
