import { isJsonObject, type JsonObject, type Path, writePath } from './json.ts';

/** What JSON can say and the wire cannot; the recorder itself reaches about 15 levels. */
const MAX_DEPTH = 64;

/**
 * A copy that can travel: the server refuses NUL and lone surrogates, and deep nesting breaks whoever
 * walks through it. Such characters are written out (`\u0000`), and what lies too deep becomes its JSON
 * text, so that nothing is lost. `note` hears of every change.
 */
export function repair(
  value: unknown,
  note: (path: string, message: string) => void,
  path: Path = [],
): unknown {
  if (typeof value === 'string') {
    const text = repairText(value);
    if (text !== value) note(writePath(path), 'NUL or half a character was written out as \\u….');
    return text;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    note(writePath(path), 'A number too large for a double was written as text.');
    return String(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (path.length >= MAX_DEPTH && Object.keys(value).length > 0) {
    note(writePath(path), `Nested deeper than ${MAX_DEPTH} levels; kept as JSON text.`);
    return repairText(jsonOf(value));
  }
  if (Array.isArray(value)) return value.map((item, index) => repair(item, note, [...path, index]));
  return isJsonObject(value) ? repairFields(value, note, path) : value;
}

/** As `repair`, for what is known to be an object. */
export function repairFields(
  fields: JsonObject,
  note: (path: string, message: string) => void,
  path: Path = [],
): JsonObject {
  const used = new Set<string>();
  const entries = Object.entries(fields).map(([key, part]) => {
    let name = repairText(key);
    if (name !== key) note(writePath([...path, name]), 'A key was written out as \\u….');
    while (used.has(name)) name += '_';
    used.add(name);
    return [name, repair(part, note, [...path, name])];
  });
  return Object.fromEntries(entries); // unlike assignment, safe for a key called __proto__
}

function repairText(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text
    .replaceAll('\0', '\\u0000')
    .replace(/\p{Surrogate}/gu, (half) => `\\u${half.charCodeAt(0).toString(16)}`);
}

/** `JSON.parse` reads any depth, `JSON.stringify` gives up after some thousand levels. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return '[left out at import: nested too deeply]';
    throw error;
  }
}
