import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const USUAL = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
];

/** Keeps the browser to the pages it was sent to: no updates, no experiments, no first-run pages. */
const ARGUMENTS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/**
 * The program of a Chromium: the one asked for, else of `searchPath`, of the usual places, or of
 * Playwright.
 *
 * @param searchPath as the environment's `PATH`
 * @throws {Error} there is none; the message names the command that installs one
 */
export function findChromium(asked?: string, searchPath = ''): string {
  if (asked) {
    if (existsSync(asked)) return asked;
    throw new Error(`expected Chromium at ${asked}, found nothing there`);
  }
  const folders = [...searchPath.split(delimiter).filter(Boolean), ...USUAL];
  const names = [...NAMES, 'Google Chrome', 'Chromium'];
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [...candidates, chromium.executablePath()].find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    'found no Chromium. Install one with: npx playwright install chromium (on Debian: ' +
      'apt-get install -y --no-install-recommends chromium fonts-liberation)',
  );
}

export async function launchChromium({
  executablePath,
  headless,
}: {
  executablePath: string;
  headless: boolean;
}): Promise<Browser> {
  // Chromium refuses to run as root with its sandbox.
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath,
    headless,
    args: isRoot ? [...ARGUMENTS, '--no-sandbox'] : ARGUMENTS,
  });
}
