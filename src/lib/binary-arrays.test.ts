import { expect, test } from 'vitest';
import { openTestApp } from '../../test/app.ts';
import { type ArrayWriter, type ElementType, openArrayWriter } from './binary-arrays.ts';
import { newId } from './ids.ts';

const ids = [newId(), 'FFFFFFFF-0000-4000-8000-00000000000A'];
const texts = ['', 'plain', '"quoted\\", {braces}, NULL', 'Größe – 尺寸 🧥', 'x'.repeat(10_000)];

/** Type, what writes each element, and the literal that Postgres reads as the same array. */
const arrays: [ElementType, ((to: ArrayWriter) => void)[], string][] = [
  ['uuid', ids.map((id) => (to) => to.uuid(id)), `{${ids.join(',')}}`],
  ['bool', [(to) => to.bool(true), (to) => to.bool(false)], '{t,f}'],
  ['int2', [(to) => to.int2(-32_768), (to) => to.int2(32_767)], '{-32768,32767}'],
  ['int4', [(to) => to.int4(-(2 ** 31)), (to) => to.int4(2 ** 31 - 1)], '{-2147483648,2147483647}'],
  ['float4', [(to) => to.float4(7.1), (to) => to.float4(-3.4e38)], '{7.1,-3.4e38}'],
  [
    'bytea',
    [(to) => to.bytes(Buffer.of(0, 1, 255)), (to) => to.bytes(Buffer.of())],
    '{"\\\\x0001ff","\\\\x"}',
  ],
  [
    'timestamptz',
    [0, -62_135_596_800_000, 253_402_300_799_999, 1_767_323_046_462].map(
      (ms) => (to) => to.instant(new Date(ms)),
    ),
    '{1970-01-01T00:00Z,0001-01-01T00:00Z,9999-12-31T23:59:59.999Z,2026-01-02T03:04:06.462Z}',
  ],
  [
    'text',
    texts.map((text) => (to) => to.text(text)),
    `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`,
  ],
];

test('Postgres reads each array as it reads the literal, with nulls among it, and empty', async () => {
  const { sql } = await openTestApp();
  const to = openArrayWriter(8); // it has to grow, in the middle of arrays too

  for (const [type, elements, literal] of arrays) {
    to.begin(type, elements.length + 1);
    for (const write of elements) write(to);
    to.null();
    const array = to.end();
    to.begin(type, 0);
    const empty = to.end();

    const { rows } = await sql.query(
      `SELECT $1::${type}[] = $2::${type}[] || NULL::${type} AS same, cardinality($3::${type}[]) AS none`,
      [array, literal, empty],
    );
    expect([type, rows]).toEqual([type, [{ same: true, none: 0 }]]);
  }
});

test('what does not fit is refused, not stored as something else', () => {
  const to = openArrayWriter(1_024);
  to.begin('uuid', 1);
  const id = newId();

  for (const bad of ['', id.slice(1), `${id}0`, id.replace(/.$/, 'g'), id.replace(/^./, 'é')])
    expect(() => to.uuid(bad)).toThrow('Expected a UUID');
  for (const bad of [2 ** 31, Number.NaN, 1.5]) expect(() => to.int4(bad)).toThrow(RangeError);
  expect(() => to.int2(32_768)).toThrow(RangeError);
  expect(() => to.instant(new Date(Number.NaN))).toThrow(RangeError);
});
