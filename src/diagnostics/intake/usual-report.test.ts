import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reportsOf } from '../../../bench/diagnostics-reports.ts';
import { aReport } from '../../../test/reports.ts';
import {
  contractViolations,
  Report,
  reportCategories,
  reportPlatforms,
  reportResolutions,
  reportSeverities,
} from '../../contract/report.ts';
import { isUsualReport } from './usual-report.ts';

/** Where the quick check says yes, the schema must take the report and give back the same. */
function expectSameAsSchema(given: unknown): void {
  if (!isUsualReport(given)) return;
  expect(Report.safeParse(structuredClone(given))).toEqual({ success: true, data: given });
}

const text = (most: number) =>
  fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom('\0', '\ud800', 'é', '\u001f', ''),
    fc.constantFrom(most, most + 1).map((length) => 'x'.repeat(length)),
  );
const count = fc.oneof(
  fc.nat(),
  fc.constantFrom(-1, 0, -0, 2 ** 31 - 1, 2 ** 31, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1'),
);
const at = fc.oneof(
  fc
    .date({ min: new Date('1990-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    '2024-02-29T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-11-26T10:00:00+02:00',
    '2026-11-26T24:00:00Z',
    '2026-11-26T10:00Z',
    '2026-11-26',
  ),
);
const maybe = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: value }, fc.constantFrom(null, undefined), fc.constant(7));
const some = <T>(value: fc.Arbitrary<T>, most: number) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.array(value, { maxLength: 3 }) },
    fc
      .tuple(value, fc.constantFrom(most, most + 1))
      .map(([one, length]) => Array(length).fill(one)),
  );
const object = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .record(fields, { requiredKeys: [] })
    .chain((made) =>
      fc.oneof(
        { weight: 20, arbitrary: fc.constant(made) },
        fc.constant({ ...made, foreign: 1 }),
        fc.constantFrom([], 'text', 1),
      ),
    );
const entries = fc.oneof(
  { weight: 6, arbitrary: fc.dictionary(text(128), text(2_048), { maxKeys: 4 }) },
  fc
    .constantFrom(64, 65)
    .map((length) =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`name${index}`, 'x'])),
    ),
  fc.constant(JSON.parse('{ "__proto__": "x" }') as Record<string, string>),
);
const oneOf = (names: readonly string[]) => fc.constantFrom(...names, 'NONE', 'toString');

