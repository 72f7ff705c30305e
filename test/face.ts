import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'wxt';
import type { FaceState, Reply, Requests } from '../extension/messages.ts';
import { findChromium } from '../src/record/browser.ts';

const root = fileURLToPath(new URL('../extension', import.meta.url));

/** What a page asked of the recorder that stands in for the real one. */
type Asked = { type: keyof Requests; ask: unknown };

/** Extension pages in real Chromium, without a recorder behind them. */
export type Faces = {
  context: BrowserContext;
  /** A page that is shown `state` and whatever is pushed later. */
  open(
    path: string,
    state: FaceState | null,
    options?: { width?: number; height?: number },
  ): Promise<Face>;
  close(): Promise<void>;
};

export type Face = {
  page: Page;
  push(state: FaceState): Promise<void>;
  asked(): Promise<Asked[]>;
  /** How a request is answered from now on; `null` if nothing was said. */
  answer(type: keyof Requests, reply: Reply<unknown>): Promise<void>;
};

/** The recorder's place in the page; only for these tests. */
type StandIn = {
  push(state: unknown): void;
  answer(type: string, reply: unknown): void;
  asked: Asked[];
};

/** There in the page only. */
declare function recorder(): StandIn;

/** Builds the three pages of the face alone and loads them as an extension. */
export async function openFaces(): Promise<Faces> {
  const folder = await mkdtemp(join(tmpdir(), 'codesight-face-'));
  const profile = join(folder, 'profile');
  const outDir = join(folder, 'built');
  await mkdir(join(profile, 'Default'), { recursive: true });
  await writeFile(
    join(profile, 'Default/Preferences'),
    JSON.stringify({ extensions: { ui: { developer_mode: true } } }),
  );
  await build({
    root,
    configFile: join(root, 'wxt.config.ts'),
    outDir,
    filterEntrypoints: ['popup', 'options', 'review'],
    logger: silent,
  });
  const extension = join(outDir, 'chrome-mv3');
  await addIdleWorker(extension);
  const context = await chromium.launchPersistentContext(profile, {
    headless: true,
    executablePath: findChromium(process.env.CHROMIUM, process.env.PATH),
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      `--disable-extensions-except=${extension}`,
      `--load-extension=${extension}`,
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
    ],
  });
  await context.addInitScript(standIn);
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
  const origin = `chrome-extension://${new URL(worker.url()).host}`;

  return {
    context,
    async open(path, state, { width = 360, height = 600 } = {}) {
      const page = await context.newPage();
      await page.setViewportSize({ width, height });
      await page.goto(`${origin}/${path}`);
      const face: Face = {
        page,
        push: (next) => page.evaluate((pushed) => recorder().push(pushed), next),
        asked: () => page.evaluate(() => recorder().asked),
        answer: (type, reply) =>
          page.evaluate(([name, given]) => recorder().answer(name, given), [type, reply] as const),
      };
      if (state) await face.push(state);
      return face;
    },
    async close() {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A worker that does nothing: its start says that the extension is loaded, and under which name. */
async function addIdleWorker(extension: string): Promise<void> {
  const path = join(extension, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(join(extension, 'idle.js'), '');
  await writeFile(path, JSON.stringify({ ...manifest, background: { service_worker: 'idle.js' } }));
}

/** Stands in the page for the worker's end of `chrome.runtime`. */
function standIn(): void {
  type Listener = (value: unknown) => void;
  const chrome = (globalThis as unknown as { chrome?: { runtime?: Record<string, unknown> } })
    .chrome;
  if (!chrome?.runtime) return;
  const listeners: Listener[] = [];
  const answers = new Map<string, unknown>();
  const asked: Asked[] = [];
  const none = { addListener: () => {} };
  chrome.runtime.connect = () => ({
    onMessage: { addListener: (listener: Listener) => listeners.push(listener) },
    onDisconnect: none,
    disconnect: () => {},
  });
  chrome.runtime.sendMessage = async (request: Asked) => {
    asked.push(request);
    return answers.get(request.type) ?? { ok: true, answer: null };
  };
  const place: StandIn = {
    push: (state) => {
      for (const listen of listeners) listen(state);
    },
    answer: (type, reply) => answers.set(type, reply),
    asked,
  };
  Object.assign(globalThis, { recorder: () => place });
}

const silent = {
  debug: () => {},
  log: () => {},
  info: () => {},
  warn: () => {},
  error: console.error,
  fatal: console.error,
  success: () => {},
  level: 0,
};
