import * as z from 'zod';
import { limits } from './limits.ts';

/** Text that every part of the way can hold: no NUL (Postgres), no half surrogate pair (UTF-8). */
export function text(maxChars: number) {
  return z
    .string()
    .max(maxChars)
    .refine(isStorable, 'expected text without NUL and half surrogate pairs');
}

/** A title, role, name or task. */
export const shortText = text(limits.nameChars);

/** Address of a page. */
export const address = text(limits.urlChars);

/** SHA-256 of bytes. */
export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/** Free JSON with at most as many characters as an interaction. */
export const freeJson = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= limits.interactionChars, {
    message: `expected at most ${limits.interactionChars} characters of JSON`,
  })
  .refine((value) => !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(value)), {
    message: 'expected text without NUL and half surrogate pairs',
  });

/** Whether the text has no NUL and no half surrogate pair. */
export function isStorable(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}
