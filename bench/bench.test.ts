import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../test/database.ts';

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['bench/bench.ts', ...args], { timeout: 110_000 });

type Figures = {
  bench: string;
  shapes: {
    name: string;
    rows: { ours: number; bare: number };
    ratio: number;
    ackMs: { p50: number; p99: number };
    usPerRow: Record<string, number | null>;
  }[];
};

test('the bench of ingest stores rows on both sides and ends with its figures', async () => {
  const database = await createTestDatabase();

  // It checks by itself that what was acknowledged is stored.
  const { stdout } = await run(
    'ingest',
    ...['--seconds', '0.2', '--rounds', '1', '--database', database.url],
  ).finally(() => database.drop());

  expect(stdout).toContain('Where the time goes');
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Figures;
  expect(figures.bench).toBe('ingest');
  expect(figures.shapes.map(({ name }) => name)).toEqual(['16 sockets × 1', '8 sockets × 50']);
  for (const { rows, ratio, ackMs, usPerRow } of figures.shapes) {
    expect(rows.ours).toBeGreaterThan(0);
    expect(rows.bare).toBeGreaterThan(0);
    expect(ratio).toBeGreaterThan(0);
    expect(ackMs.p99).toBeGreaterThanOrEqual(ackMs.p50);
    expect(usPerRow.parse).toBeGreaterThan(0);
  }
}, 120_000);

test('the bench of diagnostics counts every report, and a storm as one issue and one alert', async () => {
  const database = await createTestDatabase();

  // It checks by itself that counts are exact.
  const { stdout } = await run(
    'diagnostics',
    ...['--seconds', '0.2', '--rounds', '1', '--storm', '1000', '--database', database.url],
  ).finally(() => database.drop());

  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(figures).toMatchObject({
    bench: 'diagnostics',
    storm: { reports: 1_000, newIssues: 1, alerts: 1 },
  });
  expect(figures.ratio).toBeGreaterThan(0);
  expect(figures.doorMs.p99).toBeGreaterThanOrEqual(figures.doorMs.p50);
  expect(figures.halfLoad.p99).toBeGreaterThanOrEqual(figures.halfLoad.p50);
}, 120_000);

test('an unknown bench is refused by name', async () => {
  await expect(run('gulp')).rejects.toMatchObject({
    stderr: 'Expected a bench (ingest, extension, diagnostics, export), got gulp.\n',
  });
});
