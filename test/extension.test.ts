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
import { endure } from './extension-trial.ts';
import { openProduct } from './product.ts';
import { openProxy } from './proxy.ts';

const timeout = 120_000;

test('what a person clicks arrives once, in order, with pictures and pages', {
  timeout,
}, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  await connect(installed, product);
  const page = await openInFront(installed, await openButtons(8));

  const { sessionId } = await installed.ask('session.start', { task: 'Click every step' });
  await clickSteps(page, 1, 8);
  await installed.ask('session.stop', null);
  await untilEnded(product, sessionId);

  expect(await clickedOn(product, sessionId)).toEqual(steps(1, 8));
  const { db } = product.app;
  const session = await db.session.findUniqueOrThrow({ where: { id: sessionId } });
  expect(session).toMatchObject({ kind: 'HUMAN', task: 'Click every step' });
  const pictures = await db.screenshot.findMany({ where: { sessionId } });
  expect(pictures.filter(({ upload }) => upload !== 'STORED')).toEqual([]);
  expect(pictures.map(({ trigger }) => trigger)).toContain('SESSION_START');
  expect(await db.pageSnapshot.count({ where: { sessionId, upload: 'STORED' } })).toBeGreaterThan(
    0,
  );
});

test('the death of the worker loses and doubles nothing', { timeout }, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  await connect(installed, product);
  const page = await openInFront(installed, await openButtons(12));

  const { sessionId } = await installed.ask('session.start', { task: 'Click through deaths' });
  await clickSteps(page, 1, 4);
  await installed.killWorker();
  await clickSteps(page, 5, 8);
  await installed.killWorker();
  await clickSteps(page, 9, 12);
  await installed.ask('session.stop', null);
  await installed.killWorker();
  await installed.ask('face.state', null);
  await untilEnded(product, sessionId);

  expect(await clickedOn(product, sessionId)).toEqual(steps(1, 12));
});

test('a browser that is killed goes on with the session when it comes back', {
  timeout,
}, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  await connect(installed, product);
  const address = await openButtons(8);
  const page = await openInFront(installed, address);

  const { sessionId } = await installed.ask('session.start', { task: 'Click through a crash' });
  await clickSteps(page, 1, 4);
  await expect
    .poll(async () => (await installed.ask('face.state', null)).session?.interactions)
    .toBeGreaterThanOrEqual(4);
  await installed.killBrowser();
  await installed.startBrowser();
  const { session } = await installed.ask('face.state', null);
  expect(session?.id).toBe(sessionId);
  if (session?.isPaused) await installed.ask('session.resume', null);
  const again = await openInFront(installed, address);
  await clickSteps(again, 5, 8);
  await installed.ask('session.stop', null);
  await untilEnded(product, sessionId);

  expect(await clickedOn(product, sessionId)).toEqual(steps(1, 8));
});

test('a network that vanishes and a server that restarts lose nothing', { timeout }, async () => {
  const product = await openProduct();
  const proxy = await openProxy(product.server.port);
  const installed = await installExtension();
  await connect(installed, product, { url: proxy.url });
  const page = await openInFront(installed, await openButtons(12));

  const { sessionId } = await installed.ask('session.start', { task: 'Click off line' });
  await clickSteps(page, 1, 4);
  proxy.isSilent = true;
  proxy.cut();
  await clickSteps(page, 5, 8);
  await product.restart();
  proxy.isSilent = false;
  proxy.cut();
  await clickSteps(page, 9, 12);
  await installed.ask('session.stop', null);
  await untilEnded(product, sessionId, 60_000);

  expect(await clickedOn(product, sessionId)).toEqual(steps(1, 12));
});

test('a session that is held back sends nothing until it is released', { timeout }, async () => {
  const product = await openProduct();
  const installed = await installExtension();
  await connect(installed, product, { settings: { isHeld: true } });
  const page = await openInFront(installed, await openButtons(3));

  const { sessionId } = await installed.ask('session.start', { task: 'Look first' });
  await clickSteps(page, 1, 3);
  await installed.ask('session.stop', null);
  await expect
    .poll(async () => (await installed.ask('face.state', null)).recent[0]?.state)
    .toBe('held');
  expect(await product.app.db.session.count()).toBe(0);
  await installed.ask('session.release', { sessionId });
  await untilEnded(product, sessionId);

  expect(await clickedOn(product, sessionId)).toEqual(steps(1, 3));
});

for (const seed of ['small/1', 'small/2'])
  test(`everything fails at random, and nothing is lost: ${seed}`, {
    timeout: 240_000,
  }, async () => {
    const { hardships } = await endure(seed);
    expect(hardships.length).toBeGreaterThan(0);
  });
