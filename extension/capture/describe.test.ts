import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HardSite, openHardSite } from '../../examples/hard/server.ts';
import { type Capture, openCapture } from '../../test/capture.ts';

const SECRETS = ['hunter2-for-tests', 'mira.odell@example.org', 'Mira Odell', '4242424242424242'];
let site: HardSite;
let capture: Capture;

beforeAll(async () => {
  site = await openHardSite();
  capture = await openCapture();
}, 60_000);

afterAll(async () => {
  await capture?.close();
  await site?.close();
});

test('a button of a row is told apart by the key of its row, a generated id is refused', async () => {
  const page = await capture.open(site.url);

  await page.locator('[data-item-key=pear] button').click();
  await page.getByTestId('plain').click();
  await expect.poll(() => capture.told()).toContain('CLICK Plain button');

  const pear = capture.drafts().find(({ target }) => target?.name === 'Buy');
  const by = (strategy: string) => pear?.selectors.filter((each) => each.strategy === strategy);
  expect(by('ROLE_NAME')).toMatchObject([
    { value: '[data-item-key="pear"] >> button[name="Buy"]', matchCount: 1, confidence: 0.9 },
    { value: 'button[name="Buy"]', matchCount: 3, confidence: 0.3 },
  ]);
  expect(by('TEXT')).toMatchObject([{ value: 'Buy', matchCount: 3 }]);
  for (const strategy of ['CSS', 'XPATH', 'STRUCTURAL'])
    expect(by(strategy)).toMatchObject([{ matchCount: 1 }]);
  const values = capture.drafts().flatMap(({ selectors }) => selectors.map(({ value }) => value));
  expect(values.join('\n')).not.toMatch(/:r7:|css-1x9k2p/);
  const plain = capture.last('CLICK');
  expect(plain.selectors[0]).toMatchObject({ strategy: 'TEST_ID', matchCount: 1 });
});

test('what matches everywhere is counted up to a hundred, and still told apart by its row', async () => {
  const page = await capture.open(`${site.url}/many?nodes=2000`);

  const click = async () => {
    const before = capture.drafts().length;
    await page.locator('[data-row-key=k150] button').click();
    await expect.poll(() => capture.drafts().length).toBeGreaterThan(before);
    return capture.last('CLICK').selectors;
  };

  // On a machine that is busy elsewhere the time to count may be over before it began: then nobody has counted.
  await expect.poll(click).toMatchObject([
    { value: '[data-row-key="k150"] >> button[name="Buy"]', matchCount: 1 },
    { strategy: 'ROLE_NAME', value: 'button[name="Buy"]', matchCount: 100, confidence: 0.01 },
    { strategy: 'TEXT', value: 'Buy', matchCount: 100, confidence: 0.01 },
    { strategy: 'CSS', matchCount: 1 },
    { strategy: 'XPATH', matchCount: 1 },
    { strategy: 'STRUCTURAL', matchCount: 1 },
  ]);
});

test('a key goes where the focus is: nobody looks whether something lies on top', async () => {
  const page = await capture.open(site.url);

  await page.getByTestId('plain').focus();
  await page.keyboard.press('Enter');

  await expect.poll(() => capture.told()).toContain('KEY_PRESS Plain button Enter');
  expect(capture.last('KEY_PRESS').elementAnalysis).toMatchObject({
    isFocused: true,
    isCovered: null,
  });
});

test('every selector that matched once finds the target by the browser itself', async () => {
  const page = await capture.open(site.url);

  for (const name of ['plain', 'icon', 'gift', 'fail', 'open-popover', 'no-menu', 'sub-item'])
    await page.getByTestId(name).dispatchEvent('pointerdown'); // untrusted: nothing is told
  expect(capture.drafts()).toEqual([]);
  for (const name of ['plain', 'icon', 'gift', 'fail']) await page.getByTestId(name).click();
  await expect.poll(() => capture.drafts().length).toBeGreaterThanOrEqual(4);

  for (const { target, selectors } of capture.drafts()) {
    const id = target?.attributes?.['data-testid'];
    for (const { strategy, value, matchCount } of selectors) {
      if (matchCount !== 1 || !/^(?:TEST_ID|ID|CSS|XPATH|STRUCTURAL)$/.test(strategy)) continue;
      const found = page.locator(strategy === 'XPATH' ? `xpath=${value}` : `css=${value}`);
      expect(await found.count(), value).toBe(1);
      expect(await found.getAttribute('data-testid'), value).toBe(id ?? null);
    }
  }
});

test('an id that a neighbour of another tag has, too, leads to the target alone', async () => {
  const page = await capture.open(site.url);
  await page.evaluate(() => {
    document.body.insertAdjacentHTML(
      'beforeend',
      '<p><b id="twin">A</b><button id="twin">B</button>',
    );
  });

  await page.locator('button#twin').click();

  // Where the button had to be scrolled to, that is an interaction of its own.
  const clicks = () => capture.drafts().filter(({ type }) => type === 'CLICK');
  await expect.poll(() => clicks().length).toBe(1);
  const css = capture.last('CLICK').selectors.find(({ strategy }) => strategy === 'CSS');
  expect(css?.matchCount).toBe(1);
  expect(await page.locator(`css=${css?.value}`).count(), css?.value).toBe(1);
});

