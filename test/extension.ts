import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { Reply, Requests } from '../extension/messages.ts';
import { findChromium } from '../src/record/browser.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** What keeps Chromium to loopback: measured in 25 launches of 25. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

/** A browser with the built extension and a profile that outlives it. */
export type Installed = {
  /** Changes when the browser is started again. */
  context: BrowserContext;
  extensionId: string;
  profile: string;
  /**
   * Asks the recorder as the popup does, from a tab that the first call opens: bring the page to be
   * recorded to the front after it.
   *
   * @throws {Error} what the recorder refused, with its advice
   */
  ask<K extends keyof Requests>(type: K, ask: Requests[K]['ask']): Promise<Requests[K]['answer']>;
  /** An extension page, such as `popup.html`; also what `ask` speaks from. */
  openFace(path: string): Promise<Page>;
  /** Ends the service worker as Chromium does, in the middle of whatever it does. */
  killWorker(): Promise<void>;
  /** kill -9 of the whole browser. */
  killBrowser(): Promise<void>;
  /** Starts the browser again on the same profile. */
  startBrowser(): Promise<void>;
  close(): Promise<void>;
};

/** The little of `chrome` that a page of the extension is asked for here. */
type ExtensionApi = { runtime: { sendMessage(message: unknown): Promise<Reply<unknown>> } };

let built: Promise<string> | null = null;

/** The extension as a participant would load it; built once a process. */
export function buildExtension(): Promise<string> {
  built ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codesight-extension-'));
    const wxt = join(repository, 'node_modules/.bin/wxt');
    await promisify(execFile)(wxt, ['build', '-c', 'extension/wxt.config.ts'], { cwd: repository });
    // A copy: another process may build while the browser reads.
    await cp(join(repository, 'dist/extension/chrome-mv3'), folder, { recursive: true });
    process.once('exit', () => void rm(folder, { recursive: true, force: true }));
    return folder;
  })();
  return built;
}

/** @param args more of Chromium's switches */
export async function installExtension({
  args = [],
}: {
  args?: string[];
} = {}): Promise<Installed> {
  const folder = await buildExtension();
  const profile = await mkdtemp(join(tmpdir(), 'codesight-profile-'));
  await mkdir(join(profile, 'Default'));
  await writeFile(
    join(profile, 'Default/Preferences'),
    JSON.stringify({ extensions: { ui: { developer_mode: true } } }),
  );
  const launch = async () => {
    const context = await chromium.launchPersistentContext(profile, {
      headless: true,
      executablePath: findChromium(process.env.CHROMIUM, process.env.PATH),
      viewport: { width: 1280, height: 800 },
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        `--disable-extensions-except=${folder}`,
        `--load-extension=${folder}`,
        ...quiet,
        ...args,
      ],
    });
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
    return { context, extensionId: new URL(worker.url()).host };
  };

  let face: Page | null = null;
  const installed: Installed = {
    ...(await launch()),
    profile,
    async ask(type, ask) {
      if (!face || face.isClosed()) face = await installed.openFace('options.html');
      const reply = await face.evaluate(
        (message) => {
          const { chrome } = globalThis as unknown as { chrome: ExtensionApi };
          return chrome.runtime.sendMessage(message);
        },
        { type, ask },
      );
      if (!reply.ok) throw new Error(`${reply.message} ${reply.advice}`);
      return reply.answer as Requests[typeof type]['answer'];
    },
    async openFace(path) {
      const page = await installed.context.newPage();
      await page.goto(`chrome-extension://${installed.extensionId}/${path}`);
      return page;
    },
    async killWorker() {
      const session = await browserSession(installed.context);
      const { targetInfos } = await session.send('Target.getTargets');
      const worker = targetInfos.find(
        ({ type, url }) => type === 'service_worker' && url.includes(installed.extensionId),
      );
      if (worker) await session.send('Target.closeTarget', { targetId: worker.targetId });
      await session.detach();
    },
    async killBrowser() {
      const pid = await mainProcessOf(profile);
      const gone = new Promise((resolve) => installed.context.once('close', resolve));
      process.kill(pid, 'SIGKILL');
      await gone;
      // What the dead browser locked its profile with.
      for (const name of ['SingletonLock', 'SingletonSocket', 'SingletonCookie'])
        await rm(join(profile, name), { force: true });
    },
    async startBrowser() {
      face = null;
      Object.assign(installed, await launch());
    },
    close: () => installed.context.close(),
  };
  onTestFinished(async () => {
    await installed.context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return installed;
}

async function browserSession(context: BrowserContext): Promise<CDPSession> {
  const page = context.pages()[0] ?? (await context.newPage());
  return context.newCDPSession(page);
}

/** The browser's own process, by the link that it locks its profile with: `HOST-PID`. */
async function mainProcessOf(profile: string): Promise<number> {
  const lock = join(profile, 'SingletonLock');
  const pid = Number((await readlink(lock)).split('-').at(-1));
  if (!Number.isInteger(pid)) throw new Error(`Expected a process id in ${lock}.`);
  return pid;
}
