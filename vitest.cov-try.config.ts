import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';
export default mergeConfig(config, defineConfig({ test: { coverage: { reportOnFailure: true, provider: 'custom', customProviderModule: 'test/coverage.ts', autoAttachSubprocess: true, reporter: ['text'], reportsDirectory: '/tmp/cov3' } as never } }));
