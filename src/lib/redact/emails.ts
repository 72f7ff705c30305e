import type { Find } from './kinds.ts';

const MAX_LOCAL = 64; // RFC 5321, 4.5.3.1.1
const MAX_DOMAIN = 255; // RFC 5321, 4.5.3.1.2
const MAX_USERINFO = 256;

/** Ends of `name@2x.png` and `package@1.2.min.js`; none is a top-level domain. */
const FILE_EXTENSIONS =
  /^(?:png|jpe?g|gif|svg|webp|avif|ico|css|s[ac]ss|m?js|cjs|jsx|tsx?|json|html?|xml|pdf|woff2?|ttf|map|mp[34]|webm|wasm)$/i;

/**
 * Addresses, also with `%40`, and the `user:password@` of a URL (as PASSWORD).
 * Every `@` is looked at once, over at most 64 + 255 characters.
 */
export function findEmails(text: string, finds: Find[]): void {
  let reach = 0; // what an earlier find already covers
  for (let at = nextAt(text, 0); at !== -1; at = nextAt(text, at + 1)) {
    const after = text.charCodeAt(at) === 0x40 ? at + 1 : at + 3;
    const userinfo = after === at + 1 ? userinfoStart(text, at, reach) : -1;
    if (userinfo !== -1) {
      finds.push({ kind: 'PASSWORD', start: userinfo, end: at });
      reach = after;
      continue;
    }
    const start = localStart(text, at, reach);
    if (start === at) continue;
    const end = domainEnd(text, after);
    if (end === -1) continue;
    if (text.slice(start, at) === 'git') continue; // git@host:owner/name names a repository
    finds.push({ kind: 'EMAIL', start, end });
    reach = end;
  }
}

function nextAt(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x40) return i;
    if (code === 0x25 && text.charCodeAt(i + 1) === 0x34 && text.charCodeAt(i + 2) === 0x30) {
      return i;
    }
  }
  return -1;
}

/** Start of `user:password` in `scheme://user:password@`, or -1. */
function userinfoStart(text: string, at: number, floor: number): number {
  const least = Math.max(floor, at - MAX_USERINFO);
  let hasColon = false;
  for (let i = at - 1; i >= least; i--) {
    const code = text.charCodeAt(i);
    if (code === 0x2f) {
      const isAuthority =
        text.charCodeAt(i - 1) === 0x2f && text.charCodeAt(i - 2) === 0x3a && i + 1 < at;
      return isAuthority && hasColon ? i + 1 : -1;
    }
    if (code === 0x3a) hasColon = true;
    if (code <= 0x20 || code === 0x40 || code === 0x22 || code === 0x3c || code === 0x3e) return -1;
  }
  return -1;
}

function localStart(text: string, at: number, floor: number): number {
  const least = Math.max(floor, at - MAX_LOCAL);
  let start = at;
  while (start > least) {
    const code = text.charCodeAt(start - 1);
    // `%2B` and its like inside the local part count as the character they stand for.
    if (start - 3 >= least && text.charCodeAt(start - 3) === 0x25) {
      const decoded = Number.parseInt(text.slice(start - 2, start), 16);
      if (!isLocal(decoded)) break;
      start -= 3;
    } else if (isLocal(code)) start--;
    else break;
  }
  // A domain or sentence may end right before: `.` never starts an address.
  while (start < at && isEdgePunctuation(text.charCodeAt(start))) start++;
  if (start < at) return start;
  while (start > least && isLetterBeyondLatin(text.charCodeAt(start - 1))) start--;
  return start;
}

/** ASCII atoms of RFC 5322 that occur in practice, and letters of Latin, Greek and Cyrillic. */
function isLocal(code: number): boolean {
  if (code >= 0x61 && code <= 0x7a) return true;
  if (code >= 0x40) {
    if (code <= 0x5a) return code !== 0x40;
    return code === 0x5f || code === 0x7e || (code >= 0xc0 && code < 0x590);
  }
  if (code >= 0x30 && code <= 0x39) return true;
  return code === 0x2e || code === 0x2d || code === 0x2b || code === 0x27 || code === 0x21;
}

function isEdgePunctuation(code: number): boolean {
  return code === 0x2e || code === 0x27 || code === 0x21 || (code >= 0x300 && code <= 0x36f);
}

/** Hebrew to Hangul, without general punctuation, symbols and CJK punctuation. */
function isLetterBeyondLatin(code: number): boolean {
  return (code >= 0x590 && code < 0x2000) || (code >= 0x3040 && code < 0xd800);
}

/** End of a dotted domain with an alphabetic last label, or -1. */
function domainEnd(text: string, start: number): number {
  const most = Math.min(text.length, start + MAX_DOMAIN);
  let labelStart = start;
  let best = -1;
  let labels = 0;
  let i = start;
  for (; i <= most; i++) {
    const code = i < most ? text.charCodeAt(i) : 0;
    if (isDomainLetter(code) || (code === 0x2d && i > labelStart)) continue;
    if (i === labelStart) break;
    labels++;
    best = labels > 1 ? topLevelEnd(text, labelStart, i) : -1;
    if (code !== 0x2e) break;
    labelStart = i + 1;
  }
  return best;
}

function isDomainLetter(code: number): boolean {
  if (code < 128) {
    const lower = code | 32;
    return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39);
  }
  return (code >= 0xc0 && code < 0x2000) || (code >= 0x3040 && code < 0xd800);
}

/** `com` of `com联系` ends where other letters follow without a space. */
function topLevelEnd(text: string, start: number, end: number): number {
  const label = text.slice(start, end);
  if (isTopLevel(label)) return end;
  const ascii = /^[a-z]{2,}(?=\P{ASCII})/iu.exec(label)?.[0];
  return ascii && isTopLevel(ascii) ? start + ascii.length : -1;
}

function isTopLevel(label: string): boolean {
  if (label.length < 2 || label.length > 63 || FILE_EXTENSIONS.test(label)) return false;
  return /^(?:[a-z]+|xn--[a-z0-9-]+|\P{ASCII}+)$/iu.test(label);
}
