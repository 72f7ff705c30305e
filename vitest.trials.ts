import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** Long trials, one after the other: `npm run trials`. `TRIAL_SEED=…` repeats one that failed. */
// biome-ignore lint/style/noDefaultExport: Vitest reads this one
export default mergeConfig(
  { ...config, test: { ...config.test, include: [] } },
  defineConfig({
    test: {
      include: ['test/trials/**/*.trial.ts'],
      maxWorkers: 1,
      testTimeout: 30 * 60_000,
    },
  }),
);
