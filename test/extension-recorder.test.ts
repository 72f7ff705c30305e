import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { open } from '../examples/shop/buy-a-jacket.ts';
import { isAction } from '../extension/recorder/film.ts';
import { burstAtMs } from '../extension/recorder/schedule.ts';
import type { InteractionRecord } from '../src/contract/interaction.ts';
import { type Installed, installExtension } from './extension.ts';
import { openInFront, openPages, prepare } from './extension-steps.ts';
import { type OnDevice, readDevice } from './extension-store.ts';

const timeout = 120_000;

async function untilCounted(installed: Installed, interactions: number): Promise<void> {
  await expect
    .poll(async () => (await installed.ask('face.state', null)).session?.interactions, {
      timeout: 15_000,
    })
    .toBeGreaterThanOrEqual(interactions);
}

const contextOf = ({ context }: InteractionRecord) => Object(context) as Record<string, unknown>;
const stepsOf = ({ interactions }: OnDevice, types: string[]) =>
  interactions.filter(({ type }) => types.includes(type));
const pathOf = (url: string | null | undefined) => URL.parse(url ?? '')?.pathname ?? null;

test('every way from page to page is told once, with what it looked like before and after', {
  timeout,
}, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const url = await openPages({
    '/': '<a href="/moved">redirected</a>',
    '/moved': '-> /second',
    '/second': `<button onclick="history.pushState({}, '', '/routed'); document.body.append('Routed')">
      route</button><a href="#below">jump</a>`,
    '/refreshing': '<meta http-equiv="refresh" content="0;url=/final">',
    '/final': 'The end',
    '/routed': 'Loaded again',
  });
  const page = await openInFront(installed, `${url}/`);

  const { sessionId } = await installed.ask('session.start', { task: 'Go everywhere' });
  await page.getByText('redirected').click();
  await untilCounted(installed, 2);
  await page.getByText('jump').click();
  await untilCounted(installed, 4);
  await page.getByText('route', { exact: true }).click();
  await untilCounted(installed, 6);
  await page.goBack();
  await untilCounted(installed, 7);
  await page.reload();
  await untilCounted(installed, 8);
  await page.goto(`${url}/refreshing`);
  await page.waitForURL(`${url}/final`);
  await installed.ask('session.stop', null);

  const device = await readDevice(installed, sessionId);
  const navigations = stepsOf(device, ['NAVIGATION']);
  expect(navigations.map((each) => [contextOf(each).kind, each.url.slice(url.length)])).toEqual([
    ['link', '/second'],
    ['fragment', '/second#below'],
    ['history', '/routed'],
    ['back_forward', '/second#below'],
    ['reload', '/second#below'],
    ['typed', '/final'],
  ]);
  expect(
    (contextOf(navigations[0] as InteractionRecord).redirects as string[]).map(pathOf),
  ).toEqual(['/moved']);
  expect(
    (contextOf(navigations[5] as InteractionRecord).redirects as string[]).map(pathOf),
  ).toEqual(['/refreshing']);
  const first = navigations[0];
  expect([first?.pageTitle, pathOf(first?.before?.url), pathOf(first?.after?.url)]).toEqual([
    '/second',
    '/',
    '/second',
  ]);
  const pictures = new Map(device.screenshots.map((picture) => [picture.id, picture]));
  const after = pictures.get(first?.after?.screenshotId ?? '');
  expect(after).toMatchObject({
    trigger: 'NAVIGATION',
    interactionSequence: first?.sequence,
    burstIndex: 0,
  });
  expect(pathOf(pictures.get(first?.before?.screenshotId ?? '')?.url)).toBe('/');
});

test('tabs that open, come to the front and close are told once', { timeout }, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const url = await openPages({
    '/': '<a href="/other" target="_blank">open</a>',
    '/other': 'Other',
  });
  const page = await openInFront(installed, `${url}/`);

  const { sessionId } = await installed.ask('session.start', { task: 'Use tabs' });
  const opened = installed.context.waitForEvent('page');
  await page.getByText('open').click();
  const other = await opened;
  await other.waitForURL(`${url}/other`);
  await untilCounted(installed, 3);
  await page.bringToFront();
  await untilCounted(installed, 4);
  await other.close();
  await untilCounted(installed, 5);
  await installed.ask('session.stop', null);

  const device = await readDevice(installed, sessionId);
  const types = ['TAB_OPEN', 'TAB_SWITCH', 'TAB_CLOSE', 'NAVIGATION'];
  expect(stepsOf(device, types).map(({ type, url }) => [type, pathOf(url)])).toEqual([
    ['TAB_OPEN', '/other'],
    ['NAVIGATION', '/other'],
    ['TAB_SWITCH', '/'],
    ['TAB_CLOSE', '/other'],
  ]);
});

