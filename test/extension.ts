import { rmSync } from 'node:fs';
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { Reply, Requests } from '../extension/messages.ts';
import { extensionId } from '../src/contract/extension.ts';
import { findChromium } from '../src/record/browser.ts';
import { buildExtension, launchInstalled, prepareProfile } from '../src/record/extension.ts';

/** A browser with the built extension and a profile that outlives it. */
export type Installed = {
  /** Changes when the browser is started again. */
  context: BrowserContext;
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

const closeTimeoutMs = 10_000;
let built: Promise<string> | null = null;

/** The extension as a participant would load it; built once a process. */
function builtExtension(): Promise<string> {
  built ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codesight-extension-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    await buildExtension(folder);
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
  const folder = await builtExtension();
  const profile = await mkdtemp(join(tmpdir(), 'codesight-profile-'));
  await prepareProfile(profile);
  const executablePath = findChromium(process.env.CHROMIUM, process.env.PATH);
  const launch = () => launchInstalled({ folder, profile, executablePath, args });

  let face: Page | null = null;
  const installed: Installed = {
    context: await launch(),
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
      await page.goto(`chrome-extension://${extensionId}/${path}`);
      return page;
    },
    async killWorker() {
      const session = await browserSession(installed.context);
      const { targetInfos } = await session.send('Target.getTargets');
      const worker = targetInfos.find(
        ({ type, url }) => type === 'service_worker' && url.includes(extensionId),
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
      installed.context = await launch();
    },
    close: () => installed.context.close(),
  };
  onTestFinished(async () => {
    const hasClosed = await Promise.race([
      installed.context.close().then(() => true),
      delay(closeTimeoutMs, false, { ref: false }),
    ]);
    // A browser whose worker was killed hangs now and then when it is asked to close.
    if (!hasClosed) process.kill(await mainProcessOf(profile), 'SIGKILL');
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
