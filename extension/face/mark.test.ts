import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium, launchChromium } from '../../src/record/browser.ts';
import type { Place } from './mark.ts';

/** There in the page. */
declare const mark: {
  showMark(place: Place, onMoved: (place: Place) => void): void;
  hideMark(): void;
};
declare const moves: Place[];

let browser: Browser;
let code: string;

beforeAll(async () => {
  browser = await launchChromium({
    executablePath: findChromium(process.env.CHROMIUM, process.env.PATH),
    headless: true,
  });
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('mark.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'mark',
  });
  code = `${outputFiles[0]?.text}; globalThis.mark = mark; globalThis.moves = [];`;
});
afterAll(() => browser.close());

/** A page that would hide and recolour everything, allows no style, and counts what it hears. */
const hostile = `<!doctype html>
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'sha256-BhWsa5Bvr2XrWaWHUwzH+UAsHXCeLHbFnm5q1NyPfcA='">
<body><button>Below</button><div>A page</div></body>`;

async function openPage(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 800, height: 600 } });
  await page.setContent(hostile);
  await page.evaluate(code);
  return page;
}

const show = (page: Page, place: Place) =>
  page.evaluate((at) => mark.showMark(at, (moved) => moves.push(moved)), place);
const host = (page: Page) => page.locator('[data-codesight-mark]');
const movesOf = (page: Page) => page.evaluate(() => moves);

test('it stands where it is told, once, in a closed shadow root, whatever the page says', async () => {
  const page = await openPage();
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      'codesight-mark { display: none !important; left: 9px !important; opacity: 0 !important }',
    );
    Reflect.set(globalThis.document, 'adoptedStyleSheets', [sheet]);
  });

  await show(page, { x: 0, y: 0 });
  await show(page, { x: 1, y: 1 });

  expect(await host(page).count()).toBe(1);
  expect(await host(page).evaluate((element) => element.shadowRoot)).toBe(null);
  expect(await host(page).evaluate((element) => getComputedStyle(element).opacity)).toBe('1');
  expect(await host(page).boundingBox()).toEqual({ x: 768, y: 568, width: 32, height: 32 });
  await page.close();
});

test('it is dragged, stays within the window, and says so once', async () => {
  const page = await openPage();
  await show(page, { x: 0.5, y: 0.5 });

  await page.mouse.move(400, 300);
  await page.mouse.down();
  await page.mouse.move(500, 200, { steps: 5 });
  await page.mouse.move(900, 100);
  await page.mouse.up();

  expect(await host(page).boundingBox()).toMatchObject({ x: 768, y: 84 });
  expect(await movesOf(page)).toEqual([{ x: 1, y: expect.closeTo(84 / 568) }]);
  await page.close();
});

test('it is reached by Tab after the page, named, and moved by the arrow keys', async () => {
  const page = await openPage();
  await show(page, { x: 0.5, y: 0.5 });

  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').textContent()).toBe('Below');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowUp');

  expect(await host(page).boundingBox()).toMatchObject({ x: 368, y: expect.closeTo(268, 0) });
  expect((await movesOf(page)).length).toBe(2);
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  expect(nodes.map(({ name }) => name?.value)).toContainEqual(
    expect.stringMatching(/^CodeSight is recording/),
  );
  await page.close();
});

test('the page does not hear of what is done to it', async () => {
  const page = await openPage();
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(globalThis, { heard });
    for (const type of ['pointerdown', 'mousedown', 'click', 'keydown']) {
      globalThis.document.addEventListener(type, () => heard.push(type));
    }
  });
  await show(page, { x: 0.5, y: 0.5 });

  await page.mouse.click(400, 300);
  await page.keyboard.press('ArrowDown');

  expect(await page.evaluate(() => Reflect.get(globalThis, 'heard'))).toEqual([]);
  await page.close();
});

test('it is hidden, and comes back', async () => {
  const page = await openPage();
  await show(page, { x: 0, y: 0 });

  await page.evaluate(() => mark.hideMark());
  expect(await host(page).count()).toBe(0);
  await show(page, { x: 0, y: 1 });

  expect(await host(page).boundingBox()).toMatchObject({ x: 0, y: 568 });
  await page.close();
});