test('what must not be seen is painted over before anything is stored, in frames too', {
  timeout,
}, async () => {
  const installed = await installExtension();
  await prepare(installed, { excludedSites: ['localhost'], showsMark: false });
  const secret = 'background:#f00;color:#f00;border:0;width:300px;height:100px;position:absolute';
  const field = (style: string) =>
    `<input type="password" autocomplete="off" value="hunter2" style="${secret};${style}">`;
  const url = await openPages({
    '/': `${field('left:20px;top:100px')}
      <iframe src="/frame" style="position:absolute;left:20px;top:300px;width:400px;height:200px;border:0"></iframe>
      <iframe name="bank" style="position:absolute;left:500px;top:300px;width:400px;height:200px;border:0"></iframe>`,
    '/frame': field('left:10px;top:50px'),
    '/bank': '<body style="background:#f00">',
  });
  const page = await openInFront(installed, `${url}/`);
  await page.frame('bank')?.goto(`${url.replace('127.0.0.1', 'localhost')}/bank`);

  const { sessionId } = await installed.ask('session.start', { task: 'Hide things' });
  await expect
    .poll(async () => (await installed.ask('face.state', null)).session?.screenshots)
    .toBeGreaterThan(0);
  await installed.ask('session.stop', null);

  const device = await readDevice(installed, sessionId);
  expect(device.screenshots.length).toBeGreaterThan(1);
  for (const { id, masks, bytes, width, height } of device.screenshots) {
    const image = await device.bytesOf(id);
    expect(image).toHaveLength(bytes);
    const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([width, height]);
    let red = 0;
    for (let i = 0; i < data.length; i += info.channels) {
      if ((data[i] ?? 0) > 150 && (data[i + 1] ?? 0) < 100) red += 1;
    }
    expect(red).toBe(0);
    expect(masks.map(({ kind }) => kind).sort()).toEqual(['EXCLUDED', 'PASSWORD', 'PASSWORD']);
  }
});

test('a pause hears nothing; a session goes on after it', { timeout }, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const url = await openPages({
    '/': '<button>one</button><button>two</button><button>three</button>',
  });
  const page = await openInFront(installed, `${url}/`);

  const { sessionId } = await installed.ask('session.start', { task: 'Rest a little' });
  await page.getByText('one').click();
  await installed.ask('session.pause', null);
  await page.getByText('two').click();
  await installed.ask('session.resume', null);
  await page.getByText('three').click();
  await installed.ask('session.stop', null);

  const { interactions } = await readDevice(installed, sessionId);
  const clicks = interactions.filter(({ type }) => type === 'CLICK');
  expect(clicks.map(({ target }) => target?.name)).toEqual(['one', 'three']);
});

test('a voice is kept whole, also when the worker dies', { timeout }, async () => {
  const installed = await installExtension({
    args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  });
  await prepare(installed, { recordsAudio: true });
  await openInFront(installed, await openPages({ '/': 'Listen' }));

  const { sessionId } = await installed.ask('session.start', { task: 'Say something' });
  expect((await installed.ask('face.state', null)).session?.recordsAudio).toBe(true);
  await installed.killWorker();
  await installed.ask('session.stop', null);

  const device = await readDevice(installed, sessionId);
  expect(device.sounds).toHaveLength(1);
  const [sound] = device.sounds;
  const bytes = await device.bytesOf(sound?.id ?? '');
  expect(bytes).toHaveLength(sound?.bytes ?? -1);
  expect(bytes.subarray(0, 4).toString('hex')).toBe('1a45dfa3'); // EBML, the header of WebM
  expect(device.session.coverage.workerRestarts).toBeGreaterThan(0);
});

test('nothing is recorded without a connection, without consent, and without a task', {
  timeout,
}, async () => {
  const installed = await installExtension();

  await expect(installed.ask('session.start', { task: 'x' })).rejects.toThrow(
    'No server is connected',
  );
  await prepare(installed);
  await expect(installed.ask('session.start', { task: ' ' })).rejects.toThrow(
    'The task is missing',
  );
  await installed.ask('consent.withdraw', null);
  await expect(installed.ask('session.start', { task: 'x' })).rejects.toThrow('not agreed');
});

