import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Faces, openFaces } from '../../test/face.ts';
import { complaints, overflow, smallTargets, tabTo, violations } from '../../test/face-checks.ts';
import { type Kept, keepShopSession } from '../../test/face-store.ts';
import { makeRecent, makeState } from '../../test/fixtures/face-states.ts';

const id = '01a1fb76-686b-750f-afb4-bb1ec3945610';
let faces: Faces;
let kept: Kept;

beforeAll(async () => {
  faces = await openFaces();
  const { page } = await faces.open('options.html', makeState());
  kept = await keepShopSession(page, { id, state: 'held' });
  await page.close();
}, 60_000);
afterAll(() => faces.close());

const stateAs = (state: string, change = {}) =>
  makeState({ recent: [makeRecent({ id, state, ...change })] });
const open = async (session = id) => {
  const face = await faces.open(`review.html?session=${session}`, null, {
    width: 1200,
    height: 900,
  });
  await face.page.locator('main[aria-busy="false"]').waitFor({ state: 'attached' });
  return face;
};

test('accessible, wide enough to press and free of complaints', async () => {
  const face = await open();
  const heard = complaints(face.page);

  expect(await violations(face.page)).toEqual([]);
  expect(await smallTargets(face.page)).toEqual([]);
  await face.page.setViewportSize({ width: 320, height: 400 });
  expect(await overflow(face.page)).toBe(0);
  expect(heard).toEqual([]);
  await face.page.close();
});

test('every step and every picture of the session is there, in words and in order', async () => {
  const { page } = await open();

  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(kept.task);
  expect(await page.locator('.moment:not(.loose)').count()).toBe(kept.steps);
  expect(await page.locator('.thumb').count()).toBe(kept.pictures);
  expect(await page.locator('.words').allTextContents()).toEqual(
    expect.arrayContaining([
      'Clicked “Search products” (text field)',
      'Chose “M” in “Size” (list)',
    ]),
  );
  await page.close();
});

test('a picture is read when it comes near, and shown large by keyboard', async () => {
  const { page } = await open();
  const loaded = () => page.locator('.thumb img[src]').count();
  await expect.poll(loaded).toBeGreaterThan(0);
  expect(await loaded()).toBeLessThan(kept.pictures);

  await tabTo(page, /Show it large/);
  await page.keyboard.press('Enter');
  const viewer = page.getByRole('dialog');
  const widthOf = () =>
    viewer.locator('img').evaluate((image): unknown => Reflect.get(image, 'naturalWidth'));
  await expect.poll(widthOf).toBe(1280);
  expect(await viewer.innerText()).toContain(`picture 1 of ${kept.pictures}`);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => viewer.innerText()).toContain(`picture 2 of ${kept.pictures}`);
  await page.keyboard.press('Escape');

  await expect.poll(() => viewer.isVisible()).toBe(false);
  expect(await page.locator(':focus').getAttribute('class')).toBe('thumb');
  await page.close();
});

test('the text of a page is shown as it was kept', async () => {
  const { page } = await open();

  await page.getByRole('button', { name: /as text, before: Clicked “Close size guide”/ }).click();

  const dialog = page.getByRole('dialog', { name: /The page before/ });
  await expect.poll(() => dialog.innerText()).toMatch(/Size guide[\s\S]*Centimetres/);
  expect(await violations(page)).toEqual([]);
  await page.close();
});

test('a held session is released, and is then said to be on its way', async () => {
  const face = await open();
  const { page } = face;

  await page.getByRole('button', { name: 'Send it' }).click();
  await expect
    .poll(() => face.asked())
    .toEqual([{ type: 'session.release', ask: { sessionId: id } }]);
  await face.push(stateAs('sending'));

  expect(await page.getByRole('status').textContent()).toBe('Being sent.');
  expect(await page.locator(':focus').textContent()).toBe(kept.task);
  expect(await page.getByRole('button', { name: 'Send it' }).isVisible()).toBe(false);
  await page.close();
});

test('what the server says of it is shown as it comes', async () => {
  const face = await open();

  await face.push(stateAs('needs_review', { quality: 0.5, advice: ['Be slow.', 'Be slow.'] }));

  const head = face.page.locator('.what');
  await expect
    .poll(() => head.innerText())
    .toMatch(/a person will look at it\. Fair quality, 50 of 100\./);
  expect(await head.locator('li').allTextContents()).toEqual(['Be slow.']);
  await face.page.close();
});

test('it is discarded only after a question; then nothing of it is shown', async () => {
  const face = await open();
  const { page } = face;

  await page.getByRole('button', { name: 'Discard…' }).click();
  await page.keyboard.press('Enter'); // the harmless answer has the focus
  expect(await face.asked()).toEqual([]);
  await page.getByRole('button', { name: 'Discard…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();

  await expect
    .poll(() => face.asked())
    .toEqual([{ type: 'session.discard', ask: { sessionId: id } }]);
  await expect.poll(() => page.locator('.moment').first().isVisible()).toBe(false);
  expect(await page.getByRole('status').textContent()).toBe('Being discarded.');
  await page.close();
});

test('a refused discard says why, in the question', async () => {
  const face = await open();
  const { page } = face;
  await face.answer('session.discard', {
    ok: false,
    message: 'It is processed.',
    advice: 'Ask the server.',
  });

  await page.getByRole('button', { name: 'Discard…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Discard' }).click();

  await expect
    .poll(() => dialog.getByRole('alert').innerText())
    .toBe('It is processed. Ask the server.');
  expect(await page.locator('.moment').first().isVisible()).toBe(true);
  await page.close();
});

test('a session that is not here says so', async () => {
  const { page } = await open('01a1fb76-0000-7000-8000-000000000000');

  expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/not on this device/);
  expect(await page.getByRole('button', { name: /Send|Discard/ }).count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await page.close();
});
