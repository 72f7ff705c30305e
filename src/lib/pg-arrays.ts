import { type ArrayWriter, type ElementType, openArrayWriter } from './binary-arrays.ts';

const elementBytes = 64; // a first guess; the writer's memory grows

/** A `text[]`. */
export const textArray = (values: readonly (string | null)[]): Buffer =>
  arrayOf('text', values, (to, value) => to.text(value));

/** A `bytea[]`. */
export const bytesArray = (values: readonly (Buffer | null)[]): Buffer =>
  arrayOf('bytea', values, (to, value) => to.bytes(value));

/** A `uuid[]`. @throws {RangeError} one is none */
export const uuidArray = (values: readonly (string | null)[]): Buffer =>
  arrayOf('uuid', values, (to, value) => to.uuid(value));

/** A `timestamptz[]`, to the millisecond. */
export const instantArray = (values: readonly (Date | null)[]): Buffer =>
  arrayOf('timestamptz', values, (to, value) => to.instant(value));

/** An `int4[]`. @throws {RangeError} one does not fit */
export const int4Array = (values: readonly (number | null)[]): Buffer =>
  arrayOf('int4', values, (to, value) => to.int4(value));

function arrayOf<T>(
  type: ElementType,
  values: readonly (T | null)[],
  write: (to: ArrayWriter, value: T) => void,
): Buffer {
  const to = openArrayWriter(elementBytes * (values.length + 1));
  to.begin(type, values.length);
  for (const value of values)
    if (value === null) to.null();
    else write(to, value);
  return to.end();
}
