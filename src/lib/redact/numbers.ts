import type { Find } from './kinds.ts';

interface Group {
  digits: string;
  start: number;
  end: number;
  /** What stands between the group before and this one; '' for the first. */
  gap: string;
}

const RUN = /\d(?:[ .\-/()\u00a0\u202f\u2009\u2010-\u2015]{0,3}\d){6,}/g;
const GROUP = /\d+/g;

/**
 * Lengths by leading digits, from the payment networks' published ranges (ISO/IEC 7812). Visa's
 * 13 digits are left out unless grouped: they are also European article numbers (GS1 400–499).
 */
const CARD_RANGES: [RegExp, number[]][] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65|622)/, [16, 17, 18, 19]],
  [/^(?:30[0-5]|3095|3[689])/, [14, 16]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^(?:62|81|60|82|508|220[0-4])/, [16, 17, 18, 19]],
  [/^(?:50|5[678]|6[37])/, [16, 17, 18, 19]],
];

/** ITU-T E.164 country codes in use. */
const COUNTRY_CODE =
  /^(?:1|7|2(?:0|7|[1-689]\d)|3(?:[0123469]|[578]\d)|4(?:[013-9]|2\d)|5(?:[1-8]|[09]\d)|6(?:[0-6]|[789]\d)|8(?:[1246]|[058]\d|7\d)|9(?:[0-58]|[679]\d))/;

