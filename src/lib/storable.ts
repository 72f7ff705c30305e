import { InvalidInputError } from './errors.ts';

/** Levels of nesting in free JSON: as deep as the redactor looks, far from what a stack holds. */
export const maxJsonLevels = 256;

const firstInstant = Date.parse('0001-01-01T00:00:00Z'); // before it Postgres wants `BC`
const lastInstant = Date.parse('9999-12-31T23:59:59.999Z'); // after it ISO 8601 has six digits of year

/** Path of the first text that Postgres would refuse (NUL, half of a surrogate pair), or `null`. */
export function findUnstorable(value: unknown, path: string): string | null {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0') ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, item] of Object.entries(value)) {
    const here = path ? `${path}.${key}` : key;
    const found = findUnstorable(key, here) ?? findUnstorable(item, here);
    if (found) return found;
  }
  return null;
}

/** Whether JSON has more levels than `levels`. Looks no deeper than that. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const key in value)
    if (isDeeperThan((value as Record<string, unknown>)[key], levels - 1)) return true;
  return false;
}

/** Whether the instant has a year from 1 to 9999. */
export function isStorableInstant(instant: Date): boolean {
  return instant.getTime() >= firstInstant && instant.getTime() <= lastInstant;
}

/** The nearest number of the column type `real`; `null` where there is none. Postgres itself would fail. */
export function toReal(number: number): number | null {
  const real = Math.fround(number);
  return Number.isFinite(real) ? real : null;
}

/**
 * @param path where the value stands in the input
 * @throws {InvalidInputError} naming the first text or nesting that cannot be stored
 */
export function refuseUnstorable(value: unknown, path: string): void {
  if (isDeeperThan(value, maxJsonLevels))
    throw new InvalidInputError(
      path,
      `Expected at most ${maxJsonLevels} levels of JSON for ${path}, got more.`,
    );
  const field = findUnstorable(value, path);
  if (field)
    throw new InvalidInputError(
      field,
      `Expected text without NUL and half surrogate pairs for ${field}.`,
    );
}

/**
 * @param path where the instant stands in the input
 * @throws {InvalidInputError}
 */
export function refuseUnstorableInstant(instant: Date, path: string): void {
  if (!isStorableInstant(instant))
    throw new InvalidInputError(path, `Expected an instant of the years 1 to 9999 for ${path}.`);
}
