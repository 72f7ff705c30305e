import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { bodyOf, openReporting } from '../../test/reporting.ts';
import { findChromium } from '../record/browser.ts';
import type { Ledger } from './types.ts';

test('what a page could not send is sent by the next one, whole and once', async () => {
  const reporting = await openReporting();
  const { outputFiles } = await build({
    stdin: {
      contents: `import { openReporter } from './browser.ts';
        document.cookie = 'cart=secret-of-the-cart';
        localStorage.draft = 'secret of the draft';
        window.reporter = openReporter({
          url: new URLSearchParams(location.search).get('to'),
          key: '${reporting.reportKey.secret}', service: 'shop', platform: 'PWA' });`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
  });
  const pages = createServer(({ url = '' }, response) => {
    if (url === '/app.js') response.end(outputFiles[0]?.text);
    else response.setHeader('content-type', 'text/html').end('<script src="/app.js"></script>');
  });
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  onTestFinished(() => void pages.close());
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  const browser = await chromium.launch({
    executablePath: findChromium(process.env.CHROMIUM, process.env.PATH),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  onTestFinished(() => browser.close());
  const context = await browser.newContext();
  const open = async (to: string) => {
    const page = await context.newPage();
    await page.goto(`${origin}/?to=${encodeURIComponent(to)}`);
    const ledger = () => page.evaluate('reporter.ledger()') as Promise<Ledger>;
    return { page, ledger };
  };

  // Two pages at once, neither reaches the server, and one is closed.
  const [one, other] = [await open('http://127.0.0.1:9'), await open('http://127.0.0.1:9')];
  await one.page.evaluate(
    `for (let time = 0; time < 5; time += 1) reporter.capture(new Error('one ' + time))`,
  );
  await other.page.evaluate(`reporter.capture(new RangeError('other'))`);
  expect(await one.ledger()).toMatchObject({ captured: 5, queued: 5 });
  expect(await other.ledger()).toMatchObject({ captured: 1, queued: 1 });
  await one.page.close();
  const next = await open(reporting.server.url);

  const stored = await reporting.reports(5);
  expect(stored.map((report) => bodyOf(report).exceptions[0]?.message).sort()).toEqual(
    [0, 1, 2, 3, 4].map((time) => `one ${time}`),
  );
  expect(bodyOf(stored[0]).debug?.storage).toEqual([
    { name: 'draft', bytes: 19 },
    { name: 'cart', bytes: 18 },
  ]);
  expect(JSON.stringify(stored.map(({ report }) => report))).not.toContain('secret');
  await expect.poll(next.ledger).toMatchObject({ captured: 5, accepted: 5, queued: 0 });
  // That of the page that is still there is its own.
  expect(await other.ledger()).toMatchObject({ captured: 1, queued: 1 });
}, 120_000);