const PHONE_WORD =
  /(?:phone|tel|mobile|cell|fax|call|whatsapp|sms|hotline|dial|telefono|t\u00e9l\u00e9fono|t\u00e9l|telefon|handy|m\u00f3vil|rufnummer|\u7535\u8bdd|\u96fb\u8a71)(?:(?:[\s.:=#"'()\\-]{1,3}|%20)(?:number|no|nr|us|me|is|at|on)){0,3}[\s.:=#"'()\\+-]{0,4}$/i;

const SSN_WORD =
  /(?:\bssn|social security(?: (?:number|no\.?|#))?|\bsocial)(?:[\s:=#"'.-]|is){0,6}$/i;

/** Cards, social security numbers and telephone numbers. Dates inside a run are stepped over. */
export function findNumbers(text: string, finds: Find[]): void {
  RUN.lastIndex = 0;
  for (let match = RUN.exec(text); match; match = RUN.exec(text)) {
    const groups = groupsOf(match[0], match.index);
    let at = 0;
    while (at < groups.length) {
      const date = dateLength(groups, at);
      if (date > 0) {
        at += date;
        continue;
      }
      at = findAt(text, groups, at, finds);
    }
  }
}

/** A card number: known prefix and length, and the Luhn check digit (ISO/IEC 7812-1, annex B). */
export function isCardNumber(digits: string): boolean {
  for (const [prefix, lengths] of CARD_RANGES) {
    if (prefix.test(digits)) return lengths.includes(digits.length) && passesLuhn(digits);
  }
  return false;
}

/**
 * Never issued: area 000, 666, 900–999, group 00, serial 0000 (SSA, "Social Security Number
 * Randomization", https://www.ssa.gov/employer/randomization.html).
 */
export function isSocialSecurityNumber(digits: string): boolean {
  return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits);
}

/** The index of the next group to look at. */
function findAt(text: string, groups: Group[], at: number, finds: Find[]): number {
  const card = cardEnd(text, groups, at);
  if (card > at) return keep('CARD', groups, card, groups[at]?.start ?? 0, finds);
  const ssn = ssnEnd(text, groups, at);
  if (ssn > at) return keep('SSN', groups, ssn, groups[at]?.start ?? 0, finds);
  const phone = phoneEnd(text, groups, at);
  if (phone.end > at) return keep('PHONE', groups, phone.end, phone.start, finds);
  return at + 1;
}

function keep(
  kind: 'CARD' | 'SSN' | 'PHONE',
  groups: Group[],
  end: number,
  start: number,
  finds: Find[],
): number {
  finds.push({ kind, start, end: groups[end - 1]?.end ?? start });
  return end;
}

function groupsOf(run: string, offset: number): Group[] {
  const groups: Group[] = [];
  let last = 0;
  GROUP.lastIndex = 0;
  for (let match = GROUP.exec(run); match; match = GROUP.exec(run)) {
    const start = match.index;
    const end = start + match[0].length;
    groups.push({
      digits: match[0],
      start: offset + start,
      end: offset + end,
      gap: groups.length === 0 ? '' : run.slice(last, start),
    });
    last = end;
  }
  return groups;
}

/** 3 when a date of `-`, `.` or `/` starts here, else 0. */
function dateLength(groups: Group[], at: number): number {
  const [a, b, c] = [groups[at], groups[at + 1], groups[at + 2]];
  if (!a || !b || !c || b.gap !== c.gap || !/^[-./]$/.test(b.gap)) return 0;
  const [x, y, z] = [Number(a.digits), Number(b.digits), Number(c.digits)];
  const isYearFirst = /^(?:19|20)\d\d$/.test(a.digits) && y <= 12 && z <= 31 && c.digits.length < 3;
  const isYearLast =
    /^(?:19|20)\d\d$/.test(c.digits) &&
    x <= 31 &&
    y <= 31 &&
    a.digits.length + b.digits.length <= 4;
  return isYearFirst || isYearLast ? 3 : 0;
}

function isSeparator(gap: string): boolean {
  return /^[ \-\u00a0\u202f\u2009\u2010-\u2015]$/.test(gap);
}

/** The number goes on with a letter, or with a digit after `-` or `.`. */
function goesOn(text: string, groups: Group[], end: number): boolean {
  const next = groups[end];
  if (next && /^[-.]$/.test(next.gap)) return true;
  return isWord(text.charCodeAt(groups[end - 1]?.end ?? 0));
}

function isWord(code: number): boolean {
  const lower = code | 32;
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x5f;
}

function cardEnd(text: string, groups: Group[], at: number): number {
  const first = groups[at];
  if (!first || first.digits.length < 4) return -1;
  const before = text.charCodeAt(first.start - 1);
  if ((isWord(before) && before !== 0x5f) || first.gap === '-') return -1;
  if (before === 0x2e && isWord(text.charCodeAt(first.start - 2))) return -1; // 0.4111…
  if (first.digits.length >= 14) {
    return isCardNumber(first.digits) && !goesOn(text, groups, at + 1) ? at + 1 : -1;
  }
  if (first.digits.length !== 4) return -1;
  let digits = first.digits;
  let best = -1;
  const gap = groups[at + 1]?.gap ?? '';
  if (!isSeparator(gap) && gap !== '.') return -1;
  for (let end = at + 1; end < groups.length && end < at + 6; end++) {
    const group = groups[end];
    if (!group || group.gap !== gap || group.digits.length > 7) break;
    digits += group.digits;
    if (digits.length > 19) break;
    if (digits.length >= 13 && isCardNumber(digits) && !isWord(text.charCodeAt(group.end))) {
      best = end + 1;
    }
  }
  return best;
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, isDoubled = false; i >= 0; i--, isDoubled = !isDoubled) {
    const digit = digits.charCodeAt(i) - 48;
    sum += isDoubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

function ssnEnd(text: string, groups: Group[], at: number): number {
  const first = groups[at];
  if (!first || isWord(text.charCodeAt(first.start - 1))) return -1;
  const isNamed = SSN_WORD.test(text.slice(Math.max(0, first.start - 40), first.start));
  if (first.digits.length === 9) {
    return isNamed && !goesOn(text, groups, at + 1) ? at + 1 : -1;
  }
  const [second, third] = [groups[at + 1], groups[at + 2]];
  if (!second || !third || second.gap !== third.gap || !isSeparator(second.gap)) return -1;
  const digits = first.digits + second.digits + third.digits;
  const isShaped = first.digits.length === 3 && second.digits.length === 2 && digits.length === 9;
  if (!isShaped || goesOn(text, groups, at + 3)) return -1;
  if (isNamed) return at + 3;
  const isInList = first.gap !== '' || groups[at + 3]?.gap === second.gap;
  if (isInList && second.gap === ' ') return -1;
  if (/[-.]/.test(first.gap) || text[first.start - 1] === '-') return -1;
  return isSocialSecurityNumber(digits) ? at + 3 : -1;
}

function phoneEnd(text: string, groups: Group[], at: number): { start: number; end: number } {
  const first = groups[at];
  if (!first) return { start: 0, end: -1 };
  let start = first.start;
  const hasBracket = text[start - 1] === '(';
  if (hasBracket) start--;
  let hasPlus = text[start - 1] === '+';
  if (hasPlus) start--;
  else if (text.slice(Math.max(0, start - 3), start).toUpperCase() === '%2B') {
    hasPlus = true;
    start -= 3;
  }
  const before = text.charCodeAt(start - 1);
  const isNamed = !isWord(before) && PHONE_WORD.test(text.slice(Math.max(0, start - 40), start));
  if (isWord(before)) return { start, end: -1 };
  if (hasPlus) {
    const end = internationalEnd(text, groups, at);
    return { start, end: end > at || !isNamed ? end : namedEnd(text, groups, at) };
  }
  if (isNamed) {
    const end = namedEnd(text, groups, at);
    if (end > at) return { start, end };
  }
  // A price, a number sign, a decimal, or the middle of something hyphenated.
  if (/[$\u20ac\u00a3\u00a5#%&.-]/.test(text[start - 1] ?? '')) return { start, end: -1 };
  if (/[-./]$/.test(first.gap)) return { start, end: -1 };
  return { start, end: nationalEnd(text, groups, at, hasBracket) };
}

/** `+`, a country code in use and 8 to 15 digits in all (ITU-T E.164); 11 for North America. */
function internationalEnd(text: string, groups: Group[], at: number): number {
  let digits = '';
  let best = -1;
  for (let end = at; end < groups.length && end < at + 8; end++) {
    digits += groups[end]?.digits;
    if (digits.length > 15) break;
    const isWhole = digits[0] === '1' ? digits.length === 11 : digits.length >= 8;
    if (isWhole && !isWord(text.charCodeAt(groups[end]?.end ?? 0))) best = end + 1;
    if (digits[0] === '1' && digits.length >= 11) break;
  }
  return best > at && COUNTRY_CODE.test(digits) ? best : -1;
}

/** After a word such as `phone:` any 7 to 15 digits count. */
function namedEnd(text: string, groups: Group[], at: number): number {
  let count = 0;
  let best = -1;
  for (let end = at; end < groups.length && end < at + 7; end++) {
    if (end > at && dateLength(groups, end) > 0) break;
    count += groups[end]?.digits.length ?? 0;
    if (count > 15) break;
    if (count >= 7 && !isWord(text.charCodeAt(groups[end]?.end ?? 0))) best = end + 1;
    if (count >= 10 && / /.test(groups[end + 1]?.gap ?? '') && !/^0/.test(groups[at]?.digits ?? ''))
      break;
  }
  return best;
}

function nationalEnd(text: string, groups: Group[], at: number, hasBracket: boolean): number {
  const shapes = groups.slice(at, at + 7);
  const fits = (end: number) => (goesOn(text, groups, at + end) ? -1 : at + end);
  const lengths = shapes.map((group) => group.digits.length).join('');
  const first = shapes[0]?.digits ?? '';
  const gap = shapes[1]?.gap ?? '';
  if (lengths.startsWith('1334') && first === '1' && isNorthAmerican(shapes.slice(1, 4))) {
    return fits(4);
  }
  if (lengths.startsWith('334') && isNorthAmerican(shapes.slice(0, 3))) return fits(3);
  if (lengths.startsWith('55') && /^[6-9]/.test(first) && isSeparator(gap)) return fits(2); // India
  if (lengths.startsWith('344') && /^1[3-9]/.test(first) && isSeparator(gap)) return fits(3); // China
  if (lengths.startsWith('254') && /^[1-9]{2}/.test(first) && shapes[2]?.gap === '-') {
    return shapes[1]?.digits[0] === '9' ? fits(3) : -1; // Brazil
  }
  if (/^00[1-9]|^00$/.test(first) && shapes.length >= 3) return grow(text, shapes, at, 10, 17);
  if (
    hasBracket &&
    gap.startsWith(')') &&
    /^\d{2,5}$/.test(first) &&
    !/^(?:19|20)\d\d$/.test(first)
  ) {
    return grow(text, shapes, at, 9, 12);
  }
  if (/^0[1-9]\d{0,3}$/.test(first)) return trunkEnd(text, shapes, at);
  return -1;
}

/** Area, exchange, line (NANPA): the area never starts with 0 or 1. */
function isNorthAmerican([area, exchange, line]: Group[]): boolean {
  if (!area || !exchange || !line || !/^[2-9]/.test(area.digits)) return false;
  const gaps = exchange.gap + line.gap;
  if (/^(?: {2}|\.{2}|\u00a0{2})$/.test(gaps)) return /^[2-9]/.test(exchange.digits);
  return /^(?:[)/]? ?[- .\u00a0\u2010-\u2015]?|\) ?)[-. \u00a0\u2010-\u2015]$/.test(gaps);
}

/** Numbers with the trunk prefix 0, as most of the world writes them: 9 to 12 digits in groups. */
function trunkEnd(text: string, shapes: Group[], at: number): number {
  const rest = shapes.slice(1);
  if (rest.length === 0 || !rest.every((group) => group.digits.length >= 2)) {
    const short = rest.findIndex((group) => group.digits.length < 2);
    if (short < 1) return -1;
    shapes = shapes.slice(0, short + 1);
  }
  const gap = shapes[1]?.gap ?? '';
  if (gap.includes('.') && !shapes.slice(0, 5).every((group) => group.digits.length === 2))
    return -1;
  return grow(text, shapes, at, 9, 12);
}

/** Takes groups while the separators stay alike; prefers at most 11 digits. */
function grow(text: string, shapes: Group[], at: number, least: number, most: number): number {
  let count = 0;
  let best = -1;
  const gap = shapes[2]?.gap ?? '';
  for (let i = 0; i < shapes.length; i++) {
    const group = shapes[i];
    if (!group || (i > 2 && group.gap !== gap && group.gap !== ' ')) break;
    count += group.digits.length;
    if (count > most || (best > at && count > 11 && most < 17)) break;
    if (i > 0 && count >= least && !goesOn(text, shapes, i + 1)) best = at + i + 1;
  }
  return best;
}
