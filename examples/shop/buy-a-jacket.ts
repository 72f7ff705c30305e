import type { Page } from 'playwright-core';

import { startShop } from './server.ts';

export const task =
  'Buy one midnight blue rain jacket in size M for under $120, the best rated there is. ' +
  'Check the size guide in inches first. Deliver it by express to Jane Doe, 1600 Example Street, ' +
  'Washington, and create an account on the way.';

/** Starts what the script records against; `codesight record` closes it at the end. */
export async function open(): Promise<{ url: string; close(): Promise<void> }> {
  return startShop();
}

/**
 * Buys the jacket as a person would, in 35 actions with mouse and keyboard. All data is invented.
 *
 * @throws {Error} the confirmation was not reached, or is not for what the task asks: a timeout
 */
export async function run(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await findJacket(page);
  await chooseVariant(page);
  await checkCart(page);
  await fillCheckout(page);
  await placeOrder(page);
}

async function findJacket(page: Page): Promise<void> {
  const search = page.getByRole('combobox', { name: 'Search products' });
  await search.click();
  await search.pressSequentially('rain jacket');
  await search.press('Enter');
  await page.waitForURL(/q=rain\+jacket/);

  await page.getByRole('checkbox', { name: 'Blue' }).check();
  await page.waitForURL(/colour=blue/);
  await page.getByLabel('Price').selectOption('Under $120');
  await page.waitForURL(/price=under-120/);
  await page.getByLabel('Sort by').selectOption('Top rated');
  await page.waitForURL(/sort=rating/);

  const card = page.getByRole('article').filter({ hasText: 'Stormline Rain Jacket' });
  await card.getByRole('heading').getByRole('link').click();
  await page.waitForURL('**/products/stormline-rain-jacket*');
}

async function chooseVariant(page: Page): Promise<void> {
  await page.getByRole('radio', { name: 'Midnight Blue' }).check();
  await page.getByRole('button', { name: 'Size guide' }).click();
  const guide = page.getByRole('dialog', { name: 'Size guide' });
  await guide.getByLabel('Inches').check();
  await guide.getByRole('button', { name: 'Close size guide' }).click();
  await page.getByLabel('Size', { exact: true }).selectOption('M');
  await page.getByRole('tab', { name: 'Care and repair' }).click();
  await page.getByRole('button', { name: 'Increase quantity' }).click();

  await page.getByTestId('add-to-cart').click();
  await page.getByRole('link', { name: 'View cart' }).click();
  await page.waitForURL('**/cart');
}

/** Two were put in; the task is for one. */
async function checkCart(page: Page): Promise<void> {
  const line = page.getByRole('listitem').filter({ hasText: 'Midnight Blue · Size M' });
  await line.getByRole('button', { name: 'Decrease quantity' }).click();
  await page.getByRole('heading', { name: 'Your cart 1 item' }).waitFor();
  await page.getByTestId('checkout').click();
  await page.waitForURL('**/checkout');
}

async function fillCheckout(page: Page): Promise<void> {
  const form = page.getByRole('main'); // the footer asks for an email too
  const type = (label: string, text: string) => form.getByLabel(label).pressSequentially(text);
  await type('Full name', 'Jane Doe');
  await type('Email', 'jane.doe@example.com');
  await type('Phone', '+1 202 555 0143');
  await type('Street address', '1600 Example Street');
  await type('City', 'Washington');
  await page.getByLabel('State').selectOption('District of Columbia');
  await type('ZIP code', '20001');
  await page.getByRole('radio', { name: /Express/ }).check();
  await type('Card number', '4242424242424242');
  await type('Expiry date', '1234');
  await type('Security code', '123');
  await type('Name on card', 'Jane Doe');
  await page.getByLabel('Create an account for next time').check();
  await type('Password', 'not-a-real-password');
  await page.getByRole('button', { name: 'Review order' }).click();
  await page.waitForURL('**/checkout/review');
}

async function placeOrder(page: Page): Promise<void> {
  await page.getByLabel('I agree to the terms').check();
  await page.getByRole('button', { name: 'Place order' }).click();
  await page.waitForURL(/\/orders\/TF-\d{6}$/);

  const main = page.getByRole('main');
  for (const said of [
    'Thank you, Jane.',
    'Midnight Blue · M · Quantity 1',
    'Visa ending in 4242',
  ]) {
    await main.getByText(said).waitFor();
  }
}
