import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { openHardSite } from '../examples/hard/server.ts';
import { findChromium } from '../src/record/browser.ts';
import { buildExtension } from '../src/record/extension.ts';
import type { BenchOptions } from './bench.ts';
import { type Drive, drive, driveProfiled } from './extension-drive.ts';
import { tableOfProfile } from './extension-profile.ts';
import { figuresOf, type PageResult, tables } from './extension-report.ts';
import { type SideName, scriptName, sides } from './extension-scripts.ts';

const pages = [
  { name: 'plain page', path: '/' },
  { name: '10,000 nodes, 100 changes a second', path: '/many?nodes=10000&mutate=100' },
];
const actionsPerSecond = 5;

/** Drives the same page alone, with our content script's hearing, with rrweb, and with rrweb that keeps pages as we do, in turns. */
export async function run({ print, rounds, seconds, profile }: BenchOptions): Promise<object> {
  const actions = Math.max(4, Math.round(seconds * actionsPerSecond));
  const site = await openHardSite();
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const gzBytes = await sizeOfContentScript();
    print(
      `${rounds} × ${actions} actions of each side in turns; content script ${(gzBytes / 1024).toFixed(1)} KB gzipped.\n`,
    );
    const results: PageResult[] = [];
    for (const { name, path } of pages) {
      const drives: Record<SideName, Drive[]> = { alone: [], ours: [], rrweb: [], rrwebPages: [] };
      for (let round = 1; round <= rounds; round++)
        for (const side of sides) {
          drives[side].push(await drive(browser, side, { url: site.url + path, actions }));
          print(`${name}, round ${round}: ${side}`);
        }
      results.push({ name, drives });
    }
    for (const table of tables(results)) print(table);
    if (profile !== undefined) await profilePages(browser, site.url, { profile, actions, print });
    return figuresOf(results, gzBytes);
  } finally {
    await browser.close();
    await site.close();
  }
}

/** Where our time goes, as tables and as files for Chrome's viewer. */
async function profilePages(
  browser: Browser,
  siteUrl: string,
  { profile, actions, print }: { profile: string; actions: number } & Pick<BenchOptions, 'print'>,
): Promise<void> {
  await mkdir(profile, { recursive: true });
  for (const [index, { name, path }] of pages.entries()) {
    const found = await driveProfiled(browser, { url: siteUrl + path, actions });
    await writeFile(join(profile, `extension-${index + 1}.cpuprofile`), JSON.stringify(found));
    print(tableOfProfile(name, found, { script: scriptName('ours'), actions }));
  }
}

/** As a participant loads it. */
async function sizeOfContentScript(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'codesight-bench-'));
  try {
    await buildExtension(folder);
    const script = await readFile(join(folder, 'content-scripts/content.js'));
    return gzipSync(script, { level: 9 }).length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
