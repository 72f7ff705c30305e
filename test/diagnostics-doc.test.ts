import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { type BrowserContext, chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { findChromium } from '../src/record/browser.ts';
import { bodyOf, openReporting, type Reporting } from './reporting.ts';

const text = await readFile(new URL('../docs/diagnostics.md', import.meta.url), 'utf8');
const patienceMs = 120_000;

/** The program of the page under a name, for example `ts node`. */
function snippet(name: string): string {
  const found = new RegExp(`\`\`\`\\w+ ${name}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  if (!found) throw new Error(`Expected a program ${name} in docs/diagnostics.md.`);
  return found;
}

/** A folder of another platform: the reporter is copied, packages are its own. */
async function makePlatform(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'codesight-platform-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp('src/reporter', join(folder, 'reporter'), { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  await symlink(resolve('node_modules/@sentry'), join(folder, 'node_modules/@sentry'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

async function runInNode({ server, reportKey, dsn }: Reporting, name: string): Promise<void> {
  const folder = await makePlatform();
  await writeFile(join(folder, 'main.ts'), snippet(name));
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  await promisify(execFile)(process.execPath, ['main.ts'], {
    cwd: folder,
    env: {
      ...env,
      CODESIGHT_URL: server.url,
      CODESIGHT_KEY: reportKey.secret,
      CODESIGHT_DSN: dsn,
    },
  });
}

/** Serves a page with two programs, bundled as another platform would, and opens it in Chromium. */
async function openPage({ server, reportKey }: Reporting, html: string): Promise<BrowserContext> {
  const folder = await makePlatform();
  const bundle = async (name: string) => {
    const { outputFiles } = await build({
      stdin: { contents: snippet(name), resolveDir: folder, loader: 'ts' },
      bundle: true,
      write: false,
      define: {
        CODESIGHT_URL: JSON.stringify(server.url),
        CODESIGHT_KEY: JSON.stringify(reportKey.secret),
      },
    });
    return outputFiles[0]?.text ?? '';
  };
  const files: Record<string, [type: string, text: string]> = {
    '/': ['text/html', html],
    '/page.js': ['text/javascript', await bundle('page')],
    '/worker.js': ['text/javascript', await bundle('worker')],
  };
  const pages = createServer(({ url = '' }, response) => {
    const [type, body] = files[url] ?? ['text/plain', ''];
    response.setHeader('content-type', type).end(body);
  });
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  onTestFinished(() => void pages.close());
  const browser = await chromium.launch({
    executablePath: findChromium(process.env.CHROMIUM, process.env.PATH),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  onTestFinished(() => browser.close());
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
  return context;
}

test(
  'the Node server of the page reports',
  async () => {
    const reporting = await openReporting();

    await runInNode(reporting, 'node');

    const [stored] = await reporting.reports(1);
    expect(stored).toMatchObject({
      service: 'checkout',
      release: '1.4.0',
      environment: 'production',
    });
    expect(bodyOf(stored)).toMatchObject({
      exceptions: [{ type: 'TypeError', message: 'the order has no total' }],
      tags: { tenant: 'north' },
    });
  },
  patienceMs,
);

test(
  'the SDK of the page reports',
  async () => {
    const reporting = await openReporting();

    await runInNode(reporting, 'sdk');

    const [stored] = await reporting.reports(1);
    expect(stored).toMatchObject({ release: 'shop@1.4.0', environment: 'production' });
  },
  patienceMs,
);

test(
  'the page of the page reports what nobody handles, with what was done before',
  async () => {
    const reporting = await openReporting();

    const context = await openPage(
      reporting,
      '<button id="pay">Pay</button><script src="/page.js"></script>',
    );
    await context.pages()[0]?.click('#pay');

    const [stored] = await reporting.reports(1);
    expect(stored).toMatchObject({ service: 'shop', platform: 'PWA' });
    const body = bodyOf(stored);
    expect(body.exceptions[0]).toMatchObject({ type: 'Error', message: 'the cart is empty' });
    expect(body.debug?.breadcrumbs?.map(({ kind }) => kind)).toEqual(['click', 'cart']);
  },
  patienceMs,
);

test(
  'the service worker of the page reports',
  async () => {
    const reporting = await openReporting();

    const context = await openPage(
      reporting,
      `<script type="module">
      await navigator.serviceWorker.register('/worker.js');
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage('orders');
    </script>`,
    );

    const [stored] = await reporting.reports(1);
    expect(stored).toMatchObject({ service: 'shop-worker', category: 'SYNC_TIMEOUT' });
    expect(context.serviceWorkers()).toHaveLength(1);
  },
  patienceMs,
);
