import sharp from 'sharp';
import { expect, test } from 'vitest';
import { extensionOrigin } from '../src/contract/extension.ts';
import { type Installed, installExtension } from './extension.ts';
import { connect, openInFront, openPages, prepare, untilEnded } from './extension-steps.ts';
import { readDevice } from './extension-store.ts';
import { openProduct } from './product.ts';
import { storedReports } from './reports.ts';

const timeout = 120_000;

/** The little of `chrome` that is asked for here. */
type Api = {
  runtime: { reload(): void };
  windows: { create(about: { url: string; focused: boolean }): Promise<unknown> };
  notifications: { onClicked: { dispatch(id: string): void } };
};

async function untilPictured(installed: Installed): Promise<void> {
  await expect
    .poll(async () => (await installed.ask('face.state', null)).session?.screenshots, {
      timeout: 15_000,
    })
    .toBeGreaterThan(0);
}

async function clicksOf(installed: Installed, sessionId: string): Promise<(string | null)[]> {
  const { interactions } = await readDevice(installed, sessionId);
  return interactions
    .filter(({ type }) => type === 'CLICK')
    .map(({ target }) => target?.name ?? null);
}

test('on a page that was pinched the masks stand where the picture shows what they hide', {
  timeout,
}, async () => {
  const installed = await installExtension();
  await prepare(installed, { showsMark: false });
  const style =
    'position:absolute;left:200px;top:150px;width:300px;height:100px;background:#f00;color:#f00;border:0';
  const url = await openPages({
    '/': `<input type="password" value="hunter2" style="${style}">
      <p style="position:absolute;left:200px;top:300px;width:300px;height:90px;background:#00f">Seen</p>`,
  });
  const page = await openInFront(installed, `${url}/`);
  const session = await installed.context.newCDPSession(page);
  await session.send('Emulation.setPageScaleFactor', { pageScaleFactor: 2 });
  await expect.poll(() => page.evaluate('visualViewport.scale')).toBe(2);

  const { sessionId } = await installed.ask('session.start', { task: 'Look closely' });
  await page.bringToFront();
  await untilPictured(installed);
  await installed.ask('session.stop', null);

  const device = await readDevice(installed, sessionId);
  expect(device.screenshots.length).toBeGreaterThan(0);
  for (const { id, masks } of device.screenshots) {
    const image = sharp(await device.bytesOf(id));
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const count = (fits: (red: number, green: number, blue: number) => boolean): number => {
      let found = 0;
      for (let i = 0; i < data.length; i += info.channels) {
        if (fits(data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0)) found += 1;
      }
      return found;
    };
    expect(masks.map(({ kind }) => kind)).toEqual(['PASSWORD']);
    expect(count((red, green, blue) => red > 150 && green < 100 && blue < 100)).toBe(0);
    // Twice as wide and as high, and not painted over.
    expect(count((red, green, blue) => blue > 150 && red < 100 && green < 100)).toBeGreaterThan(
      300 * 90 * 3,
    );
  }
});

test('a tab that was open before the extension is recorded without a reload', {
  timeout,
}, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const url = await openPages({
    '/': '<button>outside</button><iframe src="/inner"></iframe>',
    '/inner': '<button>inside</button>',
  });
  const page = await openInFront(installed, `${url}/`);
  const face = await installed.openFace('options.html');
  await Promise.all([
    installed.context.waitForEvent('serviceworker'),
    // As after an installation: its scripts in open tabs are dead. This page goes with it, once it has answered.
    face.evaluate(() => {
      setTimeout(() => (globalThis as unknown as { chrome: Api }).chrome.runtime.reload());
    }),
  ]);
  await page.bringToFront();

  const { sessionId } = await installed.ask('session.start', { task: 'Go on' });
  await page.bringToFront();
  await page.getByText('outside').click();
  await page.frameLocator('iframe').getByText('inside').click();
  await installed.ask('session.stop', null);

  expect(await clicksOf(installed, sessionId)).toEqual(['outside', 'inside']);
});

test('what is done in several windows is one session', { timeout }, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const url = await openPages({
    '/': '<button>first window</button>',
    '/other': '<button>other window</button>',
  });
  const page = await openInFront(installed, `${url}/`);

  const { sessionId } = await installed.ask('session.start', { task: 'Use two windows' });
  await page.bringToFront();
  await page.getByText('first window').click();
  const face = await installed.openFace('options.html');
  const opened = installed.context.waitForEvent('page');
  await face.evaluate(
    (url) =>
      (globalThis as unknown as { chrome: Api }).chrome.windows.create({ url, focused: true }),
    `${url}/other`,
  );
  const other = await opened;
  await other.getByText('other window').click();
  await page.bringToFront();
  await page.getByText('first window').click();
  await installed.ask('session.stop', null);

  expect(await clicksOf(installed, sessionId)).toEqual([
    'first window',
    'other window',
    'first window',
  ]);
});

