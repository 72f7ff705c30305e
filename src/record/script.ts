import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import * as z from 'zod';

/** What a record script exports. It names `open` when it starts its own site, else `url`. */
export interface RecordScript {
  /** In words, as a person would be asked. */
  task: string;
  url?: string;
  open?(): Promise<{ url: string; close(): Promise<void> }>;
  /** Does the task with Playwright, from `page.goto(url)` on. */
  run(page: Page, url: string): Promise<void>;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const RecordModule = z
  .object({
    task: z.string('expected `export const task = "…"`').min(1),
    url: z.url('expected `export const url = "https://…"`').optional(),
    open: z.custom(isFunction, 'expected `open` to be a function').optional(),
    run: z.custom(isFunction, 'expected `export async function run(page, url)`'),
  })
  .refine(
    ({ url, open }) => url || open,
    'expected `export const url` or `export function open()`',
  );

/** @throws {Error} there is no such file, or an export is missing; the message says which */
export async function loadScript(path: string): Promise<RecordScript> {
  const file = resolve(path);
  let exports: unknown;
  try {
    exports = await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new Error(`could not load the record script ${file}: ${cause}`, { cause });
  }
  const parsed = RecordModule.safeParse({ ...Object(exports) });
  if (!parsed.success) {
    const reasons = parsed.error.issues.map(({ message }) => message).join('; ');
    throw new Error(`${file} is not a record script: ${reasons}`);
  }
  return exports as RecordScript;
}
