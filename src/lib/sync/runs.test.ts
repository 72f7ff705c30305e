import { expect, test } from 'vitest';
import { runSync, syncFaults } from '../../../test/sync-runs.ts';

const seeds = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('clean runs, whatever the order, lags, repeats and offline spells, give no false alarm', () => {
  let [comparisons, suspicions] = [0, 0];
  for (const seed of seeds(300)) {
    const run = runSync(seed);
    comparisons += run.comparisons;
    suspicions += run.suspicions;

    expect({ seed, ...run }).toMatchObject({ divergences: 0, missing: 0, conflicts: 0 });
  }
  expect(comparisons).toBeGreaterThan(1_000);
  expect(suspicions).toBeGreaterThan(10); // copies that were read in the middle of a change
});

test.each(syncFaults)('it is found every time that %s', (fault) => {
  for (const seed of seeds(50)) {
    const { divergences, missing } = runSync(seed, fault);

    expect(divergences + missing, `seed ${seed}`).toBeGreaterThan(0);
  }
});
