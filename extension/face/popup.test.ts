import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Face, type Faces, openFaces } from '../../test/face.ts';
import { complaints, overflow, smallTargets, tabTo, violations } from '../../test/face-checks.ts';
import { makeRecent, makeState, popupStates, recent } from '../../test/fixtures/face-states.ts';
import type { FaceState } from '../messages.ts';
import { consentText } from './consent-text.ts';

let faces: Faces;

beforeAll(async () => {
  faces = await openFaces();
}, 60_000);
afterAll(() => faces.close());

const { connect, consent, recording, paused } = popupStates;
const open = (state: FaceState | null = makeState()) => faces.open('popup.html', state);
const topOf = async (face: Face, selector: string) =>
  (await face.page.locator(selector).boundingBox())?.y;

test.for(Object.entries(popupStates))(
  'accessible, wide enough to press and free of complaints: %s',
  async ([, state]) => {
    const face = await open(null);
    const heard = complaints(face.page);
    await face.push(state);

    expect(await violations(face.page)).toEqual([]);
    expect(await smallTargets(face.page)).toEqual([]);
    expect(await overflow(face.page)).toBe(0);
    await face.page.setViewportSize({ width: 320, height: 300 }); // zoomed
    expect(await overflow(face.page)).toBe(0);
    expect(heard).toEqual([]);
    await face.page.close();
  },
);

test('by keyboard: address and key are tried, what is wrong stands beside its field', async () => {
  const face = await open(connect);
  const { page } = face;
  await face.answer('connection.save', {
    ok: true,
    answer: {
      ok: false,
      message: 'The server refuses this key.',
      advice: 'Copy it anew.',
      about: 'key',
    },
  });

  await tabTo(page, /Server address/);
  await page.keyboard.press('Enter');
  await expect
    .poll(() => page.getByLabel('Server address').getAttribute('aria-invalid'))
    .toBe('true');
  await page.keyboard.type('https://codesight.example.org ');
  await page.keyboard.press('Tab');
  await page.keyboard.type('cs_key');
  await page.keyboard.press('Enter');

  await expect
    .poll(() => face.asked())
    .toEqual([
      { type: 'connection.save', ask: { url: 'https://codesight.example.org', key: 'cs_key' } },
    ]);
  const key = page.getByLabel('Key');
  await expect.poll(() => key.getAttribute('aria-invalid')).toBe('true');
  const wrong = page.locator('#server-key-wrong');
  expect(await wrong.textContent()).toBe('The server refuses this key. Copy it anew.');
  expect(await key.getAttribute('aria-describedby')).toContain('server-key-wrong');
  expect(await page.getByLabel('Server address').getAttribute('aria-invalid')).toBe(null);
  expect(await key.evaluate((element) => element.matches(':focus'))).toBe(true);
  await page.close();
});

test('by keyboard: one agrees to the version that was shown', async () => {
  const face = await open(consent);

  await tabTo(face.page, /Read the full text/);
  await tabTo(face.page, /I agree/);
  await face.page.keyboard.press('Enter');

  const { version, locale } = consentText;
  await expect
    .poll(() => face.asked())
    .toEqual([{ type: 'consent.give', ask: { version, locale } }]);
  await face.page.close();
});

test('by keyboard: start, pause, resume, stop; the focus is never lost', async () => {
  const face = await open();
  const { page } = face;
  const focused = () => page.locator(':focus').textContent();
  const asked = async () => (await face.asked()).at(-1);

  await tabTo(page, /What will you do/);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('#task-wrong').textContent()).toMatch(/The task is missing/);
  await page.keyboard.type('Buy a  red jacket');
  await page.keyboard.press('Enter');
  await expect.poll(asked).toEqual({ type: 'session.start', ask: { task: 'Buy a red jacket' } });
  await face.push(recording);
  await expect.poll(focused).toBe('Recording');

  await tabTo(page, /Pause/);
  await page.keyboard.press('Enter');
  await expect.poll(asked).toEqual({ type: 'session.pause', ask: null });
  await face.push(paused);
  await expect.poll(focused).toBe('Resume');

  await page.keyboard.press('Enter');
  await expect.poll(asked).toEqual({ type: 'session.resume', ask: null });
  await face.push(recording);
  await expect.poll(focused).toBe('Pause');

  await tabTo(page, /Stop/);
  await page.keyboard.press('Enter');
  await expect.poll(asked).toEqual({ type: 'session.stop', ask: null });
  await face.push(makeState());
  await expect.poll(focused).toBe('Ready to record');
  await page.close();
});

