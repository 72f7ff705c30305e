import { isJsonObject, type JsonObject, type Path, writePath } from './json.ts';
import { headOf } from './text.ts';

/** One cut: where, and how much JSON went, in UTF-16 code units. */
export type Cut = { path: string; chars: number };

/** Longer than any mark below; something smaller is not worth replacing. */
const MARK_CHARS = 120;

/**
 * Makes the JSON of `whole` at most `maxChars` long by cutting where it is largest, and says where.
 *
 * Cuts go as deep as one place suffices. A text loses its end, an array its last items, an object its
 * largest fields; a mark in their place tells how much went. Pure; `fits` tells whether it worked.
 */
export function shorten(
  whole: JsonObject,
  maxChars: number,
): { value: JsonObject; cuts: Cut[]; fits: boolean } {
  let value = whole;
  let chars = JSON.stringify(value).length;
  const cuts: Cut[] = [];
  while (chars > maxChars) {
    const sizes = new Map<object, number>();
    sizeOf(value, sizes);
    const [shorter, path] = cut(value, chars - maxChars, sizes, []);
    const left = JSON.stringify(shorter).length;
    if (!isJsonObject(shorter) || left >= chars) return { value, cuts, fits: false };
    cuts.push({ path: writePath(path), chars: chars - left });
    value = shorter;
    chars = left;
  }
  return { value, cuts, fits: true };
}

function cut(
  value: unknown,
  excess: number,
  sizes: Map<object, number>,
  path: Path,
): [unknown, Path] {
  if (typeof value === 'string') {
    const mark = `… [${value.length} characters before import]`;
    // Escapes take up to six characters, so what is kept is counted as written.
    let keep = Math.max(0, value.length - excess - mark.length);
    const room = sizeOf(value, sizes) - excess;
    while (keep > 0 && JSON.stringify(value.slice(0, keep)).length + mark.length > room) {
      keep = Math.floor(keep * 0.8);
    }
    return [`${headOf(value, keep)}${mark}`, path];
  }
  if (typeof value !== 'object' || value === null) return [value, path];

  const parts: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  const largest = parts.reduce<[string | number, unknown] | null>(
    (best, part) => (best && sizeOf(best[1], sizes) >= sizeOf(part[1], sizes) ? best : part),
    null,
  );
  // A quarter keeps the number of rounds small; less is a heap of small things, cut as a heap.
  if (largest && sizeOf(largest[1], sizes) > Math.max(excess / 4, 2 * MARK_CHARS)) {
    const [step, part] = largest;
    const [shorter, at] = cut(part, excess, sizes, [...path, step]);
    return [withPart(value, step, shorter), at];
  }
  return [
    Array.isArray(value) ? firstOf(value, excess, sizes) : smallestOf(value, excess, sizes),
    path,
  ];
}

function withPart(whole: object, step: string | number, part: unknown): unknown {
  if (Array.isArray(whole)) return whole.with(Number(step), part);
  return Object.fromEntries(Object.entries(whole).map(([k, v]) => [k, k === step ? part : v]));
}

/** The first items, and a mark. */
function firstOf(items: unknown[], excess: number, sizes: Map<object, number>): unknown {
  let saved = -MARK_CHARS;
  let count = items.length;
  while (count > 0 && saved < excess) saved += sizeOf(items[--count], sizes) + 1;
  const mark = `[${items.length - count} of ${items.length} items left out at import]`;
  return count === 0 ? mark : [...items.slice(0, count), mark];
}

/** The smallest fields, in their old order, and a mark. */
function smallestOf(whole: object, excess: number, sizes: Map<object, number>): unknown {
  const fields = Object.entries(whole);
  const bySize = fields.toSorted(([, a], [, b]) => sizeOf(b, sizes) - sizeOf(a, sizes));
  const gone = new Set<string>();
  let saved = -MARK_CHARS;
  for (const [key, part] of bySize) {
    if (saved >= excess) break;
    saved += sizeOf(key, sizes) + sizeOf(part, sizes) + 2;
    gone.add(key);
  }
  const mark = `[${gone.size} of ${fields.length} fields left out at import]`;
  if (gone.size === fields.length) return mark;
  return Object.fromEntries([...fields.filter(([key]) => !gone.has(key)), ['…', mark]]);
}

/** Length of the JSON in UTF-16 code units. Remembers objects, so that a walk down stays linear. */
function sizeOf(value: unknown, sizes: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value).length;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  const parts = Array.isArray(value)
    ? value.map((item) => sizeOf(item, sizes))
    : Object.entries(value).map(([key, part]) => sizeOf(key, sizes) + 1 + sizeOf(part, sizes));
  // Two brackets, and a comma between each two.
  const size = parts.reduce((sum, part) => sum + part, 2 + Math.max(0, parts.length - 1));
  sizes.set(value, size);
  return size;
}
