import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import type { ClientReport, Report } from '../contract/report.ts';
import type { Account, WireReport } from './types.ts';

// Counting checks that held is a separate import, and has its own size beside the reporter's.
test.each([
  ['browser', 8],
  ['node', 8],
  ['checks', 1.5],
])('minified and gzipped, %s.ts has less than %d KB', async (entry, most) => {
  const { outputFiles } = await build({
    entryPoints: [`src/reporter/${entry}.ts`],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });

  expect(gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThan(most * 1024);
});

test('what the reporter sends is what the contract takes', () => {
  expectTypeOf<WireReport>().toExtend<z.input<typeof Report>>();
  expectTypeOf<Account>().toExtend<z.input<typeof ClientReport>>();
});
