import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium } from './browser.ts';
import { loadScript } from './script.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codesight-script-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a record script is loaded', async () => {
  const path = join(folder, 'good.mjs');
  await writeFile(
    path,
    'export const task = "Try"; export const url = "http://a.test/"; export async function run() {}',
  );

  expect(await loadScript(path)).toMatchObject({ task: 'Try', url: 'http://a.test/' });
});

test('every missing export is named', async () => {
  const path = join(folder, 'bad.mjs');
  await writeFile(path, 'export const url = "http://a.test/";');

  await expect(loadScript(path)).rejects.toThrow(
    /bad\.mjs is not a record script: .*task.*; .*run/,
  );
});

test('a script that needs a site must say which', async () => {
  const path = join(folder, 'nowhere.mjs');
  await writeFile(path, 'export const task = "Try"; export async function run() {}');

  await expect(loadScript(path)).rejects.toThrow('expected `export const url`');
});

test('a file that is not there is named', async () => {
  await expect(loadScript(join(folder, 'none.ts'))).rejects.toThrow('none.ts');
});

test('a browser that is not where it was said to be is named', () => {
  expect(() => findChromium('/nowhere/chromium')).toThrow('/nowhere/chromium');
});
