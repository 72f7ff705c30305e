import { expect, test } from 'vitest';
import { runSync, syncFaults } from '../sync-runs.ts';
import { seed } from './seed.ts';

const cleanRuns = 10_000;
const faultyRuns = 1_000; // of each fault
const first = [...seed].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);

test('10,000 clean sync runs give no false divergence', () => {
  const all = { comparisons: 0, suspicions: 0, divergences: 0, missing: 0, conflicts: 0 };
  for (let number = 0; number < cleanRuns; number += 1) {
    const run = runSync(first + number);
    for (const name of Object.keys(all) as (keyof typeof all)[]) all[name] += run[name];
  }
  process.stdout.write(`${JSON.stringify({ cleanRuns, ...all })}\n`);

  expect(all).toMatchObject({ divergences: 0, missing: 0, conflicts: 0 });
});

test.each(syncFaults)('in 1,000 runs it is found every time that %s', (fault) => {
  let found = 0;
  for (let number = 0; number < faultyRuns; number += 1) {
    const { divergences, missing } = runSync(first + number, fault);
    if (divergences + missing > 0) found += 1;
  }
  process.stdout.write(`${JSON.stringify({ fault, faultyRuns, found })}\n`);

  expect(found).toBe(faultyRuns);
});