test('a download is told without its name', { timeout }, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const url = await openPages({
    '/': '<a href="data:text/csv,a" download="jane-doe-salary.csv">download</a>',
  });
  const page = await openInFront(installed, `${url}/`);

  const { sessionId } = await installed.ask('session.start', { task: 'Download' });
  await page.getByText('download').click();
  await untilCounted(installed, 2);
  await installed.ask('session.stop', null);

  const device = await readDevice(installed, sessionId);
  expect(stepsOf(device, ['DOWNLOAD']).map(contextOf)).toMatchObject([{ kind: 'text/csv' }]);
  expect(
    JSON.stringify(device.interactions.filter(({ type }) => type === 'DOWNLOAD')),
  ).not.toContain('jane');
});

/** A camera's picture as far as its bytes go: soft shapes under fine noise. */
async function aPhotograph(seed: number): Promise<string> {
  const [width, height] = [400, 300];
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const noise = (Math.imul(i + seed * 7_919, 2_654_435_761) >>> 27) - 16;
    pixels[i] =
      128 + 90 * Math.sin((x * (1 + (i % 3)) + seed * 40) / 90) * Math.cos(y / 70) + noise;
  }
  const raw = { width, height, channels: 3 as const };
  const bytes = await sharp(pixels, { raw }).jpeg({ quality: 88 }).toBuffer();
  return `data:image/jpeg;base64,${bytes.toString('base64')}`;
}

/** Acts in a session and takes PNGs at the moments at which the extension takes its pictures. */
async function compareBytes(
  installed: Installed,
  page: Page,
  actions: { isNavigation: boolean; act: () => Promise<unknown> }[],
): Promise<{ device: OnDevice; share: number }> {
  let pngBytes = 0;
  const shoot = async (times: number) => {
    pngBytes += times * (await page.screenshot({ type: 'png' })).length;
  };
  const { sessionId } = await installed.ask('session.start', { task: 'Look at things' });
  await shoot(1);
  for (const { isNavigation, act } of actions) {
    const done = (await installed.ask('face.state', null)).session?.interactions ?? 0;
    await shoot(1);
    await act();
    await untilCounted(installed, done + (isNavigation ? 2 : 1));
    await shoot(isNavigation ? 1 + burstAtMs.length : 1);
  }
  await installed.ask('session.stop', null);
  await shoot(1);
  const device = await readDevice(installed, sessionId);
  const keptBytes = device.screenshots.reduce((sum, { bytes }) => sum + bytes, 0);
  return { device, share: keptBytes / pngBytes };
}

test('the pictures of a session have a twentieth of the bytes of PNGs from the same moments', {
  timeout,
}, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const photographs = await Promise.all([1, 2, 3, 4].map(aPhotograph));
  const gallery = photographs.map((src) => `<img src="${src}" alt="">`).join('');
  const url = await openPages({
    '/': `<a href="/second">second</a> <button>like</button>${gallery}`,
    '/second': `<a href="/">first</a> <button>like</button>${gallery}`,
  });
  const page = await openInFront(installed, `${url}/`);
  const click = (name: string) => () => page.getByText(name, { exact: true }).click();

  const { share } = await compareBytes(installed, page, [
    { isNavigation: false, act: click('like') },
    { isNavigation: true, act: click('second') },
    { isNavigation: false, act: click('like') },
    { isNavigation: true, act: click('first') },
  ]);

  expect(share).toBeLessThan(0.05);
});

test('on a shop of flat colours it is a sixth, and every action has its pictures or is accounted for', {
  timeout,
}, async () => {
  const installed = await installExtension();
  await prepare(installed);
  const shop = await open();
  onTestFinished(() => shop.close());
  const page = await openInFront(installed, `${shop.url}/shop?q=rain+jacket`);

  const { share, device } = await compareBytes(installed, page, [
    { isNavigation: true, act: () => page.getByRole('checkbox', { name: 'Blue' }).check() },
    {
      isNavigation: true,
      act: () => page.getByRole('link', { name: 'Stormline Rain Jacket' }).first().click(),
    },
    { isNavigation: true, act: () => page.getByRole('radio', { name: 'Midnight Blue' }).check() },
    { isNavigation: false, act: () => page.getByRole('tab', { name: 'Care and repair' }).click() },
    {
      isNavigation: false,
      act: () => page.getByRole('button', { name: 'Increase quantity' }).click(),
    },
  ]);

  expect(share).toBeLessThan(1 / 6);
  const { session, interactions } = device;
  const actions = interactions.filter(({ type }) => isAction(type));
  expect(session.coverage.missedScreenshots).toMatchObject({
    before: actions.filter(({ before }) => !before?.screenshotId).length,
    after: actions.filter(({ after }) => !after?.screenshotId).length,
  });
});
