import { afterAll, expect, test } from 'vitest';
import { closeBrowser } from '../../test/outbox.ts';
import { sendThroughHardship } from '../../test/outbox-hardship.ts';

afterAll(closeBrowser);

test('killed, cut off and restarted again and again, a session arrives exactly once', {
  timeout: 60_000,
}, async () => {
  const { kills, cuts } = await sendThroughHardship('outbox/1', { kills: 3, interactions: 120 });

  expect(kills).toBeGreaterThan(2);
  expect(cuts).toBeGreaterThan(3);
});
