/**
 * The canonical JSON of a value: keys sorted by code unit, no white space, `undefined` left out. Two
 * clients that mean the same body send the same text, whatever the order of their keys (RFC 8785).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object' || value instanceof Date)
    return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const parts: string[] = [];
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (item !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(item)}`);
  return `{${parts.join(',')}}`;
}

/**
 * The value with the keys of every object sorted, so that `JSON.stringify` of it is canonical. What is
 * in order already is answered as it is.
 */
export function sortKeys(value: unknown): unknown {
  return isSorted(value) ? value : sorted(value);
}

function isSorted(value: unknown): boolean {
  if (value === null || typeof value !== 'object' || value instanceof Date) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let last = '';
  for (const key in value) {
    if (key < last || !isSorted((value as Record<string, unknown>)[key])) return false;
    last = key;
  }
  return true;
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const object: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    const item = sorted((value as Record<string, unknown>)[key]);
    if (key === '__proto__') Object.defineProperty(object, key, { ...plainProperty, value: item });
    else object[key] = item;
  }
  return object;
}

const plainProperty = { configurable: true, enumerable: true, writable: true } as const;
