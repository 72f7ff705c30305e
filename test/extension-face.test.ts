import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { installExtension } from './extension.ts';
import { openButtons, openInFront, untilEnded } from './extension-steps.ts';
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
