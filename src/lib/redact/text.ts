import { findIpv4, findIpv6 } from './addresses.ts';
import { findEmails } from './emails.ts';
import { fold } from './fold.ts';
import { findIbans } from './iban.ts';
import { type Find, placeholderOf } from './kinds.ts';
import { findNumbers } from './numbers.ts';
import {
  MAY_HOLD_EMAIL,
  MAY_HOLD_IPV4,
  MAY_HOLD_IPV6,
  MAY_HOLD_LABEL,
  MAY_HOLD_NUMBER,
  MAY_HOLD_TOKEN,
  NEEDS_FOLDING,
  scan,
} from './prefilter.ts';
import { findLabelled, findTokens } from './secrets.ts';

/** A find can uncover a neighbour (`a` + card → `[…]` + card); more rounds are an attack. */
const MAX_ROUNDS = 6;

/** One UUID in 24,000 ends like a bank account; masked, it would not be an id any more. */
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const uuidChars = 36;

/**
 * The text with every find replaced by `[EMAIL]`, `[PHONE]` …; the same string when there is none.
 *
 * Idempotent: rounds go on until nothing is found. A text that still uncovers finds after six
 * rounds is replaced whole. Never throws; time is linear in the length.
 */
export function redactText(text: string): string {
  const flags = scan(text);
  return flags === 0 ? text : redactFlagged(text, flags);
}

/** Every find, in order, without overlaps; offsets are UTF-16 units of `text` itself. */
export function findPersonalData(text: string): Find[] {
  return findFlagged(text, scan(text));
}

function redactFlagged(text: string, flags: number): string {
  let finds = findFlagged(text, flags);
  for (let round = 0; finds.length > 0; round++) {
    if (round === MAX_ROUNDS) return placeholderOf(finds[0]?.kind ?? 'TOKEN');
    text = replaceFinds(text, finds);
    finds = findPersonalData(text);
  }
  return text;
}

function replaceFinds(text: string, finds: Find[]): string {
  let redacted = '';
  let from = 0;
  for (const { kind, start, end } of finds) {
    redacted += text.slice(from, start) + placeholderOf(kind);
    from = end;
  }
  return redacted + text.slice(from);
}

function findFlagged(original: string, flags: number): Find[] {
  if (flags === 0 || (original.length === uuidChars && uuid.test(original))) return [];
  if ((flags & NEEDS_FOLDING) === 0) return settle(original, detect(original, flags));
  const { text, offsets } = fold(original);
  const finds = detect(text, scan(text));
  for (const find of finds) {
    // The end is the end of the last unit, so that characters dropped after it stay outside.
    find.end = (offsets[find.end - 1] ?? 0) + 1;
    find.start = offsets[find.start] ?? 0;
  }
  return settle(original, finds);
}

/** In order of authority: of two finds that overlap, the earlier detector names the kind. */
function detect(text: string, flags: number): Find[] {
  const finds: Find[] = [];
  if (flags & MAY_HOLD_TOKEN) findTokens(text, finds);
  if (flags & MAY_HOLD_LABEL) findLabelled(text, finds);
  if (flags & MAY_HOLD_NUMBER) {
    findIbans(text, finds);
    findNumbers(text, finds);
  }
  if (flags & MAY_HOLD_EMAIL) findEmails(text, finds);
  if (flags & MAY_HOLD_IPV4) findIpv4(text, finds);
  if (flags & MAY_HOLD_IPV6) findIpv6(text, finds);
  return finds;
}

/** Sorts, unites overlaps and widens each end to a whole character with its combining marks. */
function settle(text: string, finds: Find[]): Find[] {
  if (finds.length === 0) return finds;
  const ranked = finds.map((find, rank) => ({ ...find, rank }));
  ranked.sort((a, b) => a.start - b.start || a.rank - b.rank);
  const settled: typeof ranked = [];
  for (const find of ranked) {
    find.end = characterEnd(text, find.end);
    const last = settled.at(-1);
    if (!last || find.start >= last.end) {
      settled.push(find);
      continue;
    }
    last.end = Math.max(last.end, find.end);
    if (find.rank < last.rank) {
      last.rank = find.rank;
      last.kind = find.kind;
    }
  }
  return settled.map(({ kind, start, end }) => ({ kind, start, end }));
}

function characterEnd(text: string, end: number): number {
  let at = end;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x300) break;
    const splitsPair =
      code >= 0xdc00 && code <= 0xdfff && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
    if (!splitsPair && !/^\p{M}$/u.test(text[at] ?? '')) break;
  }
  return at;
}
