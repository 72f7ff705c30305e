import { expect, test } from 'vitest';
import { play } from '../../src/client/play.ts';
import { ScreenshotRecord, SnapshotRecord } from '../../src/contract/image.ts';
import { InteractionRecord } from '../../src/contract/interaction.ts';
import { canBeOffered } from '../../src/lib/page/candidates.ts';
import { parsePage } from '../../src/lib/page/parse.ts';
import { openProduct } from '../../test/product.ts';
import { until } from '../../test/recorded.ts';
import { errandOf } from './errand.ts';
import { sessionOf, shopSessions, shops, testHosts } from './sessions.ts';

test('errands are of several lengths: orders, and short ones of three to six acts', () => {
  const lengths = shops.flatMap((shop) =>
    Array.from({ length: 6 }, (_, number) => errandOf(shop, number).acts.length),
  );
  const short = lengths.filter((acts) => acts <= 6);
  expect(Math.min(...lengths)).toBeGreaterThan(1);
  expect(short.length).toBeGreaterThan(lengths.length / 4);
  expect(lengths.filter((acts) => acts > 12).length).toBeGreaterThanOrEqual(lengths.length / 4);
});

test('every act is on a visible element of the page before it, and its first selector finds it alone', async () => {
  for (const source of shopSessions({ perShop: 3 })) {
    const pages = new Map<string, string>();
    for await (const record of source.snapshots()) {
      expect(SnapshotRecord.safeParse(record).error).toBeUndefined();
      pages.set(record.id, String(await source.bytesOf(record)));
    }
    let acts = 0;
    for await (const item of source.interactions()) {
      const parsed = InteractionRecord.parse(item);
      if (parsed.type === 'NAVIGATION') continue;
      acts += 1;
      const page = parsePage(pages.get(parsed.before?.snapshotId ?? '') ?? '');
      const element = page.byRef.get(parsed.target?.ref ?? '');
      expect(element && canBeOffered(page, element)).toBe(true);
      expect(parsed.selectors[0]).toMatchObject({ matchCount: 1 });
    }
    expect(acts).toBeGreaterThan(1);
    expect([...pages.values()].join('')).not.toContain('data-do');
  }
});

test('the same errand is the same session, down to its pictures', async () => {
  const [shop] = shops;
  if (!shop) throw new Error('Expected a shop.');
  const whole = async () => {
    const source = sessionOf(shop, 1);
    const pictures = await Array.fromAsync(source.screenshots());
    for (const picture of pictures) expect(ScreenshotRecord.parse(picture)).toEqual(picture);
    return { ...source.head, pictures, acts: await Array.fromAsync(source.interactions()) };
  };

  expect(await whole()).toEqual(await whole());
});

test('shops for testing say most things in words that no other shop uses', () => {
  const others = shops.filter(({ host }) => !testHosts.includes(host));
  const said = new Set(others.flatMap(({ words }) => Object.values(words)));
  for (const { host, words } of shops.filter(({ host }) => testHosts.includes(host))) {
    const own = Object.values(words).filter((word) => !said.has(word));
    expect.soft(own.length / Object.values(words).length, host).toBeGreaterThan(0.6);
  }
  expect(new Set(shops.map(({ parts }) => JSON.stringify(parts))).size).toBe(shops.length);
  expect(new Set(shops.map(({ host }) => host)).size).toBe(shops.length);
});

test('a generated session goes the ordinary way and is ready', { timeout: 60_000 }, async () => {
  const product = await openProduct();
  await product.app.queue.work(product.app);
  const [source] = shopSessions({ perShop: 1, hosts: ['lumenhall.example'] });
  if (!source) throw new Error('Expected a session.');

  const { sessionId } = await play(source, product.connect());
  await until(product.app, sessionId, 'READY');

  const { score } = await product.app.db.qualityReport.findUniqueOrThrow({ where: { sessionId } });
  expect(score).toBeGreaterThan(0.8);
  expect(await product.app.db.example.count({ where: { sessionId } })).toBeGreaterThan(12);
  const { site, kind } = await product.app.db.session.findUniqueOrThrow({
    where: { id: sessionId },
  });
  expect({ site, kind }).toEqual({ site: 'lumenhall.example', kind: 'AUTOMATED' });
});
