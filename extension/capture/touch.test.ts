import type { CDPSession } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HardSite, openHardSite } from '../../examples/hard/server.ts';
import { type Capture, openCapture } from '../../test/capture.ts';

let site: HardSite;
let capture: Capture;

beforeAll(async () => {
  site = await openHardSite();
  capture = await openCapture({ touch: true });
}, 60_000);

afterAll(async () => {
  await capture?.close();
  await site?.close();
});

type Point = { x: number; y: number };

/** Fingers that go down, along these places and up, 40 ms from place to place whatever the machine does. */
async function touch(session: CDPSession, ...steps: Point[][]): Promise<void> {
  const start = Date.now();
  for (const [index, touchPoints] of [...steps, []].entries()) {
    const moves = index === 0 ? 'touchStart' : 'touchMove';
    const type = index === steps.length ? 'touchEnd' : moves;
    const timestamp = (start + index * 40) / 1_000;
    await session.send('Input.dispatchTouchEvent', { type, touchPoints, timestamp });
  }
}

test('a tap is a click, a swipe and a pinch are touches, a pan is scrolling', async () => {
  const page = await capture.open(site.url);
  const session = await capture.context.newCDPSession(page);

  await page.getByTestId('plain').tap();
  await capture.rested();
  const pad = page.getByTestId('pad');
  await pad.scrollIntoViewIfNeeded();
  const { x, y } = (await pad.boundingBox()) ?? { x: 0, y: 0 };
  const at = (dx: number, dy = 40): Point => ({ x: x + dx, y: y + dy });
  await touch(session, [at(20)], [at(60)], [at(150)]);
  await touch(session, [at(60), at(90)], [at(40), at(110)], [at(20), at(140)]);
  await touch(session, [{ x: 600, y: 200 }], [{ x: 600, y: 260 }], [{ x: 600, y: 420 }]);
  await expect.poll(() => capture.told().at(-1)).toBe('SCROLL html');

  const touches = capture.drafts().filter(({ type }) => type === 'TOUCH');
  expect(touches.map(({ context }) => context)).toMatchObject([
    { gesture: 'swipe', direction: 'right', dx: 130 },
    { gesture: 'pinch', scale: 4 },
  ]);
  expect(touches[0]?.target?.attributes?.['data-testid']).toBe('pad');
  expect(capture.told()[0]).toBe('CLICK Plain button');
});
