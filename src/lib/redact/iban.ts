import type { Find } from './kinds.ts';

/** Country and total length, from the SWIFT IBAN Registry (ISO 13616), release 99. */
const LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 ' +
    'DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 ' +
    'IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 ' +
    'MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 ' +
    'SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const START = /(?<![A-Za-z0-9])[A-Z]{2}[ -]?\d{2}(?=[ \u00a0-]?[A-Z0-9])/gi;

/** Account numbers of the right country length whose check digits agree (ISO 7064, mod 97-10). */
export function findIbans(text: string, finds: Find[]): void {
  START.lastIndex = 0;
  for (let match = START.exec(text); match; match = START.exec(text)) {
    const end = ibanEnd(text, match.index, LENGTHS.get(match[0].slice(0, 2).toUpperCase()) ?? 0);
    if (end === -1) continue;
    finds.push({ kind: 'IBAN', start: match.index, end });
    START.lastIndex = end;
  }
}

function ibanEnd(text: string, start: number, length: number): number {
  let compact = '';
  let at = start;
  while (compact.length < length) {
    const character = text[at++] ?? '';
    if (/^[A-Za-z0-9]$/.test(character)) compact += character.toUpperCase();
    else if (!/^[ \u00a0-]$/.test(character) || /^[ \u00a0-]$/.test(text[at] ?? '')) return -1;
  }
  if (length === 0 || /^[A-Za-z0-9]$/.test(text[at] ?? '')) return -1;
  return remainderOf(compact.slice(4) + compact.slice(0, 4)) === 1 ? at : -1;
}

/** Modulo 97 with A = 10 … Z = 35. */
function remainderOf(characters: string): number {
  let remainder = 0;
  for (const character of characters) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}
