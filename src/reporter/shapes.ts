import { kindOf, type Schema } from './contracts.ts';

/** How often each type was seen at a place. */
export type TypeCounts = Partial<
  Record<'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null', number>
>;
/** By JSON pointer, with `*` for the items of lists and `:Type` after a place where GraphQL names the type. */
export type Shape = Record<string, TypeCounts>;

const maxPlaces = 500;
const maxDepth = 12;
const maxItems = 20; // the first items of a list stand for it

/**
 * The types of a sample by place: no value is in it, and no key that looks like data (see `keyOf`).
 *
 * @param names all that keys may be called; any other is data. Default: nobody knows
 */
export function shapeOf(data: unknown, names?: ReadonlySet<string>): Shape {
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
    else if (value !== null && typeof value === 'object') {
      const place = variantOf(value, pointer);
      if (place !== pointer && !add(place, 'object')) return;
      for (const [key, item] of Object.entries(value))
        if (item !== undefined) walk(item, `${place}/${keyOf(key, names)}`, depth + 1);
    }
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

/** Of several types that may stand at a place each has fields of its own: a refusal is no answer that lost some. */
function variantOf(value: object, pointer: string): string {
  const type = (value as { __typename?: unknown }).__typename;
  return typeof type === 'string' && /^[A-Za-z_]\w{0,63}$/.test(type)
    ? `${pointer}:${type}`
    : pointer;
}

/** Digits and long words are data more often than names. */
function keyOf(key: string, names?: ReadonlySet<string>): string {
  return /^[A-Za-z_$][\w$-]{0,63}$/.test(key) && names?.has(key) !== false ? key : '*';
}

/** Every name of a property in a schema, wherever it stands; `undefined` when it names none. */
export function namesIn(schema: Schema): Set<string> | undefined {
  const names = new Set<string>();
  const look = ({ properties = {}, items }: Schema): void => {
    for (const [name, property] of Object.entries(properties)) {
      names.add(name);
      look(property);
    }
    if (items) look(items);
  };
  look(schema);
  return names.size > 0 ? names : undefined;
}
