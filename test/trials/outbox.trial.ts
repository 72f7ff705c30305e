import { afterAll, expect, test } from 'vitest';
import { closeBrowser } from '../outbox.ts';
import { type Hardship, sendThroughHardship } from '../outbox-hardship.ts';
import { upTo } from '../sessions.ts';
import { seed } from './seed.ts';

const trials = 25;
const all: Hardship = { kills: 0, cuts: 0, restarts: 0 };

afterAll(async () => {
  process.stdout.write(`${JSON.stringify(all)}\n`);
  await closeBrowser();
});

test.each(upTo(trials))(
  'what the extension kept arrives exactly once, trial %i',
  async (number) => {
    const { kills, cuts, restarts } = await sendThroughHardship(`${seed}/${number}`);

    expect(kills).toBeGreaterThan(5);
    all.kills += kills;
    all.cuts += cuts;
    all.restarts += restarts;
  },
);
