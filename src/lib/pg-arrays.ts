/**
 * Arrays in the binary form that Postgres receives parameters in: no quotes to set here and none to take
 * away there. The layout is that of `array_recv` in `src/backend/utils/adt/arrayfuncs.c`: dimensions,
 * whether any is null, type, length, first index, then each element with its length in front.
 */

const headerBytes = 20;
/** https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat */
const types = { bytea: 17, bigint: 20, text: 25, json: 114, instant: 1184, uuid: 2950 };
/** 2000-01-01 in milliseconds since 1970: where Postgres counts instants from. */
const epochMs = 946_684_800_000;

/** A `text[]`. */
export function textArray(values: readonly (string | null)[]): Buffer {
  return stringsOf(types.text, values);
}

/** A `json[]` of JSON texts. */
export function jsonArray(values: readonly (string | null)[]): Buffer {
  return stringsOf(types.json, values);
}

/** A `bytea[]`. */
export function bytesArray(values: readonly (Buffer | null)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), headerBytes);
  const array = begin(types.bytea, bytes, values);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(value ? value.length : -1, at);
    if (value) at += value.copy(array, at);
  }
  return array;
}

/** A `uuid[]`; with or without dashes. */
export function uuidArray(values: readonly string[]): Buffer {
  const array = begin(types.uuid, headerBytes + values.length * 20, values);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(16, at);
    at += array.write(value.replaceAll('-', ''), at, 'hex');
  }
  return array;
}

/** A `timestamptz[]`, to the millisecond. */
export function instantArray(values: readonly Date[]): Buffer {
  const array = begin(types.instant, headerBytes + values.length * 12, values);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(8, at);
    at = array.writeBigInt64BE(BigInt(value.getTime() - epochMs) * 1_000n, at);
  }
  return array;
}

/** A `bigint[]` of whole numbers. */
export function bigintArray(values: readonly number[]): Buffer {
  const array = begin(types.bigint, headerBytes + values.length * 12, values);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(8, at);
    at = array.writeBigInt64BE(BigInt(value), at);
  }
  return array;
}

function stringsOf(type: number, values: readonly (string | null)[]): Buffer {
  const most = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0) * 3, headerBytes);
  const array = begin(type, most, values);
  let at = headerBytes;
  for (const value of values) {
    const bytes = value === null ? -1 : array.write(value, at + 4);
    array.writeInt32BE(bytes, at);
    at += 4 + Math.max(0, bytes);
  }
  return array.subarray(0, at);
}

function begin(type: number, bytes: number, values: readonly unknown[]): Buffer {
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  array.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  return values.length === 0 ? array.subarray(0, 12) : array;
}
