import * as z from 'zod';
import { InvalidInputError } from '../lib/errors.ts';

/**
 * Parses a value at the door by its contract.
 *
 * @param path where the value stands in the input, for the error
 * @throws {InvalidInputError} naming the first field that does not fit
 */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [path, ...(issue?.path ?? [])].join('.');
  throw new InvalidInputError(field, `${field}: ${issue?.message ?? 'does not fit'}`);
}

/** The text without the special characters of `LIKE`: Prisma hands what is sought to Postgres as it is. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}

const Uuid = z.uuid();

/** @throws {InvalidInputError} the id is no UUID */
export function parseUuid(id: string, path: string): string {
  if (!Uuid.safeParse(id).success)
    throw new InvalidInputError(
      path,
      `Expected a UUID for ${path}, got ${JSON.stringify(id.slice(0, 60))}.`,
    );
  return id.toLowerCase();
}
