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
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  if (Array.isArray(value)) {
    const items = value.map(sortKeys);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const entries = Object.entries(value);
  let isSorted = true;
  for (const [index, entry] of entries.entries()) {
    const sorted = sortKeys(entry[1]);
    if (sorted !== entry[1] || (index > 0 && (entries[index - 1]?.[0] ?? '') > entry[0]))
      isSorted = false;
    entry[1] = sorted;
  }
  if (isSorted) return value;
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
