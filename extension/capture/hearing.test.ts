import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HardSite, openHardSite } from '../../examples/hard/server.ts';
import { type Capture, openCapture } from '../../test/capture.ts';

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

/** Playwright brings things into view as a script does, which is told as scrolling. */
function told(): string[] {
  return capture.told().filter((each) => !each.startsWith('SCROLL'));
}

/** Waits until these were told and nothing else. */
async function expectTold(...expected: string[]): Promise<void> {
  await expect.poll(() => told().length).toBeGreaterThanOrEqual(expected.length);
  await capture.rested();
  expect(told()).toEqual(expected);
}

describe('the pointer', () => {
  test('a click, a double click and a context menu are one interaction each', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('plain').click();
    await page.getByTestId('twice').dblclick();
    await page.getByTestId('plain').click({ button: 'right' });

    await expectTold('CLICK Plain button', 'DOUBLE_CLICK Press twice', 'CONTEXT_MENU Plain button');
  });

  test('a click on a label or an icon is one on the control', async () => {
    const page = await capture.open(site.url);

    await page.getByText('Gift wrap').click();
    await page.getByText('Fast').click();
    await page.getByTestId('icon-path').click();

    await expectTold('CHANGE Gift wrap true', 'CHANGE Fast true', 'CLICK Settings');
    expect(capture.last('CLICK').target?.tag).toBe('button');
  });

  test('a click whose element goes while it is pressed is still one', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('mousedown').click();

    await expectTold('CLICK Acts on the way down');
  });

  test('a custom list is clicked, a native one selected', async () => {
    const page = await capture.open(site.url);

    await page.getByRole('combobox', { name: 'Fruit' }).click();
    await page.getByRole('option', { name: 'Damson' }).click();
    await page.getByTestId('size').focus();
    await page.keyboard.press('ArrowDown');

    await expectTold('CLICK Fruit', 'CLICK Damson', 'SELECT Size Medium');
  });

  test('things dragged by the browser and things dragged by the pointer', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('card-two').dragTo(page.getByTestId('tray'));
    await page.getByTestId('token').hover();
    await page.mouse.down();
    await page.mouse.move(0, 0, { steps: 2 });
    const box = await page.getByTestId('board').boundingBox();
    await page.mouse.move((box?.x ?? 0) + 150, (box?.y ?? 0) + 60, { steps: 5 });
    await page.mouse.up();

    await expectTold('DRAG li', 'DROP Tray', 'DRAG Token', 'DROP div');
    expect(capture.drafts().at(-1)?.target?.attributes?.['data-testid']).toBe('board');
  });

  test('selecting text with the pointer is no dragging', async () => {
    const page = await capture.open(site.url);

    const text = await page.getByText('Everything that a recorder').boundingBox();
    await page.mouse.move((text?.x ?? 0) + 4, (text?.y ?? 0) + 10);
    await page.mouse.down();
    await page.mouse.move((text?.x ?? 0) + 200, (text?.y ?? 0) + 10, { steps: 4 });
    await page.mouse.up();
    await page.getByTestId('plain').click();

    await expect.poll(capture.told).toContain('CLICK Plain button');
    expect(capture.told().filter((each) => /DRAG|DROP/.test(each))).toEqual([]);
  });

  test('a hover is told when something comes up, by style or by script, and not otherwise', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('no-menu').hover();
    await page.getByTestId('plain').hover();
    await page.getByTestId('hover-menu').hover();
    await expect.poll(told).toEqual(['HOVER Coats']);
    await capture.rested();
    await page.getByTestId('sub-item').click();
    await expect.poll(capture.told).toContain('CLICK Rain coats');
    await capture.rested();
    await page.getByTestId('with-tip').hover();

    await expect.poll(capture.told).toContain('HOVER With a tip');
    expect(told()).toEqual(['HOVER Coats', 'CLICK Rain coats', 'HOVER With a tip']);
  });
});

