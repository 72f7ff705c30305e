import { expect, test } from 'vitest';
import { sendCrowd } from '../crowd.ts';
import { seed } from './seed.ts';

test.each([
  [40, 2_000],
  [200, 500],
  [400, 200],
])(
  '%i sessions of %i interactions at once over bad networks arrive exactly once, in order',
  async (sessions, interactions) => {
    const { cuts } = await sendCrowd({ sessions, interactions, seed });

    expect(cuts).toBeGreaterThan(sessions);
  },
);
