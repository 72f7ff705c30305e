import { expect, test } from 'vitest';
import { aSource, openProduct } from '../../test/product.ts';
import { openProxy } from '../../test/proxy.ts';
import { newId } from '../lib/ids.ts';
import { followProcessing } from './follow.ts';
import { play } from './play.ts';

test('a session is followed to the end of its processing, over a lost connection', async () => {
  const product = await openProduct();
  const proxy = await openProxy(product.server.port);
  const connection = product.connect({ url: proxy.url });
  const { sessionId } = await play(aSource({ interactions: 3, snapshots: 1 }), connection);
  const stages = new Set<string>();
  await product.app.queue.work(product.app);

  const { state, steps } = await followProcessing(connection, sessionId, {
    onStep: ({ stage }) => {
      stages.add(stage);
      if (proxy.cuts === 0) proxy.cut();
    },
  });

  expect(connection.reconnects).toBe(1);
  expect(['READY', 'NEEDS_REVIEW', 'REJECTED']).toContain(state);
  expect(steps.map(({ stage }) => stage)).toContain('SCORE');
  expect([...stages]).toEqual(expect.arrayContaining(['REDACT', 'COMPRESS', 'SCORE']));
});

test('that nothing happens is said, with what to do', async () => {
  const product = await openProduct();
  const connection = product.connect();
  const { sessionId } = await play(aSource({ interactions: 1 }), connection);

  const following = followProcessing(connection, sessionId, { quietMs: 200 });

  await expect(following).rejects.toThrow(/Is a worker running\?/);
});

test('a session that is not there, and an abort, end it', async () => {
  const product = await openProduct();
  const connection = product.connect();
  const { sessionId } = await play(aSource({ interactions: 1 }), connection);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 100);

  const aborted = followProcessing(connection, sessionId, { signal: controller.signal });

  await expect(aborted).rejects.toThrow('enough');
  await expect(followProcessing(connection, newId())).rejects.toMatchObject({
    code: 'SESSION_NOT_FOUND',
  });
});