describe('the keyboard', () => {
  test('typing is coalesced, and told while it grows', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('search').pressSequentially('blue coat', { delay: 150 });
    await page.keyboard.press('Enter');

    await expectTold('INPUT Search blue coat', 'KEY_PRESS Search Enter');
    const growing = capture
      .heard()
      .flatMap((each) => (each.kind === 'open' ? [each.draft?.value] : []));
    expect(growing.filter(Boolean)[0]).toBe('b'); // at once, however young the page is
    expect(growing.filter(Boolean).length).toBeGreaterThanOrEqual(2);
    expect(growing.filter(Boolean).length).toBeLessThanOrEqual(3);
  });

  test('an editor is typed into as a field is', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('editor').click();
    await page.keyboard.type('Well done');
    await page.keyboard.press('Tab');

    await expectTold('CLICK Remark', 'INPUT Remark Well done', 'KEY_PRESS Remark Tab');
  });

  test('keys move a choice, and shortcuts are told', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('slow').click();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Control+k');

    await expectTold('CHANGE Slow true', 'CHANGE Fast true', 'KEY_PRESS Fast k');
    expect(capture.last('KEY_PRESS').modifiers?.control).toBe(true);
  });

  test('a date is one change, however many of its parts are typed', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('day').focus();
    await page.keyboard.type('03042026');
    await page.keyboard.press('Tab');

    await expect.poll(capture.told).toContain('INPUT Day 2026-03-04');
    expect(capture.told().filter((each) => /INPUT|CHANGE/.test(each))).toHaveLength(1);
  });

  test('copying, cutting and pasting is told, never what', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('search').fill('quiet words');
    for (const keys of ['a', 'c', 'x', 'v']) await page.keyboard.press(`Control+${keys}`);

    await expect.poll(() => capture.told().length).toBe(5);
    const types = capture.drafts().map(({ type }) => type);
    expect(types).toEqual(['INPUT', 'KEY_PRESS', 'COPY', 'CUT', 'PASTE']);
    expect(JSON.stringify(capture.drafts().slice(-1)[0]?.context)).not.toContain('quiet');
  });

  test('what is typed where we cannot see is told as such, and no key of it', async () => {
    const page = await capture.open(site.url);

    await page.evaluate('document.querySelector("hard-closed").focusInside()');
    await page.keyboard.type('opensesame');
    await page.getByTestId('plain').click();

    await expect.poll(capture.told).toContain('CLICK Plain button');
    expect(told()[0]).toBe('INPUT hard-closed [UNSEEN]');
    expect(JSON.stringify(capture.heard())).not.toMatch(/"key":"[a-z]"|opensesame/);
  });
});

describe('fields and forms', () => {
  test('files are counted, their names are not told and not shown', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('file').setInputFiles([
      { name: 'tax-of-odell.pdf', mimeType: 'application/pdf', buffer: Buffer.from('x') },
      { name: 'mira.png', mimeType: 'image/png', buffer: Buffer.from('y') },
    ]);

    await expect.poll(capture.told).toContain('FILE_SELECT File [FILE]');
    expect(capture.last('FILE_SELECT').context).toMatchObject({
      files: { count: 2, types: ['application/pdf', 'image/png'] },
    });
    const drafts = JSON.stringify(capture.drafts());
    expect(drafts).not.toMatch(/tax-of-odell|mira\.png/);
  });

  test('a form that is sent is told after what sent it, and the page is left complete', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('name').fill('Mira Odell');
    await page.getByTestId('order').click();
    await page.waitForURL('**/order*');

    await expectTold('INPUT Full name [NAME]', 'CLICK Order', 'SUBMIT form');
  });

  test('the focus is told only when nothing explains it', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('search').click();
    await page.keyboard.press('Tab');
    await capture.rested();
    // Later than any answer to the key can be.
    await page.evaluate(
      'setTimeout(() => document.querySelector("[data-testid=street]").focus(), 3500)',
    );

    await expect.poll(capture.told).toContain('FOCUS input');
    expect(capture.told().filter((each) => /FOCUS|BLUR/.test(each))).toHaveLength(1);
  });
});

