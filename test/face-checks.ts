import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** The little of the DOM that these checks read in the page. */
type Box = { width: number; height: number };
type El = {
  getBoundingClientRect(): Box;
  checkVisibility(): boolean;
  closest(selector: string): El | null;
  outerHTML: string;
  clientWidth: number;
  scrollWidth: number;
};
declare const document: { querySelectorAll(selector: string): El[]; documentElement: El };

/** What axe-core finds wrong in light, and of contrast in dark, by rule and place. */
export async function violations(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light' });
  const inLight = await axe(page).analyze();
  await page.emulateMedia({ colorScheme: 'dark' });
  const inDark = await axe(page).withRules('color-contrast').analyze(); // what else would differ?
  return [...inLight.violations, ...inDark.violations].flatMap(({ id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${html}`),
  );
}

/** These pages have no frames: the legacy mode spares a tab for each run. */
function axe(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] });
}

/**
 * What can be pressed and is smaller than 32 CSS pixels in a direction. A link within a sentence may be
 * as high as its line (WCAG 2.2, 2.5.8); a switch takes the pointer on its whole row.
 */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const targets = [...document.querySelectorAll('a, button, input, textarea, summary, audio')];
    const areaOf = (element: El) => element.closest('label') ?? element;
    const isSmall = ({ width, height }: Box) => Math.min(width, height) < 32;
    return targets
      .filter((element) => element.checkVisibility() && !element.closest('p'))
      .filter((element) => isSmall(areaOf(element).getBoundingClientRect()))
      .map(({ outerHTML }) => outerHTML);
  });
}

/** By how many pixels the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
}

/** What the console said, from now on: errors, and what the CSP refused. */
export function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') heard.push(message.text());
  });
  page.on('pageerror', (error) => heard.push(error.message));
  return heard;
}

/** Presses Tab until the focus is on what has this name; says which stops lay on the way. */
export async function tabTo(page: Page, name: RegExp): Promise<string[]> {
  const stops: string[] = [];
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    const label = (await focused.ariaSnapshot()).split('\n')[0] ?? '';
    stops.push(label);
    if (name.test(label)) return stops;
  }
  throw new Error(`Tab never came to ${name}; it came to ${stops.join(', ')}`);
}
