import { type JsonType, jsonTypeOf } from './json-schema.ts';

/** How often each type was seen at a place. */
export type TypeCounts = Partial<Record<JsonType, number>>;
/** By JSON pointer, with `*` for the items of lists. */
export type Shape = Record<string, TypeCounts>;

/** How a place is not what it was. */
export type Drift = {
  pointer: string;
  kind: 'FIELD_GONE' | 'TYPE_WIDENED' | 'NULLS_APPEARED';
  /** The type that is new, or `absent`. */
  type: JsonType | 'absent';
  /** Samples that show it. */
  seen: number;
};

const maxPlaces = 500;
const maxDepth = 12;
const maxItems = 20; // the first items of a list stand for it
/** shared DIAGNOSTICS: after 3 of at least 20 samples. */
const minSamples = 20;
const minSeen = 3;

/** The types of a sample by place: no value is in it, and no key that looks like data (see `keyOf`). */
export function shapeOf(data: unknown): Shape {
  const shape: Shape = {};
  let places = 0;
  const add = (pointer: string, type: JsonType): boolean => {
    if (!(pointer in shape)) {
      if (places >= maxPlaces) return false;
      places += 1;
    }
    const counts = shape[pointer] ?? {};
    counts[type] = (counts[type] ?? 0) + 1;
    shape[pointer] = counts;
    return true;
  };
  const walk = (value: unknown, pointer: string, depth: number): void => {
    if (!add(pointer, jsonTypeOf(value)) || depth >= maxDepth) return;
    if (Array.isArray(value))
      for (const item of value.slice(0, maxItems)) walk(item, `${pointer}/*`, depth + 1);
    else if (value !== null && typeof value === 'object')
      for (const [key, item] of Object.entries(value))
        if (item !== undefined) walk(item, `${pointer}/${keyOf(key)}`, depth + 1);
  };
  walk(data, '', 0);
  return shape;
}

/** Adds up counts; of more than 500 places the later ones are left out. */
export function addShapes(a: Shape, b: Shape): Shape {
  const sum: Shape = { ...a };
  let places = Object.keys(sum).length;
  for (const [pointer, counts] of Object.entries(b)) {
    const before = sum[pointer];
    if (!before && places >= maxPlaces) continue;
    if (!before) places += 1;
    const added: TypeCounts = { ...before };
    for (const [type, count] of Object.entries(counts) as [keyof TypeCounts, number][])
      added[type] = (added[type] ?? 0) + count;
    sum[pointer] = added;
  }
  return sum;
}

/**
 * What differs between what was (`baseline`) and what has come since (`recent`), each with its number of
 * samples. Silent until there are 20 of the former; a difference must show in 3 of the latter.
 */
export function driftBetween(
  baseline: { shape: Shape; samples: number },
  recent: { shape: Shape; samples: number },
): Drift[] {
  if (baseline.samples < minSamples || recent.samples < minSeen) return [];
  const drifts: Drift[] = [];
  for (const [pointer, before] of Object.entries(baseline.shape)) {
    const now = recent.shape[pointer] ?? {};
    const parent = parentOf(pointer);
    const due = objectsAt(recent.shape, parent);
    const isAlways = objectsAt(baseline.shape, parent) === total(before);
    const gone = due - total(now);
    if (parent !== null && !isItem(pointer) && isAlways && gone >= minSeen)
      drifts.push({ pointer, kind: 'FIELD_GONE', type: 'absent', seen: gone });
    for (const [type, seen] of Object.entries(now) as [JsonType, number][]) {
      if (seen < minSeen || before[type]) continue;
      if (type === 'integer' && before.number) continue; // every number may be whole
      drifts.push({
        pointer,
        kind: type === 'null' ? 'NULLS_APPEARED' : 'TYPE_WIDENED',
        type,
        seen,
      });
    }
  }
  return drifts;
}

/** Digits and long words are data more often than names. */
function keyOf(key: string): string {
  return /^[A-Za-z_$][\w$-]{0,63}$/.test(key) ? key : '*';
}

function parentOf(pointer: string): string | null {
  return pointer === '' ? null : pointer.slice(0, pointer.lastIndexOf('/'));
}

function isItem(pointer: string): boolean {
  return pointer.endsWith('/*');
}

function objectsAt(shape: Shape, pointer: string | null): number {
  return pointer === null ? 0 : (shape[pointer]?.object ?? 0);
}

function total(counts: TypeCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
