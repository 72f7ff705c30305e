import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BrowserContext, chromium } from 'playwright-core';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What keeps Chromium to loopback: measured in 25 launches of 25. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

/** Builds the extension into a folder, in a place of its own: other processes may build at the same time. */
export async function buildExtension(folder: string): Promise<void> {
  const wxt = join(repository, 'node_modules/.bin/wxt');
  const place = await mkdtemp(join(tmpdir(), 'codesight-build-'));
  const config = join(place, 'wxt.config.ts');
  const own = JSON.stringify(join(repository, 'extension/wxt.config.ts'));
  const outDir = JSON.stringify(join(place, 'out'));
  try {
    await writeFile(
      config,
      `import own from ${own};\nexport default { ...own, outDir: ${outDir} };\n`,
    );
    await promisify(execFile)(wxt, ['build', '-c', config], { cwd: repository });
    await cp(join(place, 'out/chrome-mv3'), folder, { recursive: true });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Makes an empty folder the profile of a browser that takes unpacked extensions. */
export async function prepareProfile(folder: string): Promise<void> {
  await mkdir(join(folder, 'Default'), { recursive: true });
  const preferences = { extensions: { ui: { developer_mode: true } } };
  await writeFile(join(folder, 'Default/Preferences'), JSON.stringify(preferences));
}

/**
 * Chromium with the extension, whose worker runs.
 *
 * @param folder the built extension
 * @param profile as `prepareProfile` made it, or one that was in use before
 * @param slowMo milliseconds before each of Playwright's actions
 */
export async function launchInstalled({
  folder,
  profile,
  executablePath,
  headless = true,
  args = [],
  slowMo = 0,
}: {
  folder: string;
  profile: string;
  executablePath: string;
  headless?: boolean;
  args?: string[];
  slowMo?: number;
}): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(profile, {
    headless,
    executablePath,
    slowMo,
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    args: [
      // Chromium refuses to run as root with its sandbox.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      `--disable-extensions-except=${folder}`,
      `--load-extension=${folder}`,
      ...quiet,
      ...args,
    ],
  });
  if (context.serviceWorkers().length === 0) await context.waitForEvent('serviceworker');
  return context;
}
