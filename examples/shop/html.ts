/** Markup that is safe to send as it is. Everything else is escaped when it meets `html`. */
export interface Html {
  readonly markup: string;
}

export type Part = Html | string | number | false | null | undefined | readonly Part[];

/** Template tag: strings and numbers are escaped, `Html` is kept, empty values vanish. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const markup = strings.reduce((text, string, index) => {
    return text + string + (index < parts.length ? render(parts[index]) : '');
  }, '');
  return { markup };
}

/** Keeps text as markup. Only for text written in this folder, never for a visitor's. */
export function raw(markup: string): Html {
  return { markup };
}

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Cents as dollars; whole dollars lose their zeros: `$118`, `$9.74`. */
export function price(cents: number): string {
  return `$${cents % 100 === 0 ? cents / 100 : (cents / 100).toFixed(2)}`;
}

function render(part: Part): string {
  if (part === false || part === null || part === undefined) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if ('markup' in part) return part.markup;
  return part.map(render).join('');
}
