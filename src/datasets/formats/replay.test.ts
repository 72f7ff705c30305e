import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRunner, PuppeteerRunnerExtension, parse } from '@puppeteer/replay';
import { launch } from 'puppeteer-core';
import { expect, onTestFinished, test } from 'vitest';
import { startShop } from '../../../examples/shop/server.ts';
import { makeViewer } from '../../../test/app.ts';
import { exported, toFiles } from '../../../test/exported.ts';
import { openWorkingApp, playRecorded, until } from '../../../test/recorded.ts';
import { readShop } from '../../../test/shop.ts';
import type { ExportFormat } from '../../generated/prisma/enums.ts';
import { findChromium } from '../../record/browser.ts';

const run = promisify(execFile);
const executablePath = () => findChromium(process.env.CHROMIUM, process.env.PATH);

/** What the recording masked, as its script typed it. */
const values: Record<string, string> = {
  'NAME/Full name': 'Jane Doe',
  'EMAIL/Email': 'jane.doe@example.com',
  'PHONE/Phone': '+1 202 555 0143',
  'ADDRESS/Street address': '1600 Example Street',
  'ADDRESS/City': 'Washington',
  'ADDRESS/ZIP code': '20500',
  'CARD/Card number': '4242424242424242',
  'CARD/Expiry date': '12/29',
  'CARD/Security code': '123',
  'CARD/Name on card': 'Jane Doe',
  'PASSWORD/Password': 'Correct-horse-7',
};

async function exportShop(format: ExportFormat) {
  const app = await openWorkingApp(toFiles);
  const viewer = await makeViewer(app);
  const recorded = await readShop();
  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');
  const files = await exported(app, viewer, sessionId, format);
  const shop = await startShop();
  onTestFinished(() => shop.close());
  return { files, shop, origin: new URL(recorded.head.startUrl).origin };
}

test('a Chrome Recorder file replays in Chromium to the same end', {
  timeout: 120_000,
}, async () => {
  const { files, shop, origin } = await exportShop('CHROME_RECORDER');
  const json = String(files.get('session.json')).replaceAll(origin, shop.url);
  const flow = parse(JSON.parse(json));
  for (const step of flow.steps) {
    if (step.type !== 'change') continue;
    const field = step.selectors.flat().find((selector) => selector.startsWith('aria/')) ?? '';
    const name = field.slice(5).replace(/\[role=.*$/, '');
    step.value = step.value.replace(
      /^\[([A-Z]+)\]$/,
      (mask, kind) => values[`${kind}/${name}`] ?? mask,
    );
  }
  const browser = await launch({ executablePath: executablePath(), args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();

  await (
    await createRunner(flow, new PuppeteerRunnerExtension(browser, page, { timeout: 10_000 }))
  ).run();

  await expect.poll(() => page.url()).toMatch(/\/orders\/TF-\d{6}$/);
  expect(await page.$eval('main', (main) => main.textContent)).toContain('Stormline Rain Jacket');
});

test('a Playwright file runs in Chromium to the same end', { timeout: 120_000 }, async () => {
  const { files, shop } = await exportShop('PLAYWRIGHT');
  const dist = join(process.cwd(), 'dist');
  await mkdir(dist, { recursive: true });
  const folder = await mkdtemp(join(dist, 'playwright-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(
    join(folder, 'playwright.config.ts'),
    `export default { timeout: 120_000, workers: 1, reporter: 'line', use: { actionTimeout: 10_000, launchOptions: ${JSON.stringify(
      { executablePath: executablePath(), args: ['--no-sandbox'] },
    )} } };`,
  );
  const spec = 'session.spec.ts';
  await writeFile(join(folder, spec), files.get(spec) ?? '');
  await writeFile(join(folder, 'fixture.ts'), files.get('fixture.ts') ?? '');

  const cli = join(process.cwd(), 'node_modules', '@playwright', 'test', 'cli.js');
  const answer = await run(process.execPath, [cli, 'test', spec], {
    cwd: folder,
    env: { ...process.env, BASE_URL: shop.url, MASKED_VALUES: JSON.stringify(values), CI: '1' },
  }).catch((error: { stdout: string; stderr: string }) => error);

  expect(answer.stdout).toContain('1 passed');
  expect(String(files.get(spec))).toContain(`masked("EMAIL", "Email")`);
  expect(String(files.get(spec))).toMatch(/orders\\\/\[\^\/\?#\]\+/);
});
