import { createRequire } from 'node:module';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const require = createRequire(import.meta.url);
// Workers, and the processes that tests start, compile what they load once: a start of the server takes a third less.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node-compile');

export default defineConfig({
  resolve: {
    // Otherwise Vitest loads graphql twice, as ESM for us and as CommonJS for its dependents.
    alias: [{ find: /^graphql$/, replacement: require.resolve('graphql/index.js') }],
  },
  test: {
    include: ['{src,extension,test,examples,bench}/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    reporters: ['default', './test/reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A machine that CI shares can starve a test for seconds; what passed only then is reported so.
    retry: process.env.CI ? 2 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } }, // a busy machine takes its time
    coverage: {
      // Counts the processes that tests start, too.
      provider: 'custom',
      customProviderModule: 'test/coverage.ts',
      autoAttachSubprocess: true,
      reporter: ['text-summary', 'json-summary'],
      reportOnFailure: true,
      thresholds: { lines: 90 },
      include: ['src/**/*.ts'],
      exclude: ['src/generated/**', 'src/**/*.test.ts'],
    },
  },
});
