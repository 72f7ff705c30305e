import type { Frame, Page } from 'playwright-core';
import type { Mask } from '../contract/image.ts';
import type { PageState } from '../contract/interaction.ts';
import { limits } from '../contract/limits.ts';
import { askFrames, type Place, placeOfFrame } from './frames.ts';

/** A picture of the viewport as it came from the browser. */
export interface Photo {
  /** Milliseconds since 1970, before the picture was taken: its age is never said too small. */
  at: number;
  png: Buffer;
  state: PageState;
  masks: Mask[];
  places: Map<Frame, Place>;
}

const ATTEMPTS = 3;

/**
 * Takes a picture of the page, with the rectangles that must be painted over: those before and those
 * after it, because a field may fill while the picture is taken.
 *
 * `null` when the page scrolled or went away each time. Calls must not overlap.
 */
export async function photograph(page: Page, secrets: string[]): Promise<Photo | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const before = await lookAt(page, secrets);
      const at = Date.now();
      const png = await page.screenshot({ type: 'png', caret: 'initial', timeout: 5_000 });
      const after = await lookAt(page, secrets);
      const { scrollX, scrollY, url } = after.state;
      if (before.state.scrollX !== scrollX || before.state.scrollY !== scrollY) continue;
      if (before.state.url !== url) continue;
      return { at, png, ...after, masks: unite(before.masks, after.masks) };
    } catch {
      // The document went away under the camera; the next one is tried.
    }
  }
  return null;
}

async function lookAt(page: Page, secrets: string[]): Promise<Omit<Photo, 'at' | 'png'>> {
  const places = new Map<Frame, Place>();
  const masks: Mask[] = [];
  let state: PageState | null = null;
  for (const { frame, answer } of await askFrames(page, 'look', secrets)) {
    const place = await placeOfFrame(frame);
    places.set(frame, place);
    if (frame === page.mainFrame()) state = answer.state;
    for (const mask of answer.masks) {
      masks.push({ ...mask, x: mask.x + place.x, y: mask.y + place.y });
    }
  }
  if (!state) throw new Error('expected the page to answer, got nothing');
  return { state, masks, places };
}

function unite(before: Mask[], after: Mask[]): Mask[] {
  const united = new Map([...before, ...after].map((mask) => [JSON.stringify(mask), mask]));
  return [...united.values()].slice(0, limits.masksPerScreenshot);
}
