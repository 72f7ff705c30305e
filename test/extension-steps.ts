import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { consentText } from '../extension/face/consent-text.ts';
import type { Settings } from '../extension/messages.ts';
import type { ApiScope } from '../src/contract/accounts.ts';
import { makeTestKey } from './accounts.ts';
import type { Installed } from './extension.ts';
import type { Product } from './product.ts';

/** The little of `chrome` that is set up here. */
type Storage = { storage: { local: { set(values: object): Promise<void> } } };

/** Says that there is a server, which nothing here is sent to: sessions are held. */
export async function prepare(
  installed: Installed,
  settings: Partial<Settings> = {},
): Promise<void> {
  const face = await installed.openFace('options.html');
  await face.evaluate(() => {
    const { chrome } = globalThis as unknown as { chrome: Storage };
    const url = 'http://127.0.0.1:9';
    const connection = { url, key: 'none', projectId: 'p', project: 'None', participant: null };
    return chrome.storage.local.set({ connection });
  });
  await face.close();
  const { version, locale } = consentText;
  await installed.ask('consent.give', { version, locale });
  await installed.ask('settings.save', { isHeld: true, ...settings });
}

/** @param pages HTML by path; `-> PATH` redirects */
export async function openPages(pages: Record<string, string>): Promise<string> {
  const server = createServer((req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost');
    const page = pages[pathname];
    if (page?.startsWith('-> ')) res.writeHead(302, { location: page.slice(3) }).end();
    else if (page === undefined) res.writeHead(404).end();
    else {
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      res.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>${pathname}</title>
        <style>body { font: 24px sans-serif }</style><h1>Page ${pathname}</h1>${page}</html>`);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A page of numbered buttons on a port of its own; clicking one shows that it was. */
export async function openButtons(count: number): Promise<string> {
  const buttons = Array.from(
    { length: count },
    (_, index) => `<button data-testid="step-${index + 1}">Step ${index + 1}</button>`,
  );
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Steps</title>
    <main><h1>Steps</h1>${buttons.join(' ')}<p role="status"></p></main>
    <script>addEventListener('click', ({ target }) => {
      if (target.localName === 'button') document.querySelector('p').append(target.textContent + ', ');
    })</script></html>`;
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Connects as a participant does: address, key, consent. Answers with the project that will hold the sessions. */
export async function connect(
  installed: Installed,
  product: Product,
  {
    url = product.server.url,
    settings = {},
    scopes = ['CAPTURE'],
  }: { url?: string; settings?: Partial<Settings>; scopes?: ApiScope[] } = {},
): Promise<string> {
  const { projectId } = await product.app.db.apiKey.findUniqueOrThrow({
    where: { id: product.keyId },
    select: { projectId: true },
  });
  const { secret } = await makeTestKey(product.app, projectId, scopes);
  const tested = await installed.ask('connection.save', { url, key: secret });
  expect(tested).toMatchObject({ ok: true });
  const { version, locale } = consentText;
  await installed.ask('consent.give', { version, locale });
  if (Object.keys(settings).length > 0) await installed.ask('settings.save', settings);
  return projectId;
}

/** Opens a page in front of everything else, as what a session is about to record. */
export async function openInFront(installed: Installed, url: string): Promise<Page> {
  const page = installed.context.pages().find((each) => each.url() === 'about:blank');
  const front = page ?? (await installed.context.newPage());
  await front.goto(url);
  await front.bringToFront();
  return front;
}

/** Clicks the steps in order, as fast as Playwright can. Answers with the instant of each click. */
export async function clickSteps(page: Page, from: number, to: number): Promise<number[]> {
  const at: number[] = [];
  for (let step = from; step <= to; step += 1) {
    await page.getByTestId(`step-${step}`).click();
    at.push(Date.now());
  }
  return at;
}

/** The names of what was clicked, as the server holds them, by sequence; nothing may be missing between. */
export async function clickedOn(product: Product, sessionId: string): Promise<string[]> {
  const rows = await product.app.db.interaction.findMany({
    where: { sessionId },
    orderBy: { sequence: 'asc' },
    select: { sequence: true, type: true, targetName: true, dropped: true },
  });
  expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_, index) => index + 1));
  expect(rows.filter(({ dropped }) => dropped !== null)).toEqual([]);
  return rows.filter(({ type }) => type === 'CLICK').map(({ targetName }) => targetName ?? '');
}

/** Waits until the server says that the session was ended. */
export async function untilEnded(
  product: Product,
  sessionId: string,
  timeout = 30_000,
): Promise<void> {
  const state = async () =>
    (await product.app.db.session.findUnique({ where: { id: sessionId } }))?.state ?? 'ABSENT';
  await expect.poll(state, { timeout, interval: 100 }).not.toMatch(/ABSENT|ACTIVE|PAUSED/);
}

export const steps = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `Step ${from + index}`);
