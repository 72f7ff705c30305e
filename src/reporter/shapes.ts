import { kindOf } from './contracts.ts';

/** How often each type was seen at a place. */
export type TypeCounts = Partial<
  Record<'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null', number>
>;
/** By JSON pointer, with `*` for the items of lists. */
export type Shape = Record<string, TypeCounts>;

const maxPlaces = 500;
const maxDepth = 12;
const maxItems = 20; // the first items of a list stand for it

/** The types of a sample by place: no value is in it, and no key that looks like data (see `keyOf`). */
export function shapeOf(data: unknown): Shape {
  const shape: Shape = {};
  let places = 0;
  const add = (pointer: string, type: keyof TypeCounts): boolean => {
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
    if (!add(pointer, kindOf(value) as keyof TypeCounts) || depth >= maxDepth) return;
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

/** Digits and long words are data more often than names. */
function keyOf(key: string): string {
  return /^[A-Za-z_$][\w$-]{0,63}$/.test(key) ? key : '*';
}
