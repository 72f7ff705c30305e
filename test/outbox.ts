import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { Trial } from '../extension/outbox/trial-api.ts';
import { allScopes, createKey } from '../src/accounts/keys.ts';
import type { ApiScope } from '../src/contract/accounts.ts';
import { newId } from '../src/lib/ids.ts';
import { findChromium } from '../src/record/browser.ts';
import { openProduct, type Product } from './product.ts';

/** The outbox of the extension in a page of a real browser. */
export type OutboxPage = {
  page: Page;
  do<K extends keyof Trial>(
    what: K,
    ...args: Parameters<Trial[K]>
  ): Promise<Awaited<ReturnType<Trial[K]>>>;
  /** The page ends at once, wherever it is; what it had on disk is there for the next one. */
  kill(): Promise<void>;
};

type Saved = {
  id: string;
  url: string;
  key: string;
  projectId: string;
  project: string;
  participant: string;
  mayReport?: boolean;
};

export type Outbox = {
  product: Product;
  context: BrowserContext;
  /** Opens the page; again after it was killed. */
  open(): Promise<OutboxPage>;
  /** As it is saved after a test that went well. */
  connection(change?: Partial<Saved>): Saved;
  /** Another key of the same participant. */
  newKey(change?: { scopes?: ApiScope[]; participantLabel?: string | null }): Promise<string>;
};

let browser: Promise<Browser> | null = null;
let script: Promise<string> | null = null;

/**
 * A server, and a browser whose storage is as empty as after an installation.
 *
 * @param onDisk in a profile of its own: only there the browser keeps to a quota that it is told
 */
export async function openOutbox(
  env: Record<string, string> = {},
  { onDisk = false } = {},
): Promise<Outbox> {
  script ??= bundle();
  const origin = await servePage(await script);
  const product = await openProduct({ ALLOWED_ORIGINS: origin, ...env });
  const context = onDisk ? await launchOnDisk() : await newContext();
  onTestFinished(() => context.close());
  const project = await product.app.db.project.findFirstOrThrow();
  return {
    product,
    context,
    connection: (change = {}) => ({
      id: '1',
      url: product.server.url,
      key: product.key,
      projectId: project.id,
      project: project.name,
      participant: 'first',
      ...change,
    }),
    async newKey(change = {}) {
      const grantor = { projectId: project.id, scopes: allScopes };
      const about = { id: newId(), name: 'Another', participantLabel: 'first', now: new Date() };
      const scopes: ApiScope[] = ['CAPTURE', 'READ'];
      return (await createKey(product.app, grantor, { ...about, scopes, ...change })).secret;
    },
    async open() {
      const page = await context.newPage();
      await page.goto(origin);
      return {
        page,
        do: (what, ...args) =>
          page.evaluate(
            ([name, given]) => {
              const { trial } = globalThis as unknown as {
                trial: Record<string, (...args: unknown[]) => never>;
              };
              return trial[name]?.(...given) as never;
            },
            [what, args] as const,
          ),
        kill: () => page.close({ runBeforeUnload: false }),
      };
    },
  };
}

async function newContext(): Promise<BrowserContext> {
  browser ??= launch();
  return (await browser).newContext();
}

async function launchOnDisk(): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'codesight-outbox-'));
  onTestFinished(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  return chromium.launchPersistentContext(profile, launchOptions());
}

/** The same with the page open and the sender at work. */
export async function openStarted({
  outbox: given,
  env,
  url,
  isConnected = true,
}: {
  outbox?: Outbox;
  env?: Record<string, string>;
  url?: string;
  isConnected?: boolean;
} = {}) {
  const outbox = given ?? (await openOutbox(env));
  const opened = await outbox.open();
  const connect = () => opened.do('connect', outbox.connection(url ? { url } : {}));
  if (isConnected) await connect();
  await opened.do('openSender');
  return { outbox, product: outbox.product, page: { ...opened, connect, reopen: outbox.open } };
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = null;
}

/** Waits until the session was sent. */
export async function untilSent(outbox: OutboxPage, id: string, timeout = 15_000): Promise<void> {
  await expect.poll(async () => (await outbox.do('session', id))?.state, { timeout }).toBe('sent');
}

function launch(): Promise<Browser> {
  return chromium.launch(launchOptions());
}

function launchOptions() {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const executablePath = findChromium(process.env.CHROMIUM, process.env.PATH);
  return { headless: true, executablePath, args };
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../extension/outbox/trial.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'chrome136',
  });
  return outputFiles[0]?.text ?? '';
}

async function servePage(text: string): Promise<string> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/trial.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? text : '<!doctype html><script src="/trial.js"></script>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
