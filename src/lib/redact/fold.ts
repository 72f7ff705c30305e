import { isFoldable } from './prefilter.ts';

/** Text with look-alike digits and letters made ASCII and invisible characters dropped. */
export interface Folded {
  text: string;
  /** Offset in the original of each UTF-16 unit of `text`, and its length at the end. */
  offsets: Uint32Array;
}

/**
 * Full-width forms (U+FF01–FF5E), Arabic-Indic, Persian, Devanagari and mathematical digits become
 * ASCII; zero-width characters, joiners, word joiners, marks of direction and soft hyphens go.
 */
export function fold(text: string): Folded {
  const offsets = new Uint32Array(text.length + 1);
  let folded = '';
  let clean = 0; // start of the stretch not yet copied
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80 || !isFoldable(code)) {
      offsets[size++] = i;
      continue;
    }
    const plain = plainOf(text, i, code);
    if (plain === null) {
      offsets[size++] = i;
      continue;
    }
    folded += text.slice(clean, i) + plain;
    if (plain !== '') offsets[size++] = i;
    if (code === 0xd835) i++;
    clean = i + 1;
  }
  offsets[size] = text.length;
  return { text: folded + text.slice(clean), offsets: offsets.subarray(0, size + 1) };
}

/** The ASCII character for a foldable one, '' to drop it, `null` to keep it. */
function plainOf(text: string, at: number, code: number): string | null {
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  if (code >= 0x660 && code <= 0x96f) return String((code - (code >= 0x966 ? 0x966 : 0x660)) % 16);
  if (code !== 0xd835) return '';
  const low = text.charCodeAt(at + 1); // U+1D7CE to U+1D7FF, five styles of ten digits
  return low >= 0xdfce && low <= 0xdfff ? String((low - 0xdfce) % 10) : null;
}
