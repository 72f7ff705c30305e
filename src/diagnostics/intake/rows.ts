import { arrayLiteral, quote } from '../../lib/literals.ts';

/** A parameter that Postgres reads as an array: half the work of letting the driver make one. */
export function pgArray(values: readonly (string | null)[]): string {
  return arrayLiteral(values.map(quote));
}
