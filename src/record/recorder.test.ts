import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScreenshotRecord, SnapshotRecord } from '../contract/image.ts';
import { InteractionRecord } from '../contract/interaction.ts';
import type { SessionRecord } from '../contract/recording.ts';
import { findChromium } from './browser.ts';
import { recordScript } from './recorder.ts';
import type { Sink } from './sink.ts';

const SECRETS = ['hunter2-for-tests', 'mira.odell@example.org', 'Mira Odell', '4242424242424242'];
const executablePath = findChromium();

let session: SessionRecord;
const interactions: InteractionRecord[] = [];
const screenshots: { record: ScreenshotRecord; bytes: Buffer }[] = [];
const snapshots = new Map<string, { record: SnapshotRecord; html: string }>();
let server: Server;
let browser: Browser;
/** Shows a snapshot: `showSnapshot`. */
let page: Page;

beforeAll(async () => {
  server = await serve();
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  await recordScript(
    { task: 'Try everything', url, run: tryEverything },
    { out: memory(), executablePath },
  );
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  page = await browser.newPage();
  await page.route('http://snapshot.test/*', (route) => {
    const id = new URL(route.request().url()).pathname.slice(1);
    return route.fulfill({ contentType: 'text/html; charset=utf-8', body: asPage(id) });
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

async function tryEverything(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Search').pressSequentially('blue coat');
  await page.getByLabel('Search').press('Escape');
  await page.getByText('Gift wrap').click();
  await page.getByLabel('Newsletter').check();
  await page.getByLabel('Size').selectOption('Medium');
  await page.getByLabel('Full name').fill('Mira Odell');
  await page.getByLabel('E-mail').fill('mira.odell@example.org');
  await page.getByLabel('Password').pressSequentially('hunter2-for-tests');
  await page.getByLabel('Card number').fill('4242424242424242');
  await page.getByRole('button', { name: 'Show summary' }).click();
  await page.frameLocator('iframe').frameLocator('iframe').getByRole('button').click();
  await page.getByRole('button', { name: 'Inside the shadow' }).click();
  await page.getByRole('listitem').filter({ hasText: 'Pear' }).getByRole('button').click();
  await page.getByRole('button', { name: 'Next step' }).click();
  await page.getByRole('button', { name: 'Open dialog' }).click();
  await page.getByRole('button', { name: 'Close dialog' }).click();
  await page.getByRole('button', { name: 'Twice' }).dblclick();
  await page.getByRole('link', { name: 'Far down' }).click();
  await page.waitForURL('**/end*');
  await page.getByRole('button', { name: 'Leave' }).click();
}

describe('interactions', () => {
  test('the session says that a script made it', () => {
    expect(session).toMatchObject({ kind: 'AUTOMATED', client: { name: 'codesight-record' } });
  });

  test('sequences are contiguous from 1 and in the order of time', () => {
    expect(interactions.map(({ sequence }) => sequence)).toEqual(interactions.map((_, i) => i + 1));
    const times = interactions.map(({ sessionTimeMs }) => sessionTimeMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('each action is one interaction, followed by what it caused', () => {
    const told = interactions.map(({ type, target, key, value }) =>
      [type, target?.name ?? target?.tag, key ?? value].filter(Boolean).join(' '),
    );

    expect(told).toEqual([
      'NAVIGATION',
      'INPUT Search blue coat',
      'KEY_PRESS Search Escape',
      'CHANGE Gift wrap true',
      'CHANGE Newsletter true',
      'SELECT Size Medium',
      'INPUT Full name [NAME]',
      'INPUT E-mail [EMAIL]',
      'INPUT Password [PASSWORD]',
      'INPUT Card number [CARD]',
      'CLICK Show summary',
      'CLICK In the frame',
      'CLICK Inside the shadow',
      'CLICK Buy Pear',
      'CLICK Next step',
      'NAVIGATION',
      'CLICK Open dialog',
      'MODAL_OPEN Terms',
      'CLICK Close dialog',
      'MODAL_CLOSE Terms',
      'DOUBLE_CLICK Twice',
      'SCROLL html',
      'CLICK Far down',
      'NAVIGATION',
      'CLICK Leave',
    ]);
  });

  test('a change of address without loading is told with where it came from', () => {
    const [, pushed, loaded] = interactions.filter(({ type }) => type === 'NAVIGATION');

    expect(pushed).toMatchObject({ context: { kind: 'push' } });
    expect(pushed?.url).toMatch(/\?step=2$/);
    expect(loaded?.context).toMatchObject({ kind: 'load:navigate' });
    expect(loaded?.before?.url).toMatch(/\?step=2$/);
  });

  test('a target in nested frames has the path and the place on the page', () => {
    const click = named('In the frame');

    expect(click.frame.map(({ index, name, selector }) => [index, name, selector])).toEqual([
      [0, 'outer', 'iframe[name="outer"]'],
      [0, 'inner', 'iframe[name="inner"]'],
    ]);
    const { x = 0, y = 0, width = 0, height = 0 } = click.target?.rectangle ?? {};
    expect(click.pointer?.clientX).toBeCloseTo(x + width / 2, -0.5);
    expect(click.pointer?.clientY).toBeCloseTo(y + height / 2, -0.5);
    expect(y).toBeGreaterThan(100); // the outer frame starts below
  });
});

describe('snapshots', () => {
  test('the same page is sent once', () => {
    const hashes = [...snapshots.values()].map(({ record }) => record.sha256);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes.length).toBeLessThan(interactions.length);
  });

  test('every target is found by its reference, as it was before the action', async () => {
    const targets = interactions.filter(({ target }) => target?.ref);
    expect(targets.length).toBeGreaterThan(20);

    for (const { type, target, before } of targets) {
      await showSnapshot(before?.snapshotId);
      const element = page.locator(`[data-cs-ref="${target?.ref}"]`);
      expect(await element.count(), `${type} ${target?.name}`).toBe(1);
      expect(await element.evaluate((node) => node.localName)).toBe(target?.tag);
    }
    await showSnapshot(named('Newsletter').before?.snapshotId);
    expect(await page.getByLabel('Newsletter').isChecked()).toBe(false);
    expect(await page.getByLabel('Gift wrap').isChecked()).toBe(true);
  }, 60_000);

  test('a selector that matched once matches the target in the snapshot, by another engine', async () => {
    let checked = 0;
    for (const { type, target, selectors, before } of interactions) {
      if (!target?.ref || type === 'MODAL_OPEN') continue; // not shown before it came up
      await showSnapshot(before?.snapshotId);
      for (const { strategy, value, matchCount } of selectors) {
        if (matchCount !== 1) continue;
        const found = await refsOf(locate(strategy, value));
        expect(found, `${strategy} ${value}`).toContain(target.ref);
        if (strategy !== 'TEXT') expect(found, `${strategy} ${value}`).toHaveLength(1);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(80);
  }, 60_000);

  test('a button in a list is told apart by its row, a generated id is refused', () => {
    const pear = named('Buy Pear').selectors;
    expect(pear.find(({ strategy }) => strategy === 'TEST_ID')).toMatchObject({ matchCount: 3 });
    const values = interactions.flatMap(({ selectors }) => selectors.map(({ value }) => value));
    expect(values.join('\n')).not.toMatch(/css-1x9|:r3:/);
  });
});

describe('privacy', () => {
  test('what was typed into personal fields is in no record and no snapshot', () => {
    const everything = JSON.stringify([session, interactions, screenshots.map((s) => s.record)]);
    const html = [...snapshots.values()].map((each) => each.html).join();
    for (const secret of SECRETS) {
      expect(everything).not.toContain(secret);
      expect(html).not.toContain(secret);
    }
    expect(html).toContain('value="[EMAIL]"');
  });

  test('a picture is painted over where a personal field stands', async () => {
    const before = interactions.find(({ target }) => target?.name === 'Show summary')?.before;
    const shot = screenshots.find(({ record }) => record.id === before?.screenshotId);
    const kinds = shot?.record.masks.map(({ kind }) => kind);
    expect(kinds?.toSorted()).toEqual(['PASSWORD', 'PAYMENT', 'PERSONAL', 'PERSONAL']);

    for (const { x, y, width, height } of shot?.record.masks ?? []) {
      const inner = { left: x + 2, top: y + 2, width: width - 4, height: height - 4 };
      const part = await sharp(shot?.bytes).extract(inner).png().toBuffer();
      const { channels } = await sharp(part).stats();
      for (const { stdev } of channels) expect(stdev).toBeLessThan(3);
    }
  });

  test('what the page writes out again is masked, also on a later page', () => {
    const masksIn = (id: string | null | undefined) =>
      screenshots.find(({ record }) => record.id === id)?.record.masks ?? [];

    expect(masksIn(named('Show summary').after?.screenshotId)).toHaveLength(6);
    const { before } = named('Leave');
    expect(masksIn(before?.screenshotId)).toMatchObject([{ kind: 'PERSONAL' }]);
    expect(snapshots.get(before?.snapshotId ?? '')?.html).toContain('Goodbye, [PERSONAL]!');
  });
});

describe('screenshots', () => {
  test('every action has a picture from before it and one from after it', () => {
    const known = new Map(screenshots.map(({ record }) => [record.id, record]));
    for (const { sequence, before, after } of interactions.slice(1)) {
      const shot = known.get(before?.screenshotId ?? '');
      expect(shot, `before ${sequence}`).toBeDefined();
      expect(before?.frameAgeMs).toBeGreaterThanOrEqual(0);
      expect(known.has(after?.screenshotId ?? ''), `after ${sequence}`).toBe(true);
    }
  });

  test('the session, its pages and its dialogs are shown', () => {
    const triggers = new Set(screenshots.map(({ record }) => record.trigger));
    for (const each of ['SESSION_START', 'NAVIGATION', 'BEFORE_ACTION', 'MODAL', 'SESSION_END']) {
      expect(triggers).toContain(each);
    }
    const burst = screenshots.map(({ record }) => record).filter(({ burstId }) => burstId);
    for (const { burstIndex, burstTotal, interactionSequence } of burst) {
      expect(burstIndex).toBeLessThan(burstTotal ?? 0);
      expect(interactionSequence).toBeGreaterThan(0);
    }
  });
});

function named(name: string): InteractionRecord {
  const found = interactions.find(({ target }) => target?.name === name);
  if (!found) throw new Error(`expected an interaction with ${name}, got none`);
  return found;
}

function memory(): Sink {
  return {
    async start(started) {
      session = started;
    },
    async interaction(record) {
      interactions.push(InteractionRecord.parse(record));
    },
    async screenshot(record, bytes) {
      screenshots.push({ record, bytes: Buffer.from(bytes) });
    },
    async snapshot(record, bytes) {
      snapshots.set(record.id, { record, html: Buffer.from(bytes).toString() });
    },
    async end() {},
  };
}

async function showSnapshot(id: string | null | undefined): Promise<void> {
  const address = `http://snapshot.test/${id}`;
  if (page.url() !== address) await page.goto(address);
}

/** Hidden is what was hidden then: the style sheets are not in the snapshot. */
function asPage(id: string): string {
  const style = '<style>[data-cs-hidden]{display:none!important}</style>';
  return (snapshots.get(id)?.html ?? '').replace('</head>', `${style}</head>`);
}

function locate(strategy: string, value: string): Locator {
  if (strategy === 'LABEL') return page.getByLabel(value, { exact: true });
  if (strategy === 'TEXT') return page.getByText(value, { exact: true });
  if (strategy === 'XPATH') return page.locator(`xpath=${value}`);
  if (strategy !== 'ROLE_NAME') {
    return page.locator(
      value
        .split(' >> ')
        .map((part) => `css=${part}`)
        .join(' >> '),
    );
  }
  const parts = value.split(' >> ').map((part) => {
    const [, role, name] = /^(\w+)\[name="(.*)"\]$/.exec(part) ?? [];
    return role ? page.getByRole(role as 'button', { name, exact: true }) : page.locator(part);
  });
  return parts.reduce((scope, part) => scope.locator(part));
}

function refsOf(locator: Locator): Promise<(string | null)[]> {
  return locator.evaluateAll((nodes) => nodes.map((node) => node.getAttribute('data-cs-ref')));
}

function serve(): Promise<Server> {
  const pages: Record<string, string> = {
    '/': MAIN,
    '/outer': '<p>Outer</p><iframe name="inner" src="/inner" width="300" height="120"></iframe>',
    '/inner': '<button onclick="this.textContent=`Done`">In the frame</button>',
    '/end': `<h1>The end</h1><p id="bye"></p><button>Leave</button>
      <script>bye.textContent = 'Goodbye, ' + sessionStorage.name + '!'</script>`,
  };
  const created = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      `<!DOCTYPE html><html lang="en"><title>Try</title>${pages[pathname] ?? ''}</html>`,
    );
  });
  return new Promise((resolve) => created.listen(0, '127.0.0.1', () => resolve(created)));
}

const MAIN = `<body><script>/* keeps its place */</script><!-- not in a snapshot -->
<style>.row{display:flex;gap:8px} .late{margin-top:1200px}</style>
<h1>Try</h1>
<p><label for="q">Search</label> <input id="q" type="search"></p>
<p><label><input type="checkbox"> Gift wrap</label> <label><input type="checkbox" id=":r3:"> Newsletter</label></p>
<p><label for="size">Size</label> <select id="size"><option>Small<option>Medium</select></p>
<form class="css-1x9k2p" onsubmit="return false">
<label>Full name <input name="full-name"></label> <label>E-mail <input type="email"></label>
<label>Password <input type="password"></label> <label>Card number <input autocomplete="cc-number"></label>
<button type="button" onclick="summary.textContent = 'For ' + document.querySelector('[name=full-name]').value +
 ', receipt to ' + document.querySelector('[type=email]').value;
 sessionStorage.name = document.querySelector('[name=full-name]').value.split(' ')[0]">Show summary</button></form>
<p id="summary"></p>
<div class="row"><x-widget></x-widget>
<button onclick="history.pushState({}, '', '?step=2')">Next step</button>
<button onclick="terms.showModal()">Open dialog</button><button>Twice</button></div>
<ul><li>Apple <button data-testid="buy">Buy Apple</button><li>Pear <button data-testid="buy">Buy Pear</button>
<li>Plum <button data-testid="buy">Buy Plum</button></ul>
<iframe name="outer" src="/outer" width="360" height="200"></iframe>
<dialog id="terms" aria-label="Terms"><button onclick="terms.close()">Close dialog</button></dialog>
<p class="late"><a href="/end">Far down</a></p>
<script>customElements.define('x-widget', class extends HTMLElement { constructor() { super();
this.attachShadow({ mode: 'open' }).innerHTML = '<div><button>Inside the shadow</button></div>'; } });</script>`;
