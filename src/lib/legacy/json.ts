export type JsonObject = Record<string, unknown>;
export type Path = readonly (string | number)[];

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A path as one would write it in JavaScript: `element.attributes["data-id"]`, `children[0]`. */
export function writePath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!/^[A-Za-z_]\w*$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** What a value is, in the words of an error message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isJsonObject(value)) {
    const keys = Object.keys(value);
    const named = keys.slice(0, 5).join(', ') + (keys.length > 5 ? ', …' : '');
    return keys.length === 0 ? 'an empty object' : `an object with ${named}`;
  }
  return `a ${typeof value}`;
}

/** Paths and values of everything that has no parts, empty arrays and objects included. */
export function* leavesOf(value: unknown, path: Path = []): Generator<[Path, unknown]> {
  const parts: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  if (parts.length === 0) yield [path, value];
  for (const [step, part] of parts) yield* leavesOf(part, [...path, step]);
}