describe('what the page does', () => {
  test('a gesture of the wheel is one interaction, also in a scroller of the page', async () => {
    const page = await capture.open(site.url);

    await page.mouse.move(20, 300);
    for (let n = 0; n < 4; n++) await page.mouse.wheel(0, 60);
    await expect.poll(capture.told).toEqual(['SCROLL html']);
    await capture.rested();
    await page.getByTestId('virtual').hover();
    await capture.rested();
    for (let n = 0; n < 3; n++) await page.mouse.wheel(0, 90);

    await expect.poll(() => capture.told().length).toBeGreaterThanOrEqual(2);
    expect(capture.told().at(-1)).toBe('SCROLL Virtual list');
    expect(capture.last('SCROLL').context).toMatchObject({ scroll: { fromY: 0, toY: 270 } });
  });

  test('dialogs, popovers and overlays are told when they come and when they go', async () => {
    const page = await capture.open(site.url);

    await page.getByTestId('open-dialog').click();
    await expect.poll(capture.told).toContain('MODAL_OPEN Terms');
    await page.getByTestId('close-dialog').click();
    await expect.poll(capture.told).toContain('MODAL_CLOSE Terms');
    await page.getByTestId('open-popover').click();
    await expect.poll(() => capture.told().at(-1)).toMatch(/^MODAL_OPEN/);
    await page.keyboard.press('Escape');
    await expect.poll(() => capture.told().at(-1)).toMatch(/^MODAL_CLOSE/);
    await page.getByTestId('open-overlay').click();
    await expect.poll(() => capture.told().at(-1)).toMatch(/^MODAL_OPEN/);
    await page.getByTestId('close-overlay').click();
    await expect.poll(() => capture.told().at(-1)).toMatch(/^MODAL_CLOSE/);

    const modals = capture.drafts().filter(({ type }) => type.startsWith('MODAL'));
    expect(modals).toHaveLength(6);
  });

  test('an error that comes up is told', async () => {
    const page = await capture.open(site.url);
    expect(capture.heard().filter(({ kind }) => kind === 'error')).toEqual([]);

    await page.getByTestId('fail').click();

    await expect.poll(() => capture.heard().filter(({ kind }) => kind === 'error').length).toBe(1);
  });

  test('the page is settled after an action, and changed when it changes by itself', async () => {
    const page = await capture.open(site.url);

    await page.getByText('Red', { exact: true }).click();
    await capture.rested();
    const settled = capture.heard().find((each) => each.kind === 'settled');
    expect(settled?.state.url).toBe(`${site.url}/room/red`);
    const before = capture.heard().filter(({ kind }) => kind === 'changed').length;
    await page.evaluate('document.querySelector("h1").textContent = "Changed"');

    await expect
      .poll(() => capture.heard().filter(({ kind }) => kind === 'changed').length)
      .toBe(before + 1);
  });
});

describe('where it happens', () => {
  test('in frames of this origin and another, and in open shadow roots', async () => {
    const page = await capture.open(site.url);

    const outer = page.frameLocator('[data-testid=frame-outer]');
    await outer.getByTestId('outer-button').click();
    await outer.frameLocator('iframe').getByTestId('inner-button').click();
    await page.frameLocator('[data-testid=frame-foreign]').getByTestId('foreign-button').click();
    await page.getByTestId('in-open').click();
    await page.getByTestId('in-leaf').click();
    await page.getByTestId('shadow-note').fill('noted');
    await page.getByTestId('plain').click();

    await expect.poll(capture.told).toContain('CLICK Plain button');
    expect(told()).toEqual([
      'CLICK Outer button',
      'CLICK Inner button',
      'CLICK Foreign button',
      'CLICK In the open shadow',
      'CLICK Two shadows deep',
      'INPUT Shadow note noted',
      'CLICK Plain button',
    ]);
  });

  test('the look says where frames stand and what is not seen', async () => {
    const page = await capture.open(site.url);

    const { frames, unseen } = await capture.look(page);

    expect(frames.map(({ index, name }) => [index, name])).toEqual([
      [-1, null],
      [0, 'outer'],
      [1, null],
    ]);
    expect(frames.every(({ width, height }) => width > 200 && height > 100)).toBe(true);
    expect(unseen.canvases).toBeLessThanOrEqual(1);
  });
});
