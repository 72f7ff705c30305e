/** Postgres array literals, https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO. */

/** An element of text, quoted where it must be. */
export function quote(text: string | null): string {
  if (text === null) return 'NULL';
  const safe = text.includes('\\') || text.includes('"') ? text.replaceAll(/["\\]/g, '\\$&') : text;
  return `"${safe}"`;
}

/** The array of elements that are ready. */
export function arrayLiteral(elements: string[]): string {
  return `{${elements.join(',')}}`;
}
