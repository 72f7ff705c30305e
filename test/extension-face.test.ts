import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { installExtension } from './extension.ts';
import {
  clickedOn,
  clickSteps,
  connect,
  openButtons,
  openInFront,
  steps,
  untilEnded,
} from './extension-steps.ts';
import { openProduct } from './product.ts';

const status = (page: Page) => page.locator('.status p').first().textContent();

test('a participant connects, agrees, records, pauses, stops and sees it arrive, in the popup alone', {
  timeout: 120_000,
}, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  const popup = await installed.openFace('popup.html');
  const heading = (name: string) => popup.getByRole('heading', { name }).waitFor();

  await popup.getByLabel('Server address').fill(product.server.url.replace(/\/graphql$/, ''));
  await popup.getByLabel('Key').fill('cs_wrong');
  await popup.getByRole('button', { name: 'Connect' }).click();
  await expect.poll(() => popup.locator('#server-key-wrong').textContent()).toMatch(/key/i);
  await popup.getByLabel('Key').fill(product.key);
  await popup.keyboard.press('Enter');
  await heading('Before the first recording');
  await popup.getByRole('button', { name: 'I agree' }).click();
  await expect.poll(() => status(popup)).toMatch(/^Connected to /);

  await popup.getByLabel('What will you do?').fill('Press the first button');
  await openInFront(installed, await openButtons(3));
  await popup.getByRole('button', { name: 'Start recording' }).click();
  await heading('Recording');
  await popup.getByRole('button', { name: 'Pause' }).click();
  await heading('Paused: nothing is recorded');
  await popup.getByRole('button', { name: 'Resume' }).click();
  await heading('Recording');
  await popup.getByRole('button', { name: 'Stop' }).click();

  const [session] = await product.app.db.session.findMany();
  expect(session?.task).toBe('Press the first button');
  await untilEnded(product, session?.id ?? '');
  const row = popup.locator('.recent > li');
  await expect.poll(() => row.locator('h3').textContent()).toBe('Press the first button');
  await expect.poll(() => row.locator('.where').textContent()).not.toBe('Being sent');
});

test('a held session is looked at step by step, then sent; another one is discarded and never arrives', {
  timeout: 120_000,
}, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  await connect(installed, product, { settings: { isHeld: true } });
  const popup = await installed.openFace('popup.html');
  const page = await openInFront(installed, await openButtons(3));
  const record = async (task: string) => {
    await popup.getByLabel('What will you do?').fill(task);
    await popup.getByRole('button', { name: 'Start recording' }).click();
    await popup.getByRole('heading', { name: 'Recording' }).waitFor();
    await page.bringToFront();
    await page.locator('[data-codesight-mark]').waitFor();
    await clickSteps(page, 1, 3);
    await popup.getByRole('button', { name: 'Stop' }).click();
    const link = popup.getByRole('link', { name: `Review “${task}”` });
    const review = await installed.openFace((await link.getAttribute('href')) ?? '');
    await review.getByText('Clicked “Step 3” (button)').waitFor();
    return review;
  };
  const state = (review: Page) => review.getByRole('status').textContent();

  const kept = await record('Keep this');
  await expect.poll(() => page.locator('[data-codesight-mark]').count()).toBe(0);
  const words = await kept.locator('.words').allTextContents();
  expect(words.filter((each) => each.startsWith('Clicked'))).toEqual(
    steps(1, 3).map((name) => `Clicked “${name}” (button)`),
  );
  await expect.poll(() => kept.locator('.thumb img[src]').count()).toBeGreaterThan(0);
  expect(await product.app.db.session.count()).toBe(0);
  await kept.getByRole('button', { name: 'Send it' }).click();
  await expect.poll(() => product.app.db.session.count(), { timeout: 30_000 }).toBe(1);

  const thrown = await record('Throw this away');
  await thrown.getByRole('button', { name: 'Discard…' }).click();
  await thrown.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await expect.poll(() => state(thrown)).toMatch(/discarded/i);
  await expect.poll(() => popup.locator('.recent > li').count()).toBe(1);

  const [session, ...others] = await product.app.db.session.findMany();
  await untilEnded(product, session?.id ?? '');
  expect(session?.task).toBe('Keep this');
  expect(others).toEqual([]);
  expect(await clickedOn(product, session?.id ?? '')).toEqual(steps(1, 3));
});
