import { expect, test } from 'vitest';
import { CoverageAccount } from '../../src/contract/coverage.ts';
import { pageGapsOf, withGaps } from './coverage.ts';
import { openMemory } from './memory.ts';
import { openSecrets } from './secrets.ts';
import { idOf } from './sha256.ts';
import { extensionOf, isOfSites, isProtected } from './sites.ts';
import { openTurns, openTurnsBy, within } from './turns.ts';

/** Holds what it is given, as `chrome.storage.session` does. */
function anArea() {
  const values: Record<string, unknown> = {};
  return {
    values,
    get: async () => structuredClone(values),
    set: async (more: Record<string, unknown>) => void Object.assign(values, structuredClone(more)),
    remove: async (keys: string[]) => {
      for (const key of keys) delete values[key];
    },
  };
}

test('what a worker remembers, the next one knows', async () => {
  const area = anArea();
  const memory = await openMemory(area);
  await memory.set('tab:1', { url: 'https://shop.example/' });
  await memory.set('tab:2', 2);
  await memory.remove(['tab:2', 'tab:3']);

  const next = await openMemory(area);

  expect(next.get('tab:1')).toEqual({ url: 'https://shop.example/' });
  expect(next.keys('tab:')).toEqual(['tab:1']);
});

test('what was typed into personal fields comes back in no address and no title', async () => {
  const secrets = openSecrets(await openMemory(anArea()));

  expect(await secrets.learn(['Jane Doe', 'abc', ' '])).toBe(true);
  expect(await secrets.learn(['Jane Doe'])).toBe(false);

  expect(secrets.cleanText('Thank you, Jane Doe!')).toBe('Thank you, [PERSONAL]!');
  expect(secrets.cleanUrl('https://a.example/?q=Jane+Doe')).not.toContain('Jane');
  expect(secrets.cleanText('Janesville')).toBe('Janesville');
});

test('a site is its host and all below it', () => {
  expect(isOfSites('https://mail.bank.example/x', ['bank.example'])).toBe(true);
  expect(isOfSites('https://mybank.example/', ['bank.example'])).toBe(false);
  expect(isOfSites('about:blank', ['bank.example'])).toBe(false);
});

test('pages of the browser and its shop are protected', () => {
  const all = ['chrome://settings/', 'https://chromewebstore.google.com/', 'https://shop.example/'];
  expect(all.map(isProtected)).toEqual([true, true, false]);
});

test('nothing of the name of a download is told', () => {
  expect(extensionOf('/home/jane/my taxes.2025.PDF')).toBe('pdf');
  expect(extensionOf('jane.doe-private')).toBeNull();
});

test('the same page has the same id within a session, and is a UUID', async () => {
  const [a, b, other] = [await idOf('s', 'x'), await idOf('s', 'x'), await idOf('t', 'x')];

  expect(a).toBe(b);
  expect(a).not.toBe(other);
  expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the account of what was not seen grows', () => {
  const account = withGaps(CoverageAccount.parse({ frames: {}, missedScreenshots: {} }), [
    { count: 'canvases', by: 2 },
    { frame: 'total' },
    { missed: 'after' },
    { missed: 'after' },
    { note: 'Voice was lost.' },
    { note: 'Voice was lost.' },
  ]);

  expect(account).toMatchObject({
    canvases: 2,
    frames: { total: 1, unseen: 0 },
    missedScreenshots: { after: 2, before: 0 },
    notes: ['Voice was lost.'],
  });
});

test('an action without a page of its own moment is accounted for', () => {
  const draft = { snapshotKey: 'a', context: {} };

  expect(pageGapsOf(draft, 'id')).toEqual([]);
  expect(pageGapsOf({ ...draft, context: { snapshotAgeMs: 40 } }, 'id')).toEqual([
    { count: 'lateSnapshots' },
  ]);
  expect(pageGapsOf({ ...draft, snapshotKey: null }, null)).toEqual([{ count: 'missedSnapshots' }]);
  // It was told, and given up before it was kept.
  expect(pageGapsOf(draft, null)).toEqual([{ count: 'missedSnapshots' }]);
});

test('an account of an older version takes the counts that came later', () => {
  const { lateSnapshots: _, ...older } = CoverageAccount.parse({
    frames: {},
    missedScreenshots: {},
  });

  const account = withGaps(older as CoverageAccount, [{ count: 'lateSnapshots' }]);

  expect(account.lateSnapshots).toBe(1);
});

test('work in turn keeps its order, also after a failure', async () => {
  const inTurn = openTurns();
  const done: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = inTurn(async () => {
    await promise;
    done.push(1);
    throw new Error('made to fail');
  });
  const second = inTurn(async () => done.push(2));
  resolve();

  await expect(first).rejects.toThrow('made to fail');
  await second;
  expect(done).toEqual([1, 2]);
});

test('work of one key does not wait for another', async () => {
  const inTurnBy = openTurnsBy();
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = inTurnBy('a', () => promise);

  expect(await inTurnBy('b', async () => 'done')).toBe('done');
  resolve();
  await slow;
});

test('what takes too long is null', async () => {
  expect(await within(1, new Promise(() => {}))).toBeNull();
  expect(await within(60_000, Promise.resolve('soon'))).toBe('soon');
});
