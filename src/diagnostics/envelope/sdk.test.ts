import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { bodyOf, openReporting } from '../../../test/reporting.ts';
import { findChromium } from '../../record/browser.ts';

const patienceMs = 120_000; // a child process and a browser on a busy machine

/** Runs a program of another platform, which has @sentry/node and nothing of ours. */
async function runProgram(code: string): Promise<void> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { env });
}

test(
  'an error of the real @sentry/node arrives: cause, frames, breadcrumbs, tags, user, release',
  async () => {
    const reporting = await openReporting();

    await runProgram(`
    import * as Sentry from '@sentry/node';
    Sentry.init({ dsn: '${reporting.dsn}', release: 'shop@1.2.3', environment: 'staging' });
    Sentry.setUser({ id: 'u-17', email: 'jane.roe@mail.example' });
    Sentry.setTag('tenant', 'north');
    Sentry.addBreadcrumb({ category: 'cart', message: 'opened for jane.roe@mail.example' });
    function readPrice() { throw new RangeError('no price'); }
    function payOrder() {
      try { readPrice(); } catch (cause) { throw new TypeError('cannot pay', { cause }); }
    }
    // The SDK drops an error that equals the one before.
    for (const run of [payOrder, readPrice, payOrder])
      try { run(); } catch (error) { Sentry.captureException(error); }
    if (!(await Sentry.flush(10_000))) process.exitCode = 1;
  `);

    const stored = await reporting.reports(3);
    const issues = await reporting.app.db.errorIssue.findMany({ orderBy: { count: 'desc' } });
    expect(issues).toMatchObject([
      { title: 'TypeError: cannot pay', count: 2n },
      { title: 'RangeError: no price', count: 1n },
    ]);
    expect(stored[0]).toMatchObject({
      platform: 'SERVER',
      release: 'shop@1.2.3',
      environment: 'staging',
    });
    const sample = bodyOf(stored[0]);
    expect(sample.exceptions.map(({ type }) => type)).toEqual(['TypeError', 'RangeError']);
    expect(sample.exceptions[0]?.frames.at(-1)).toMatchObject({ function: 'payOrder' });
    expect(sample.exceptions[1]?.frames.at(-1)).toMatchObject({ function: 'readPrice' });
    expect(sample).toMatchObject({
      tags: { tenant: 'north' },
      debug: { breadcrumbs: expect.arrayContaining([expect.objectContaining({ kind: 'cart' })]) },
    });
    expect(stored[0]?.userHash).not.toBeNull();
    expect(JSON.stringify(sample)).not.toContain('jane.roe');
  },
  patienceMs,
);

test(
  'the real @sentry/node keeps to a rate limit',
  async () => {
    const reporting = await openReporting({ REPORTS_PER_SECOND_KEY: '1', REPORTS_BURST_KEY: '1' });

    await runProgram(`
    import * as Sentry from '@sentry/node';
    Sentry.init({ dsn: '${reporting.dsn}' });
    for (let time = 0; time < 6; time += 1) {
      Sentry.captureException(new Error('number ' + time));
      await Sentry.flush(10_000);
    }
  `);

    // One was taken, one was refused, and of the others the SDK sent none.
    expect(await reporting.reports(1)).toHaveLength(1);
    expect(await reporting.ledger()).toMatchObject({ ACCEPTED: 1, RATE_LIMITED: 1 });
  },
  patienceMs,
);

test(
  'an error of a page with the real @sentry/browser arrives from another origin',
  async () => {
    const reporting = await openReporting();
    const { outputFiles } = await build({
      stdin: {
        contents: `import * as Sentry from '@sentry/browser';
        Sentry.init({ dsn: '${reporting.dsn}', release: 'shop@1.2.3' });
        function addToCart() { throw new Error('the cart is full'); }
        document.querySelector('button').addEventListener('click', addToCart);`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      write: false,
    });
    const pages = createServer(({ url }, response) => {
      if (url === '/app.js') response.end(outputFiles[0]?.text);
      else
        response
          .setHeader('content-type', 'text/html')
          .end('<button id="add">Add</button><script src="/app.js"></script>');
    });
    pages.listen(0, '127.0.0.1');
    await once(pages, 'listening');
    onTestFinished(() => void pages.close());
    const browser = await chromium.launch({
      executablePath: findChromium(process.env.CHROMIUM, process.env.PATH),
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    onTestFinished(() => browser.close());

    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
    await page.click('#add');

    const [stored] = await reporting.reports(1);
    expect(stored).toMatchObject({ platform: 'PWA', release: 'shop@1.2.3' });
    const sample = bodyOf(stored);
    expect(sample.exceptions[0]).toMatchObject({ type: 'Error', message: 'the cart is full' });
    expect(sample.exceptions[0]?.frames.at(-1)).toMatchObject({
      function: 'HTMLButtonElement.addToCart',
    });
  },
  patienceMs,
);
