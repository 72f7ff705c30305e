import { expect, test } from 'vitest';
import { makeDataDir, run } from '../../test/command.ts';

test('the full demo goes from sessions to a deployed model that beats both baselines on unseen sites', {
  timeout: 600_000,
}, async () => {
  const env = { DATA_DIR: await makeDataDir() };

  const { code, out, err } = await run(['demo', '--full', '--exit', '--per-shop', '2'], env);

  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/\d+ of 20 are ready/);
  expect(out).toContain('no leak found');
  expect(out).toMatch(/Loss \d\.\d\d → \d\.\d\d in \d+ passes/);
  const [local, majority, random] = ['shops, local', 'majority', 'random'].map((name) =>
    stepOf(out, name),
  );
  expect(local?.low).toBeGreaterThan(majority?.high ?? 100);
  expect(local?.low).toBeGreaterThan(random?.high ?? 100);
  expect(out).toContain('It learned from no session of the suite.');
  expect(out).toContain('It is deployed and LIVE.');
  expect(out).toMatch(/Prediction[\s\S]* % {2}(?:click|type|select|press|hover)/);
});

/** The interval of step success in the table of a contestant, in percent. */
function stepOf(out: string, name: string): { low: number; high: number } {
  const row =
    out.split('\n').find((line) => line.startsWith(`  ${name}  `) && line.includes('(')) ?? '';
  const [, , step] = [...row.matchAll(/\((\d+\.\d)–(\d+\.\d)\)/g)];
  return { low: Number(step?.[1]), high: Number(step?.[2]) };
}
