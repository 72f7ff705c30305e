import { isPlaceholder, placeholderOf } from './kinds.ts';
import { kindOfParameter } from './names.ts';
import { MAY_HOLD_TOKEN, scan } from './prefilter.ts';
import { redactText } from './text.ts';

const MAX_DEPTH = 4; // a URL in a parameter of a URL in a parameter …
const MAX_ROUNDS = 6;
const ENCODED_PLACEHOLDER = /%5B(EMAIL|PHONE|CARD|IBAN|SSN|IP|JWT|TOKEN|PASSWORD)%5D/g;
const NOT_A_SECRET = /^(?:true|false|null|undefined|none|[01])?$/i;
/** `/reset-password/<secret>`: the segment after such a word is a key to an account. */
const SECRET_PATH =
  /(\/(?:reset|reset-password|password-reset|verify|verify-email|confirm|confirmation|activate|invite|invitation|magic|magic-link|token|unsubscribe)\/)(?=[\w-]{0,200}\d)(?=[\w-]{0,200}[A-Za-z])([\w-]{20,})(?=[/?#]|$)/gi;

/**
 * The URL with what identifies a person or opens an account replaced; the same string when nothing
 * is. It stays a URL: host, path shape and parameter names are kept.
 *
 * `user:password@` goes altogether. A parameter of the query or of the fragment is replaced by its
 * name (`token`, `code`, `email` …) or by what its decoded value holds, also when the value is
 * itself a URL. What is no URL is treated as text. Idempotent; never throws.
 */
export function redactUrl(url: string): string {
  const known = answers.get(url);
  if (known !== undefined) return known;
  const redacted = redactAnew(url);
  if (answers.size >= remembered) answers.clear();
  if (url.length <= rememberedChars) answers.set(url, redacted);
  return redacted;
}

// An interaction names its page up to three times, a session its pages hundreds of times.
const remembered = 500;
const rememberedChars = 2_048;
const answers = new Map<string, string>();

function redactAnew(url: string): string {
  let redacted = redactAt(url, 0);
  if (redacted === url) return url;
  // A replaced stretch can name the parameter beside it: go on until nothing changes.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = redactAt(redacted, 0);
    if (next === redacted) return redacted;
    redacted = next;
  }
  return '[TOKEN]';
}

function redactAt(url: string, depth: number): string {
  let redacted = url;
  const query = url.indexOf('?');
  const hash = url.indexOf('#');
  const scheme = url.indexOf('://');
  if (scheme > 0 && scheme < 32) redacted = withoutUserinfo(redacted, scheme + 3);
  if (query !== -1 || hash !== -1) redacted = withoutSecrets(redacted, depth);
  if (url.includes('%')) redacted = decodedPath(redacted, depth);
  const flags = scan(redacted);
  if (flags === 0) return redacted;
  return redactText(flags & MAY_HOLD_TOKEN ? redacted.replace(SECRET_PATH, '$1[TOKEN]') : redacted);
}

function withoutUserinfo(url: string, start: number): string {
  const at = url.indexOf('@', start);
  if (at === -1) return url;
  const length = url.slice(start).search(/[/?#\\]/);
  const end = length === -1 ? url.length : start + length;
  const last = url.lastIndexOf('@', end - 1);
  return last < start ? url : url.slice(0, start) + url.slice(last + 1);
}

function withoutSecrets(url: string, depth: number): string {
  const hash = url.indexOf('#');
  const beforeHash = hash === -1 ? url : url.slice(0, hash);
  const query = beforeHash.indexOf('?');
  let redacted = beforeHash;
  if (query !== -1) {
    const pairs = beforeHash.slice(query + 1);
    const clean = redactPairs(pairs, depth);
    if (clean !== pairs) redacted = beforeHash.slice(0, query + 1) + clean;
  }
  if (hash === -1) return redacted;
  const fragment = url.slice(hash + 1);
  const inner = fragment.indexOf('?');
  const start = inner === -1 ? 0 : inner + 1; // `#/route?token=…` of single-page applications
  const pairs = fragment.slice(start);
  const clean = pairs.includes('=') ? redactPairs(pairs, depth) : pairs;
  if (clean === pairs && redacted === beforeHash) return url;
  return `${redacted}#${fragment.slice(0, start)}${clean}`;
}

function redactPairs(pairs: string, depth: number): string {
  let redacted = '';
  let copied = 0;
  for (let from = 0; from <= pairs.length; ) {
    const ampersand = pairs.indexOf('&', from);
    const end = ampersand === -1 ? pairs.length : ampersand;
    const equals = pairs.indexOf('=', from);
    if (equals !== -1 && equals < end) {
      const value = pairs.slice(equals + 1, end);
      const clean = redactValue(pairs.slice(from, equals), value, depth);
      if (clean !== value) {
        redacted += pairs.slice(copied, equals + 1) + clean;
        copied = end;
      }
    }
    from = end + 1;
  }
  return copied === 0 ? pairs : redacted + pairs.slice(copied);
}

function redactValue(name: string, value: string, depth: number): string {
  if (value === '' || isPlaceholder(value)) return value;
  const kind = kindOfParameter(name.includes('%') ? decode(name) : name);
  if (kind && !NOT_A_SECRET.test(value)) return placeholderOf(kind);
  return redactEncoded(value, depth, true);
}

/** Detects in the decoded form, and encodes again only when something was found there. */
function redactEncoded(value: string, depth: number, isForm: boolean): string {
  if (!/%|\+/.test(value)) return value; // the whole URL is searched in the end
  const decoded = decode(isForm ? value.replaceAll('+', ' ') : value);
  if (decoded === value) return value;
  const isAddress = depth < MAX_DEPTH && /^(?:[a-z][a-z0-9+.-]*:\/\/|[/?#])|%/i.test(decoded);
  const clean = isAddress ? redactAt(decoded, depth + 1) : redactText(decoded);
  if (clean === decoded) return value;
  return encodeURIComponent(clean.toWellFormed()).replace(ENCODED_PLACEHOLDER, '[$1]');
}

/** Path segments whose decoded form holds something. */
function decodedPath(url: string, depth: number): string {
  const length = url.search(/[?#]/);
  const path = length === -1 ? url : url.slice(0, length);
  if (!path.includes('%')) return url;
  const clean = path
    .split('/')
    .map((segment) => (segment.includes('%') ? redactEncoded(segment, depth, false) : segment))
    .join('/');
  return clean === path ? url : clean + url.slice(path.length);
}

/** Percent-decoding that leaves malformed sequences as they are. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
}
