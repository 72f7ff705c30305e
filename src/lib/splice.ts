/** A stretch of the text before, as `[start, length]` in UTF-16 code units, or new text. */
export type Part = string | [start: number, length: number];

/** The new text. @throws {RangeError} a part reaches beyond the text before */
export function splice(before: string, parts: readonly Part[]): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const [start, length] = part;
      if (start < 0 || length < 0 || start + length > before.length) {
        throw new RangeError(
          `expected parts within ${before.length} code units, got ${start} + ${length}`,
        );
      }
      return before.slice(start, start + length);
    })
    .join('');
}
