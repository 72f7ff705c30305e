import type * as z from 'zod';
import { isJsonObject, type JsonObject, type Path } from './json.ts';
import { shortText } from './text.ts';

/**
 * A legacy object from which everything is taken that found a place in the contract. What remains has
 * none and is kept as it is, at its old path: a field is never both forgotten and gone.
 */
export type Remains = {
  /** The value at the path, taken or not; `undefined` when there is none or it was taken. */
  peek(path: Path): unknown;
  /** Removes the value, and objects above it that it leaves empty. */
  drop(path: Path): void;
  /** As `drop`, where the value at the path is this very one. */
  dropEqual(paths: Path[], value: string | number | boolean): void;
  /**
   * The first value that the schema accepts as it is, `null` when there is none. It is removed from
   * all of the paths that hold the very same value; another value stays.
   */
  take<T extends string | number | boolean>(paths: Path[], schema: z.ZodType<T>): T | null;
  /**
   * As `take` for a string. One over `maxChars` is shortened with a mark, and the whole one stays.
   */
  takeText(paths: Path[], maxChars: number): string | null;
  /** What nobody took. The object is the caller's own from then on. */
  rest(): JsonObject;
};

/** Consumes `whole`, which must be the caller's own copy. */
export function remainsOf(whole: JsonObject): Remains {
  const peek = (path: Path): unknown => {
    let value: unknown = whole;
    for (const step of path) {
      if (!isJsonObject(value) || !Object.hasOwn(value, step)) return undefined;
      value = value[step];
    }
    return value;
  };

  const drop = (path: Path): void => {
    const above = peek(path.slice(0, -1));
    const last = path.at(-1);
    if (!isJsonObject(above) || last === undefined || !Object.hasOwn(above, last)) return;
    delete above[last];
    if (path.length > 1 && Object.keys(above).length === 0) drop(path.slice(0, -1));
  };

  const dropEqual = (paths: Path[], value: unknown): void => {
    for (const path of paths) if (peek(path) === value) drop(path);
  };

  return {
    peek,
    drop,
    dropEqual,
    take(paths, schema) {
      for (const path of paths) {
        const value = peek(path);
        if (value === undefined) continue;
        const parsed = schema.safeParse(value);
        if (!parsed.success) continue;
        dropEqual(paths, parsed.data);
        return parsed.data;
      }
      return null;
    },
    takeText(paths, maxChars) {
      const text = paths.map(peek).find((value) => typeof value === 'string');
      if (text === undefined) return null;
      if (text.length <= maxChars) dropEqual(paths, text);
      return shortText(text, maxChars);
    },
    rest: () => whole,
  };
}
