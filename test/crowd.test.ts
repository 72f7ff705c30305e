import { expect, test } from 'vitest';
import { sendCrowd } from './crowd.ts';

test('40 sessions at once over bad networks arrive exactly once, in order', {
  timeout: 90_000,
}, async () => {
  const { cuts, reconnects, repeated } = await sendCrowd({
    sessions: 40,
    interactions: 200,
    seed: 'crowd',
  });

  expect(cuts).toBeGreaterThan(40);
  expect(reconnects).toBeGreaterThan(40);
  expect(repeated).toBeGreaterThan(40 * 200 * 0.05);
});