test('what is typed, opened and focused stays when the state is pushed again', async () => {
  const face = await open(makeState({ recent }));
  const { page } = face;
  await page.getByLabel('What will you do?').fill('Half a sent');
  await page.getByText('What would be better (2)').click();
  await page.getByRole('link', { name: /Review/ }).focus();

  await face.push(makeState({ recent: [makeRecent({ id: 'new' }), ...recent] }));

  expect(await page.getByLabel('What will you do?').inputValue()).toBe('Half a sent');
  expect(await page.getByText('Keep the tab in front').isVisible()).toBe(true);
  expect(await page.locator(':focus').textContent()).toMatch(/^Review/);
  expect(await page.locator('.recent > li').count()).toBe(recent.length + 1);
  await page.close();
});

test('what was typed waits when the popup closes', async () => {
  const first = await open();
  await first.page.getByLabel('What will you do?').fill('Buy a jacket');
  await first.page.close();

  const second = await open();

  await expect
    .poll(() => second.page.getByLabel('What will you do?').inputValue())
    .toBe('Buy a jacket');
  await second.page.getByLabel('What will you do?').fill('');
  await second.page.close();
});

test('nothing below the panel moves from the first instant to recording and back', async () => {
  const face = await open(null);
  const places = [[await topOf(face, '.status'), await topOf(face, '.history')]];

  for (const state of [
    makeState(),
    recording,
    paused,
    popupStates['recording-voice-offline'],
    makeState(),
  ]) {
    await face.push(state);
    places.push([await topOf(face, '.status'), await topOf(face, '.history')]);
  }

  expect(places).toEqual(places.map(() => places[0]));
  await face.page.close();
});

test('a refusal is shown with its advice, announced, and dismissed', async () => {
  const face = await open();
  await face.answer('session.start', { ok: false, message: 'No consent.', advice: 'Agree first.' });
  await face.page.getByLabel('What will you do?').fill('x');

  await face.page.getByRole('button', { name: 'Start recording' }).click();
  const alert = face.page.getByRole('alert');
  await expect.poll(() => alert.innerText()).toMatch(/No consent\.\s+Agree first\./);

  await face.page.getByRole('button', { name: 'Dismiss' }).click();
  await expect.poll(() => alert.innerText()).toBe('');
  await face.page.close();
});

test('a problem of the recorder is dismissed there', async () => {
  const face = await open(popupStates.problem);

  await face.page.getByRole('button', { name: 'Dismiss' }).click();

  await expect.poll(() => face.asked()).toEqual([{ type: 'problem.dismiss', ask: null }]);
  await face.page.close();
});

test('a refused switch goes back to what holds', async () => {
  const face = await open();
  await face.answer('settings.save', { ok: false, message: 'The disk is full.', advice: '' });
  const hold = face.page.getByRole('switch', { name: 'Hold back' });

  await hold.click();

  await expect.poll(() => face.page.getByRole('alert').innerText()).toMatch(/The disk is full/);
  expect(await hold.isChecked()).toBe(false);
  expect(await face.asked()).toEqual([{ type: 'settings.save', ask: { isHeld: true } }]);
  await face.page.close();
});

test('changes of the recording are announced once, counts are not', async () => {
  const face = await open();
  const news = face.page.getByRole('status');
  expect(await news.textContent()).toBe('');

  await face.push(recording);
  expect(await news.textContent()).toBe('Recording. Connected to Northern Web Study.');
  const isNewNode = await news.evaluateHandle((element) => element.firstChild);
  await face.push({ ...recording, queue: { ...recording.queue, interactions: 99 } });

  expect(await news.evaluate((element, node) => element.firstChild === node, isNewNode)).toBe(true);
  await face.page.close();
});

test('with reduced motion nothing moves', async () => {
  const face = await open(recording);
  const animations = () => face.page.evaluate(() => globalThis.document.getAnimations().length);
  expect(await animations()).toBe(1);

  await face.page.emulateMedia({ reducedMotion: 'reduce' });

  await expect.poll(animations).toBe(0);
  await face.page.close();
});
