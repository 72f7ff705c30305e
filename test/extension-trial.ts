import { expect } from 'vitest';
import { seededRandom } from '../src/lib/page/random.ts';
import { type Installed, installExtension } from './extension.ts';
import {
  clickedOn,
  clickSteps,
  connect,
  openButtons,
  openInFront,
  untilEnded,
} from './extension-steps.ts';
import { openProduct } from './product.ts';
import { openProxy } from './proxy.ts';

const clicks = 14;
const longestMs = 120_000;
/** What is on disk by then for certain; what was done later counts as captured only when it arrived. */
const keptAfterMs = 1_500;

export type Ordeal = {
  /** What was done to it, in order. */
  hardships: string[];
  /** Clicks right before the browser was killed, which need not have been captured. */
  unsure: number;
  /** Pictures that the server knows to have been given up. */
  dropped: number;
};

/** The little of `chrome` that a page of the extension is asked for here. */
type Storage = { storage: { local: { set(values: object): Promise<void> } } };

/**
 * One session in the real browser while worker, browser, network and server fail at random, and in one
 * trial of four the disk is nearly full; expects every click exactly once and in order.
 */
export async function endure(seed: string): Promise<Ordeal> {
  const random = seededRandom(seed);
  const product = await openProduct();
  const proxy = await openProxy(product.server.port);
  const installed = await installExtension();
  await connect(installed, product, { url: proxy.url });
  const ordeal: Ordeal = { hardships: [], unsure: 0, dropped: 0 };
  if (random() < 0.25) {
    ordeal.hardships.push('full disk');
    await limitStore(installed, 150_000);
  }
  const address = await openButtons(clicks);
  let page = await openInFront(installed, address);
  const { sessionId } = await installed.ask('session.start', { task: `Endure ${seed}` });

  const clickedAt: number[] = [];
  const mayMiss = new Set<string>();
  const hardships: [share: number, name: string, work: () => Promise<void>][] = [
    [0.25, 'worker killed', () => installed.killWorker()],
    [0.15, 'network cut', async () => proxy.cut()],
    [
      0.1,
      'network silent',
      async () => {
        proxy.isSilent = true;
        proxy.cut();
      },
    ],
    [
      0.15,
      'network back',
      async () => {
        proxy.isSilent = false;
        proxy.cut();
      },
    ],
    [0.06, 'server restarted', () => product.restart()],
    [
      0.08,
      'browser killed',
      async () => {
        const killedAt = Date.now();
        for (const [index, at] of clickedAt.entries())
          if (killedAt - at < keptAfterMs) mayMiss.add(`Step ${index + 1}`);
        await installed.killBrowser();
        await installed.startBrowser();
        const { session } = await installed.ask('face.state', null);
        if (session?.isPaused) await installed.ask('session.resume', null);
        page = await openInFront(installed, address);
      },
    ],
  ];
  for (let step = 1; step <= clicks; step += 1) {
    clickedAt.push(...(await clickSteps(page, step, step)));
    let dice = random();
    for (const [share, name, work] of hardships) {
      if (dice < share && dice >= 0) {
        ordeal.hardships.push(`${name} after ${step}`);
        await work();
      }
      dice -= share;
    }
  }
  proxy.isSilent = false;
  await installed.ask('session.stop', null);
  await untilEnded(product, sessionId, longestMs);

  const arrived = await clickedOn(product, sessionId);
  const expected = clickedAt.map((_, index) => `Step ${index + 1}`);
  const held = new Set(arrived);
  expect(arrived).toEqual(expected.filter((name) => held.has(name))); // in order, none twice
  expect(expected.filter((name) => !held.has(name) && !mayMiss.has(name))).toEqual([]);
  ordeal.unsure = expected.filter((name) => !held.has(name)).length;
  const where = { sessionId };
  const pictures = await product.app.db.screenshot.findMany({ where });
  expect(pictures.filter(({ upload }) => upload !== 'STORED' && upload !== 'DROPPED')).toEqual([]);
  ordeal.dropped = pictures.filter(({ upload }) => upload === 'DROPPED').length;
  await installed.close();
  return ordeal;
}

/** Makes the extension believe that so many bytes are all there is. */
async function limitStore(installed: Installed, limitBytes: number): Promise<void> {
  const face = await installed.openFace('options.html');
  await face.evaluate((bytes) => {
    const { chrome } = globalThis as unknown as { chrome: Storage };
    return chrome.storage.local.set({ limitBytes: bytes });
  }, limitBytes);
  await face.close();
}
