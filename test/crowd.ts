import { expect } from 'vitest';
import { startCapture } from '../src/client/capture.ts';
import { seededRandom, shuffled } from '../src/lib/page/random.ts';
import { aSource, openProduct, type Product } from './product.ts';
import { openProxy } from './proxy.ts';
import { upTo } from './sessions.ts';

export type Crowd = { sessions: number; interactions: number; seed: string };

/** What the networks did to a crowd. */
export type Hardship = { cuts: number; reconnects: number; repeated: number };

/**
 * Sends sessions at once, each over its own network that is cut at random, its interactions out of
 * order and some of them twice; expects each to arrive exactly once, in order, and never to be
 * acknowledged before everything up to there is stored. The same seed asks the same of the server.
 */
export async function sendCrowd({ sessions, interactions, seed }: Crowd): Promise<Hardship> {
  const product = await openProduct({
    MAX_SOCKETS_PER_KEY: String(sessions * 2),
    MAX_SESSIONS_PER_USER: String(sessions),
  });
  const outcomes = await Promise.all(
    upTo(sessions).map((number) => sendOne(product, interactions, `${seed}/${number}`)),
  );
  expect(await product.app.db.interaction.count()).toBe(sessions * interactions);
  expect(await product.app.db.syncIssue.count()).toBe(0);
  const sum = (what: keyof Hardship) => outcomes.reduce((all, one) => all + one[what], 0);
  return { cuts: sum('cuts'), reconnects: sum('reconnects'), repeated: sum('repeated') };
}

async function sendOne(product: Product, count: number, seed: string): Promise<Hardship> {
  const random = seededRandom(seed);
  const proxy = await openProxy(product.server.port);
  const worsen = () => {
    proxy.cutEvery = 20_000 + Math.floor(random() * 60_000); // a session has about 80,000 bytes
  };
  worsen();
  const connection = product.connect({
    url: proxy.url,
    patienceMs: 5 * 60_000,
    onState: (state) => state === 'lost' && worsen(),
  });
  const source = aSource({ interactions: count });
  const items = await Array.fromAsync(source.interactions());
  const { db } = product.app;
  const checks: Promise<void>[] = [];
  let last = 0;

  const capture = await startCapture(connection, source.head, {
    onProgress({ interactions: { acknowledged } }) {
      if (acknowledged === last) return;
      expect(acknowledged).toBeGreaterThan(last);
      last = acknowledged;
      const where = { sessionId: source.head.id, sequence: { lte: acknowledged } };
      checks.push(db.interaction.count({ where }).then((held) => expect(held).toBe(acknowledged)));
    },
  });
  const order = seededRandom(`${seed}/order`);
  const twice = items.filter(() => order() < 0.15);
  for (const item of shuffled([...items, ...twice], order)) await capture.interaction(item);
  expect(await capture.end(source.head.endedAt)).toBe('ENDED');
  await Promise.all(checks);

  const rows = await db.interaction.findMany({
    where: { sessionId: source.head.id },
    orderBy: { sequence: 'asc' },
    select: { id: true, sequence: true },
  });
  expect(rows).toEqual(
    items.map((item) => ({ id: 'id' in item && item.id, sequence: item.sequence })),
  );
  expect(capture.tally.interactions).toMatchObject({
    acknowledged: count,
    conflicting: [],
    refused: [],
  });
  await connection.close();
  const { repeated } = capture.tally.interactions;
  return { cuts: proxy.cuts, reconnects: connection.reconnects, repeated };
}
