/** Headers that are told; of all others only that they are there. */
const told = /^(accept|content-|retry-|x-r(eq|at))/i;
const secretName = /pass(word|wd)|secret|token|api[-_]?key|auth|cookie|session|credential/i;

/** Text without tokens, e-mail addresses, card numbers and what follows `?` or `#` in addresses. */
export function scrub(text: string): string {
  return text
    .replace(/(:\/\/[^\s"'<>?#]+)[?#][^\s"'<>)]*/g, '$1')
    .replace(/(:\/\/)[^\s/@]+@/g, '$1')
    .replace(/\b(Bearer|Basic) +\S+/gi, '$1 [TOKEN]')
    .replace(/\b(eyJ[\w-]+\.[\w.-]+|(cs|sk|pk|rk|gh\w|xox\w|whsec)[-_]\w[\w-]{15,})/g, '[TOKEN]')
    .replace(
      /((pass(word|wd)|secret|token|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"',;&)}]+/gi,
      '$1[SECRET]',
    )
    .replace(/[\w.+%-]+@[\w-]+(?:\.[\w-]+)+/g, '[EMAIL]')
    .replace(/\b\d(?:[ -]?\d){12,18}\b/g, (digits) => (isCard(digits) ? '[CARD]' : digits));
}

/** Text as the wire takes it: scrubbed, cut, without NUL and half surrogate pairs. */
export function clean(value: unknown, most: number): string {
  const cut = scrub(String(value).slice(0, most * 2)).slice(0, most);
  // Cutting may halve a pair, so this comes last.
  return cut.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]|\0/g, (found) =>
    found.length === 2 ? found : '\ufffd',
  );
}

/** The same thing with every text in it scrubbed, and what stands under a secret's name taken out. */
export function cleanDeep<T>(value: T, isHeaders = false): T {
  if (typeof value === 'string') return clean(value, 2048) as T;
  if (Array.isArray(value)) return value.map((item) => cleanDeep(item)) as T;
  if (!(value instanceof Object)) return value;
  const made: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value).slice(0, 64)) {
    const isSecret = isHeaders ? !told.test(name) : secretName.test(name);
    const isHidden = isSecret && typeof item === 'string';
    made[clean(name, 128)] = isHidden ? '[SECRET]' : cleanDeep(item, name === 'headers');
  }
  return made as T;
}

/** Luhn's check. */
function isCard(text: string): boolean {
  const digits = [...text.replace(/\D/g, '')].reverse().map(Number);
  const parts = digits.map((digit, index) => (index % 2 ? (digit * 2) % 9 || digit : digit));
  return parts.reduce((sum, part) => sum + part) % 10 === 0;
}
