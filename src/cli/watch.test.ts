import { expect, test } from 'vitest';
import { start } from '../../test/command.ts';
import { openProduct } from '../../test/product.ts';
import { aSignal, state } from '../../test/signals.ts';
import { lineOf } from './watch.ts';

const entry = {
  __typename: 'DebugEntry' as const,
  cursor: '1',
  at: '2026-11-26T10:11:12.345Z',
  kind: 'ERROR' as const,
  signal: 'report',
  title: 'TypeError: x\u001b[2J is\nnot a function',
  severity: 'HIGH' as const,
  category: 'VALIDATION_FAILED' as const,
  source: 'checkout',
  subjectId: 'issue',
  clientId: 'phone',
  correlationId: 'a'.repeat(32),
  detail: { count: 3, release: null },
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const plain = (line: string) => line.replaceAll(/\u001b\[\d+m/g, '');

test('an event is one line that cannot steer the terminal', () => {
  expect(plain(lineOf(entry))).toBe(
    `10:11:12.345  HIGH            TypeError: x�[2J is not a function  checkout phone · VALIDATION_FAILED · count=3  ${'a'.repeat(32)}`,
  );
});

test('a gap says how much was not shown', () => {
  const gap = { __typename: 'DebugGap' as const, cursor: '2', from: 1, to: 2, dropped: 1_200 };

  expect(plain(lineOf(gap))).toContain('1,200 events not shown');
  expect(plain(lineOf({ ...gap, dropped: null }))).toContain('some events not shown');
});

test('codesight watch --json follows the debug stream until it is interrupted', {
  timeout: 60_000,
}, async () => {
  const product = await openProduct();
  const { projectId } = await product.app.db.apiKey.findUniqueOrThrow({
    where: { id: product.keyId },
  });
  const { said, child, ended } = start(['watch', '--json', '--severity', 'CRITICAL'], {
    CODESIGHT_URL: product.server.url,
    CODESIGHT_KEY: product.key,
  });

  const tell = async () => {
    await state(
      product.app,
      aSignal(projectId, { severity: 'LOW', title: 'not asked for' }),
      aSignal(projectId, { severity: 'CRITICAL', title: 'asked for' }),
    );
    return said.out;
  };
  await expect.poll(tell, { timeout: 40_000, interval: 500 }).toContain('asked for');
  child.kill('SIGINT');

  expect(await ended).toBe(130);
  expect(JSON.parse(said.out.split('\n')[0] ?? '')).toMatchObject({
    __typename: 'DebugEntry',
    title: 'asked for',
    severity: 'CRITICAL',
  });
  expect(said.out).not.toContain('not asked for');
});
