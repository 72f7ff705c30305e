/** The first `chars` UTF-16 code units, one less where that would leave half a character. */
export function headOf(text: string, chars: number): string {
  const head = text.slice(0, Math.max(0, chars));
  return head.isWellFormed() ? head : head.slice(0, -1);
}

/** At most `maxChars` UTF-16 code units, ending in `…` when it was longer. */
export function shortText(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${headOf(text, maxChars - 1)}…`;
}