test('the page before the action is described, with the target in its snapshot', async () => {
  const page = await capture.open(site.url);

  await page.getByTestId('fail').click();
  await capture.rested();
  await page.getByTestId('fail').click();
  await expect.poll(() => capture.drafts().length).toBe(2);

  const snapshots = new Map(
    capture.heard().flatMap((each) => (each.kind === 'snapshot' ? [[each.key, each.html]] : [])),
  );
  const [first, second] = capture.drafts();
  expect(snapshots.size).toBe(2);
  expect(snapshots.get(first?.snapshotKey ?? '')).not.toContain('That did not work.');
  expect(snapshots.get(second?.snapshotKey ?? '')).toContain('That did not work.');
  expect(snapshots.get(first?.snapshotKey ?? '')).toContain(`data-cs-ref="${first?.target?.ref}"`);
  expect(first).toMatchObject({
    before: { url: `${site.url}/`, title: 'Hard cases', scrollY: 0, viewportWidth: 1280 },
    target: { tag: 'button', role: 'button', name: 'Fail', isVisible: true },
    pointer: { button: 0 },
    elementAnalysis: { isInteractive: true, isCovered: false },
    context: {
      headings: expect.arrayContaining(['Hard cases', 'Rooms']),
      surroundings: [{ role: 'region', name: 'Widgets' }, { role: 'main' }],
    },
  });
  expect(first?.before?.visibleElements).toBeGreaterThan(100);
  expect(first?.context).toHaveProperty('nearby.0.name', 'Acts on the way down');
});

test('a page that did not change is told once', async () => {
  const page = await capture.open(site.url);

  for (let n = 0; n < 3; n++) {
    await page.getByTestId('plain').click();
    await capture.rested();
  }

  const keys = new Set(capture.drafts().map(({ snapshotKey }) => snapshotKey));
  // The first click moves the focus and nothing else.
  expect(keys.size).toBe(1);
  expect(capture.heard().filter(({ kind }) => kind === 'snapshot')).toHaveLength(1);
});

test('what is typed into personal fields is told nowhere, also not where the page says it again', async () => {
  const page = await capture.open(site.url);

  await page.getByTestId('name').pressSequentially('Mira Odell', { delay: 60 });
  await page.getByTestId('email').fill('mira.odell@example.org');
  await page.getByTestId('password').fill('hunter2-for-tests');
  await page.getByTestId('show-password').click();
  await page.getByTestId('otp').fill('937125');
  await page.getByTestId('card').fill('4242424242424242');
  await page.getByTestId('street').fill('17 Quarry Lane');
  await page.getByTestId('plain').click();
  await page.getByTestId('order').click();
  await page.waitForURL('**/order*');
  await expect.poll(() => page.evaluate('__capture.isWritten()')).toBe(true);
  // The recorder would tell the new document.
  const known = capture.heard().flatMap((each) => (each.kind === 'secret' ? [each.value] : []));
  const { masks } = await capture.look(page, known);
  await page.getByTestId('echo-button').click();
  await expect.poll(() => capture.told().at(-1)).toMatch(/^CLICK Change the order/);

  expect(known).toEqual(expect.arrayContaining(['Mira Odell', '937125', '17 Quarry Lane']));
  const rest = capture.heard().filter(({ kind }) => kind !== 'secret');
  const told = JSON.stringify(rest);
  for (const secret of [...SECRETS, '937125', '17 Quarry Lane', 'Mira', 'Odell'])
    expect(told.toLowerCase().includes(secret.toLowerCase()), secret).toBe(false);
  expect(told).toContain('[PASSWORD]');
  expect(capture.last('CLICK').pageTitle).toBe('Order of [PERSONAL]');
  expect(capture.last('CLICK').url).not.toMatch(/mira/i);
  // Name and address in the text, the name in a field.
  expect(masks.length).toBeGreaterThanOrEqual(3);
});

test('a look has boxes over personal fields and over what is said of them, and opens closed roots for that', async () => {
  const page = await capture.open(site.url);
  await page.getByTestId('name').fill('Mira Odell');
  await page.getByTestId('password').fill('x');
  await page.getByTestId('live-echo').scrollIntoViewIfNeeded();

  const { masks, state } = await capture.look(page);

  const boxes = await Promise.all(
    ['name', 'password', 'live-echo'].map((id) => page.getByTestId(id).boundingBox()),
  );
  for (const box of boxes) {
    const covering = masks.filter(
      ({ x, y, width, height }) =>
        box &&
        x <= box.x + 1 &&
        y <= box.y + 6 &&
        x + width >= box.x + box.width - 1 &&
        y + height >= box.y + box.height - 6,
    );
    expect(covering.length, JSON.stringify({ box, masks })).toBeGreaterThanOrEqual(1);
  }
  expect(masks.map(({ kind }) => kind)).toContain('PASSWORD');
  expect(state.url).toBe(`${site.url}/`);
});

test('a chosen option is told while another field is still open', async () => {
  const page = await capture.open(site.url);

  await page.getByTestId('search').fill('blue');
  await page.getByTestId('size').selectOption('Large');
  await page.getByTestId('day').fill('2026-03-04');
  await page.getByTestId('plain').click();

  await expect.poll(() => capture.told()).toContain('CLICK Plain button');
  expect(capture.told().filter((each) => !each.startsWith('SCROLL'))).toEqual([
    'INPUT Search blue',
    'SELECT Size Large',
    'CHANGE Day 2026-03-04',
    'CLICK Plain button',
  ]);
});
