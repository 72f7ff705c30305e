import type { Frame, Page } from 'playwright-core';
import type { PageApi } from '../../extension/capture/scripting.ts';
import type { FrameStep } from '../contract/interaction.ts';
import { redactUrl } from '../lib/redact/url.ts';

/** Where a frame stands on its page. */
export interface Place {
  steps: FrameStep[];
  /** Of the frame's content, from the viewport of the page; CSS pixels. */
  x: number;
  y: number;
}

const TOP: Place = { steps: [], x: 0, y: 0 };

/**
 * Asks the in-page recorder of a frame.
 *
 * @throws {Error} the frame is gone, or holds nothing that a script may enter
 */
export async function askPage<K extends keyof PageApi>(
  frame: Frame,
  question: K,
  ...about: Parameters<PageApi[K]>
): Promise<Awaited<ReturnType<PageApi[K]>>> {
  return (await frame.evaluate(
    ([name, parameters]) => {
      const { __codesightPage: page } = globalThis as unknown as {
        __codesightPage: Record<string, (...parameters: unknown[]) => unknown>;
      };
      return page[name as string]?.(...(parameters as unknown[]));
    },
    [question, about] as unknown[],
  )) as Awaited<ReturnType<PageApi[K]>>;
}

/** Asks every frame of the page; those that are gone meanwhile are left out. */
export async function askFrames<K extends keyof PageApi>(
  page: Page,
  question: K,
  ...about: Parameters<PageApi[K]>
): Promise<{ frame: Frame; answer: Awaited<ReturnType<PageApi[K]>> }[]> {
  const asked = page.frames().map(async (frame) => ({
    frame,
    answer: await askPage(frame, question, ...about),
  }));
  const settled = await Promise.allSettled(asked);
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

/** @throws {Error} the frame or one above it is gone */
export async function placeOfFrame(frame: Frame): Promise<Place> {
  const parent = frame.parentFrame();
  if (!parent) return TOP;
  const above = await placeOfFrame(parent);
  const element = await frame.frameElement();
  const { selector, x, y } = await element.evaluate((node) => {
    const { __codesightPage: page } = globalThis as unknown as { __codesightPage: PageApi };
    return page.placeOf(node);
  });
  const step: FrameStep = {
    index: parent.childFrames().indexOf(frame),
    name: frame.name() || null,
    url: redactUrl(frame.url()),
    selector,
  };
  return { steps: [...above.steps, step], x: above.x + x, y: above.y + y };
}