test('a click on the notification opens the session', { timeout }, async () => {
  const installed = await installExtension();
  const [worker] = installed.context.serviceWorkers();
  const opened = installed.context.waitForEvent('page');

  await worker?.evaluate(() =>
    (globalThis as unknown as { chrome: Api }).chrome.notifications.onClicked.dispatch('a-session'),
  );

  const review = await opened;
  await review.waitForURL(`${extensionOrigin}/review.html?session=a-session`);
});

test('a microphone that is taken away is told, and the session goes on', { timeout }, async () => {
  const installed = await installExtension({ args: ['--use-fake-device-for-media-stream'] });
  await prepare(installed, { recordsAudio: true });
  const page = await openInFront(installed, await openPages({ '/': '<button>go on</button>' }));
  const session = await installed.context.newCDPSession(page);
  const allow = (setting: 'granted' | 'denied') =>
    session.send('Browser.setPermission', {
      permission: { name: 'microphone' },
      setting,
      origin: extensionOrigin,
    });
  await allow('granted');
  const face = await installed.openFace('options.html');

  const { sessionId } = await installed.ask('session.start', { task: 'Say something' });
  expect((await installed.ask('face.state', null)).session?.recordsAudio).toBe(true);
  // What is taken away before its first sound leaves none.
  await expect.poll(() => face.evaluate(`(${countChunks})()`)).toBeGreaterThan(0);
  await allow('denied');
  await expect
    .poll(async () => (await installed.ask('face.state', null)).session?.recordsAudio)
    .toBe(false);
  await page.bringToFront();
  await page.getByText('go on').click();
  const { problem } = await installed.ask('face.state', null);
  await installed.ask('session.stop', null);

  expect(problem?.message).toMatch(/microphone/i);
  expect(await clicksOf(installed, sessionId)).toEqual(['go on']);
  const device = await readDevice(installed, sessionId);
  expect(device.sounds).toHaveLength(1);
  expect(device.session.coverage.notes).toContain(problem?.message);
});

test('the extension reports its own faults, and nothing of where somebody was', {
  timeout,
}, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  await plantFault(installed, 'before anybody is connected');
  await connect(installed, product, { scopes: ['CAPTURE', 'READ', 'REPORT'] });

  await plantFault(installed, 'at https://bank.example/accounts/7 of jane@person.example');

  const { db } = product.app;
  await expect.poll(() => db.errorEvent.count(), { timeout: 20_000 }).toBe(1);
  const kept = [await storedReports(product.app), await db.errorIssue.findMany()];
  const told = JSON.stringify(kept, (_key, value) =>
    typeof value === 'bigint' ? String(value) : (value as unknown),
  );
  expect(told).toContain('Planted at [URL] of [EMAIL]');
  expect(told).not.toMatch(/bank|jane|accounts|nobody|before anybody/);
});

test('with a key that may not report, no fault is told', { timeout }, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  const [worker] = installed.context.serviceWorkers();
  await worker?.evaluate(() => {
    const here = globalThis as unknown as { asked: string[]; fetch: (url: string) => unknown };
    const { fetch } = here;
    here.asked = [];
    here.fetch = (...given) => {
      here.asked.push(given[0]);
      return fetch(...given);
    };
  });

  await connect(installed, product);
  await plantFault(installed, 'in silence');
  const { sessionId } = await installed.ask('session.start', { task: 'Go on' });
  await installed.ask('session.stop', null);
  await untilEnded(product, sessionId);

  const asked = await worker?.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
  expect(asked).not.toEqual([]);
  expect(asked?.filter((url) => url.endsWith('/api/reports'))).toEqual([]);
});

/** Seconds of sound on the device. Runs in a page of the extension, which has the store by then. */
const countChunks = `() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('codesight-audio');
  opening.onerror = reject;
  opening.onsuccess = () => {
    const counting = opening.result.transaction('chunks').objectStore('chunks').count();
    counting.onerror = reject;
    counting.onsuccess = () => { opening.result.close(); resolve(counting.result); };
  };
})`;

/** An error that nothing in the worker catches. */
async function plantFault(installed: Installed, words: string): Promise<void> {
  const [worker] = installed.context.serviceWorkers();
  await worker?.evaluate((about) => {
    setTimeout(() => {
      throw new Error(`Planted ${about}`);
    });
  }, words);
}
