import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Faces, openFaces } from '../../test/face.ts';
import { complaints, overflow, smallTargets, tabTo, violations } from '../../test/face-checks.ts';
import { makeState, popupStates } from '../../test/fixtures/face-states.ts';
import type { FaceState, Settings } from '../messages.ts';
import { consentText } from './consent-text.ts';

let faces: Faces;

beforeAll(async () => {
  faces = await openFaces();
}, 60_000);
afterAll(() => faces.close());

const open = (state: FaceState | null = makeState(), path = 'options.html') =>
  faces.open(path, state, { width: 1000, height: 800 });
const withSites = (excludedSites: string[]): { settings: Settings } => ({
  settings: { ...makeState().settings, excludedSites },
});

test.for(
  Object.entries({
    connect: popupStates.connect,
    everyday: makeState(),
    refused: popupStates.refused,
  }),
)('accessible, wide enough to press and free of complaints: %s', async ([, state]) => {
  const face = await open(null);
  const heard = complaints(face.page);
  await face.push(state);

  expect(await violations(face.page)).toEqual([]);
  expect(await smallTargets(face.page)).toEqual([]);
  await face.page.setViewportSize({ width: 320, height: 400 }); // 400 % of 1280, WCAG 1.4.10
  expect(await overflow(face.page)).toBe(0);
  expect(heard).toEqual([]);
  await face.page.close();
});

test('by keyboard: a site is added as the name of its host, and removed; the focus stays near', async () => {
  const face = await open();
  const { page } = face;
  const asked = async () => (await face.asked()).at(-1)?.ask;
  const focused = () =>
    page.locator(':focus').evaluate((element) => element.id || element.ariaLabel);
  await face.answer('settings.save', {
    ok: true,
    answer: withSites(['a.example', 'bank.example', 'mail.example']).settings,
  });

  await tabTo(page, /Add a site/);
  await page.keyboard.type('https://A.example/inbox');
  await page.keyboard.press('Enter');

  await expect
    .poll(asked)
    .toEqual({ excludedSites: ['a.example', 'bank.example', 'mail.example'] });
  await expect.poll(() => page.locator('.sites li').allTextContents()).toContain('a.example');
  expect(await focused()).toBe('site');
  expect(await page.getByLabel('Add a site').inputValue()).toBe('');

  await face.answer('settings.save', {
    ok: true,
    answer: withSites(['a.example', 'mail.example']).settings,
  });
  await tabTo(page, /Remove bank.example/);
  await page.keyboard.press('Enter');

  await expect.poll(asked).toEqual({ excludedSites: ['a.example', 'mail.example'] });
  await expect.poll(focused).toBe('Remove mail.example');
  await page.close();
});

test('what is no site is refused beside the field, and nothing is asked', async () => {
  const face = await open();
  const entry = face.page.getByLabel('Add a site');

  await entry.fill('two words');
  await entry.press('Enter');

  await expect
    .poll(() => face.page.locator('#site-wrong').textContent())
    .toMatch(/not the name of a site/);
  expect(await face.asked()).toEqual([]);
  await face.page.close();
});

test('the agreement is withdrawn after a question, which a stray Enter does not answer', async () => {
  const face = await open();
  const { page } = face;

  await tabTo(page, /Withdraw/);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Withdraw your agreement?' });
  await expect.poll(() => dialog.isVisible()).toBe(true);
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await expect.poll(() => dialog.isVisible()).toBe(false);
  expect(await face.asked()).toEqual([]);
  expect(await page.locator(':focus').textContent()).toBe('Withdraw');

  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Withdraw' }).click();
  await expect.poll(() => face.asked()).toEqual([{ type: 'consent.withdraw', ask: null }]);
  await expect.poll(() => dialog.isVisible()).toBe(false);
  await face.push(makeState({ consent: null }));
  await page.getByRole('button', { name: 'I agree' }).click();
  const { version, locale } = consentText;
  await expect
    .poll(async () => (await face.asked()).at(-1))
    .toEqual({ type: 'consent.give', ask: { version, locale } });
  await page.close();
});

test('the full text is shown word by word, at its address', async () => {
  const face = await open(makeState({ consent: null }), 'options.html#consent');

  const shown = await face.page.locator('.prose > *').allTextContents();
  const isInView = () =>
    face.page.locator('#consent').evaluate((element) => element.getBoundingClientRect().top < 100);

  expect(shown).toEqual(consentText.text.split('\n\n').map((part) => part.replace(/^# /, '')));
  await expect.poll(isInView).toBe(true);
  await face.page.close();
});

test('switches are kept at once, the microphone is asked for here', async () => {
  const face = await open();
  const { page } = face;

  for (const name of [
    'Hold every session back',
    'Show a mark',
    'Tell me when',
    'Record my voice',
  ]) {
    await page.getByRole('switch', { name }).click();
  }

  await expect
    .poll(() => face.asked())
    .toEqual(
      [{ isHeld: true }, { showsMark: false }, { notifies: false }, { recordsAudio: true }].map(
        (ask) => ({
          type: 'settings.save',
          ask,
        }),
      ),
    );
  await page.close();
});

test('voice stays off when the microphone is denied, and the page says what to do', async () => {
  const face = await open();
  const voice = face.page.getByRole('switch', { name: 'Record my voice' });
  await face.page.evaluate(() => {
    const { mediaDevices } = globalThis.navigator as unknown as { mediaDevices: object };
    const getUserMedia = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
    Object.assign(mediaDevices, { getUserMedia });
  });

  await voice.click();

  await expect
    .poll(() => face.page.getByRole('alert').innerText())
    .toMatch(/microphone may not be used/);
  expect(await voice.isChecked()).toBe(false);
  expect(await face.asked()).toEqual([]);
  await face.page.close();
});

test('the key can be changed, the server left after a question', async () => {
  const face = await open();
  const { page } = face;

  await page.getByRole('button', { name: 'Change the key' }).click();
  expect(await page.getByLabel('Server address').inputValue()).toBe(
    'https://codesight.example.org',
  );
  await page.getByLabel('Key', { exact: true }).fill('cs_new');
  await face.answer('connection.save', {
    ok: true,
    answer: { ok: true, project: 'Study', participant: null },
  });
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByLabel('Server address').isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();

  await expect
    .poll(async () => (await face.asked()).map(({ type }) => type))
    .toEqual(['connection.save', 'connection.forget']);
  await page.close();
});