const frame = object({
  file: maybe(text(2_048)),
  function: maybe(text(512)),
  line: maybe(count),
  column: maybe(count),
  isInApp: maybe(fc.boolean()),
});
const fields: Record<string, fc.Arbitrary<unknown>> = {
  id: fc.oneof(
    fc.uuid(),
    fc.constantFrom(
      'mine',
      '00000000-0000-0000-0000-000000000000',
      '01890a5d-ac96-974b-bcce-b302099a8057',
    ),
  ),
  occurredAt: at,
  category: maybe(oneOf(reportCategories)),
  severity: maybe(oneOf(reportSeverities)),
  message: maybe(text(8_192)),
  exceptions: maybe(
    some(
      object({
        type: maybe(text(512)),
        message: maybe(text(8_192)),
        frames: maybe(some(frame, 100)),
      }),
      10,
    ),
  ),
  fingerprint: maybe(some(text(2_048), 16)),
  platform: oneOf(reportPlatforms),
  source: maybe(
    object({ service: text(512), module: maybe(text(512)), function: maybe(text(512)) }),
  ),
  correlationId: maybe(fc.constantFrom('a'.repeat(32), 'A'.repeat(32), 'a'.repeat(33))),
  request: maybe(
    object({
      method: maybe(text(16)),
      url: maybe(text(4_096)),
      operationName: maybe(text(512)),
      headers: maybe(entries),
    }),
  ),
  response: maybe(
    object({
      status: maybe(count),
      code: maybe(text(512)),
      path: maybe(some(fc.oneof(text(512), count), 64)),
      closeCode: maybe(count),
      headers: maybe(entries),
      durationMs: maybe(fc.oneof(fc.double(), count)),
    }),
  ),
  database: maybe(
    object({
      code: maybe(text(16)),
      table: maybe(text(512)),
      constraint: maybe(text(512)),
      queryShape: maybe(text(4_096)),
    }),
  ),
  contract: maybe(
    object({
      hash: maybe(text(64)),
      operation: maybe(text(512)),
      violation: maybe(oneOf(contractViolations)),
      pointer: maybe(text(2_048)),
      deviations: maybe(
        some(
          object({
            pointer: text(2_048),
            keyword: text(64),
            expected: text(128),
            actual: text(128),
          }),
          50,
        ),
      ),
      isLate: maybe(fc.boolean()),
    }),
  ),
  sync: maybe(
    object({
      type: maybe(text(64)),
      source: maybe(text(512)),
      target: maybe(text(512)),
      entityType: maybe(text(512)),
      pendingOperations: maybe(count),
      lastSyncedAt: maybe(at),
    }),
  ),
  environment: maybe(
    object({
      release: maybe(text(512)),
      name: maybe(text(512)),
      runtime: maybe(text(512)),
      os: maybe(text(512)),
    }),
  ),
  user: maybe(object({ id: text(512) })),
  debug: maybe(
    object({
      breadcrumbs: maybe(some(object({ at, kind: text(64), message: maybe(text(2_048)) }), 100)),
      storage: maybe(some(object({ name: text(512), bytes: count }), 100)),
    }),
  ),
  resolution: maybe(object({ state: oneOf(reportResolutions), note: maybe(text(2_048)) })),
  tags: maybe(entries),
};

/** One field of a good report made anything: nearly every one of them would be refused together. */
const reports = fc
  .constantFrom(...Object.keys(fields))
  .chain((name) => fc.tuple(fc.constant(name), fields[name] ?? fc.constant(null)))
  .map(([name, value]) => aReport({ [name]: value }));

test('what the quick check takes, the schema takes and gives back unchanged', () => {
  fc.assert(fc.property(reports, expectSameAsSchema), { numRuns: 1_500 });
  fc.assert(fc.property(object(fields), expectSameAsSchema), { numRuns: 500 });
});

test('nearly every good report is a usual one, in all its parts', () => {
  const parts = fc
    .constantFrom(...Object.keys(fields))
    .chain((name) => fc.tuple(fc.constant(name), fields[name] ?? fc.constant(null)))
    .map(([name, value]) => ({ name, report: aReport({ [name]: value }) }));
  const taken = new Map<string, number>();
  let good = 0;
  for (const { name, report } of fc.sample(parts, 4_000)) {
    const { success, data } = Report.safeParse(report);
    if (!success || !isDeepStrictEqual(data, report)) continue;
    good += 1;
    if (isUsualReport(report)) taken.set(name, (taken.get(name) ?? 0) + 1);
  }

  expect([...taken.keys()].sort()).toEqual(Object.keys(fields).sort());
  expect([...taken.values()].reduce((sum, count) => sum + count, 0) / good).toBeGreaterThan(0.8);
  expect(reportsOf(1)(50).every(isUsualReport)).toBe(true);
});

test('the size of the whole is limited, whatever of it needs escaping', () => {
  const lines = (char: string, length: number) =>
    aReport({
      debug: {
        breadcrumbs: Array.from({ length }, () => ({
          at: new Date().toISOString(),
          kind: 'console',
          message: char.repeat(2_000),
        })),
      },
    });

  for (const length of [5, 10, 11, 20, 60, 64, 65, 70, 100])
    for (const char of ['x', '\n', '\u0001', 'é', '"']) expectSameAsSchema(lines(char, length));
  expect(isUsualReport(lines('x', 5))).toBe(true);
  expect(isUsualReport(lines('\u0001', 11))).toBe(false);
});
