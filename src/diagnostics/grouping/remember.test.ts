import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aReport } from '../../../test/reports.ts';
import { Report } from '../../contract/report.ts';
import { groupReport } from './group.ts';
import { groupOnce } from './remember.ts';
import { parseRules } from './rules.ts';

const ruleSets = [
  [],
  parseRules('file:*vendor* -> not-in-app\nfunction:send -> wrapper'),
  parseRules(
    'message:*17* -> fingerprint seventeen\ntype:TypeError service:api -> fingerprint {{ message }}',
  ),
];

// Few of everything, so that most reports have one before them that is nearly the same.
const message = fc.constantFrom(
  undefined,
  null,
  '',
  ' ',
  'Order 17 failed',
  'Order 18 failed',
  'Order x failed',
  'a\nb',
);
const frame = fc.record(
  {
    file: fc.constantFrom(null, '', '/srv/a.ts', '/srv/vendor/b.js', 'native', 'eval at x'),
    function: fc.constantFrom(null, '', 'load', 'send', 'async Object.load'),
    line: fc.nat(3),
    isInApp: fc.constantFrom(null, true, false),
  },
  { requiredKeys: [] },
);
const reports = fc
  .record(
    {
      message,
      exceptions: fc.array(
        fc.record(
          {
            type: fc.constantFrom(null, '', ' ', 'TypeError', 'e'),
            message,
            frames: fc.array(frame, { maxLength: 2 }),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 2 },
      ),
      fingerprint: fc.constantFrom(
        null,
        [],
        [' '],
        ['{{ default }}'],
        ['{{ message }}', 'x'],
        ['x'],
      ),
      source: fc.constantFrom(null, { service: 'api' }, { service: 'web' }),
      request: fc.constantFrom(null, { operationName: 'save' }),
      response: fc.constantFrom(
        null,
        { code: 'X' },
        { path: ['a', 1] },
        { path: ['a', 2] },
        { path: ['a.*'] },
      ),
      database: fc.constantFrom(null, { code: '23505' }),
      contract: fc.constantFrom(
        null,
        { hash: 'h' },
        { operation: 'h' },
        { hash: 'h', pointer: '/1/a' },
        { hash: 'h', pointer: '/2/a' },
      ),
      sync: fc.constantFrom(null, { type: 'conflict' }, { entityType: 'conflict' }),
    },
    { requiredKeys: [] },
  )
  .map((given) => Report.parse(aReport({ exceptions: [], ...given })));

test('what is remembered is what would be found', () => {
  fc.assert(
    fc.property(
      reports,
      fc.constantFrom(...ruleSets),
      fc.constantFrom('OTHER', 'DATABASE_ERROR'),
      (report, rules, category) => {
        expect(groupOnce(report, category, rules)).toEqual(groupReport(report, category, rules));
      },
    ),
    { numRuns: 1_500 },
  );
});

test('reports that differ in their values alone are looked at once, and keep their own titles', () => {
  const report = (order: number) =>
    Report.parse(
      aReport({ exceptions: [{ type: 'OrderError', message: `Order ${order} failed` }] }),
    );

  const [first, second] = [groupOnce(report(1), 'OTHER'), groupOnce(report(2), 'OTHER')];

  expect(second.explanation).toBe(first.explanation);
  expect([first.title, second.title]).toEqual([
    'OrderError: Order 1 failed',
    'OrderError: Order 2 failed',
  ]);
});
