import { canonicalJson } from '../canonical.ts';

/** What came of a merge. With overlaps, `merged` holds the first side's there, and is for a person to decide. */
export type Merge = {
  merged: unknown;
  /** JSON pointers (RFC 6901) of what both sides changed, differently. */
  overlaps: string[];
};

type Fields = Record<string, unknown>;
/** A field that is not there. */
const absent = undefined;

/**
 * Merges two copies per field, from the copy that both began with: what only one side changed is taken
 * from it. Objects are merged within; lists and everything else are whole. A field that one side took
 * away and the other changed overlaps.
 *
 * @param base `null` when nothing is known of it, or there was none: then only fields of one side are taken
 */
export function mergeThreeWay(base: unknown, a: unknown, b: unknown): Merge {
  const overlaps: string[] = [];
  return { merged: mergeAt('', base, a, b, overlaps), overlaps };
}

function mergeAt(path: string, base: unknown, a: unknown, b: unknown, overlaps: string[]): unknown {
  if (isSame(a, b)) return a;
  if (isSame(base, a)) return b;
  if (isSame(base, b)) return a;
  if (!isFields(a) || !isFields(b)) {
    overlaps.push(path);
    return a;
  }
  const from = isFields(base) ? base : {};
  const merged: [string, unknown][] = [];
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const inner = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const value = mergeAt(inner, own(from, name), own(a, name), own(b, name), overlaps);
    if (value !== absent) merged.push([name, value]);
  }
  return Object.fromEntries(merged);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === absent || b === absent) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : absent;
}
