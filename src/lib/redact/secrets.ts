import { type Find, isPlaceholder, type PersonalDataKind } from './kinds.ts';

// Every start is the start of a run, so that no stretch is read twice.
const JWT = /(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)*/g;
const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|$)/g;
const RUN = /[A-Za-z0-9_-]{20,}/g;
const DATA_URI = /;base64,[A-Za-z0-9+/=_-]*/g;
const BEARER = /(?<![a-z0-9])(?:bearer|basic)[ \t]{1,3}([\w.~+/=-]{8,})/gi;
const COOKIE = /(?<![\w-])(?:set-)?cookie["']?:\s{0,3}["']?([^\s=;"']{1,128}=[^\n"']*)/gi;

/** Prefixes the issuers publish so that scanners find them, and our own `cs_`. */
const PREFIXED =
  /(?:^|[-_])(?:sk-|[spr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|npm_|hf_|pypi-|whsec_|shp(?:at|ss|ca|pa)_|dop_v1_|sq0[a-z]{3}-|lin_api_|figd_|ATATT3|AGE-SECRET-KEY-|cs_(?:[a-z]+_)?)(?=[\w-]*\d)[\w-]{16,}$|(?:^|[-_])(?:AKIA|ASIA)[0-9A-Z]{16}$|^AIza[\w-]{35}/;
const DOTTED = /(?<![\w-])(?:SG\.[\w-]{16,64}\.[\w-]{16,64}|ya29\.[\w-]{20,})/g;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const MIN_RANDOM_LENGTH = 32;

const LABEL =
  /(password|passwd|passcode|passphrase|passwort|kennwort|mot de passe|senha|contrase\u00f1a|(?:verification|security|one[- ]time|login|access|confirmation) code|(?<![a-z0-9])(?:pwd|pass|pin|otp))|(?<![a-z0-9])(cvv2?|cvc2?|csc)|((?:access|refresh|id|auth|csrf|api|bearer|session)?[-_]?token|secret|(?:api|access|secret|private|signing|encryption|account)[-_ ]?key|authorization|credential|signature|(?:(?:j|php|asp\.net_)?sess(?:ion)?[-_]?id)|(?<![a-z0-9])(?:auth|sid|sig|jwt))/gi;
const OPERATOR = /\\?["']?\s{0,3}([:=]|%3[AD]|(?<=\s)is(?=\s))[=>]?\s{0,3}/iy;
const VALUE =
  /(?:(?:bearer|basic|digest|token|negotiate)\s+)?(?:\\?"([^"\n]*?)\\?"|\\?'([^'\n]*?)\\?'|([^\s&"'<>]+))/iy;

/** Words that follow `Password:` in prose, in forms and in code without being one. */
const NOT_A_SECRET = new Set(
  (
    'required optional must invalid incorrect wrong is are expired forgot forgotten reset show hide enter ' +
    'weak strong medium fair good none null undefined true false string text at min minimum max maximum ' +
    'your the a an too not change changed updated should cannot and or if this that use please new ' +
    'confirm repeat missing empty hidden valid password token secret field value number boolean object ' +
    'protected policy manager needed sent set off on yes no n/a ***'
  ).split(' '),
);
const PSEUDO_CLASS =
  /^(?:focus|hover|active|nth-|not\(|first-|last-|before|after|checked|disabled|enabled|invalid|valid|required|optional|has\(|is\(|where\(|placeholder|visited|empty|root|only-|read-|in-range|out-of|target|default|autofill|:|-webkit|-moz|link|lang)/;

/** JSON Web Tokens (RFC 7519), keys by their published prefix, private keys, random strings. */
export function findTokens(text: string, finds: Find[]): void {
  if (text.includes('eyJ')) findAll(JWT, 'JWT', text, finds);
  if (text.includes('-----BEGIN')) findAll(PRIVATE_KEY, 'TOKEN', text, finds);
  if (text.includes('SG.') || text.includes('ya29.')) findAll(DOTTED, 'TOKEN', text, finds);
  const images = text.includes(';base64,') ? spansOf(DATA_URI, text) : [];
  RUN.lastIndex = 0;
  for (let match = RUN.exec(text); match; match = RUN.exec(text)) {
    const start = match.index;
    const end = start + match[0].length;
    if (!PREFIXED.test(match[0]) && !isRandom(match[0], text, start, end)) continue;
    if (images.some((image) => image.start <= start && end <= image.end)) continue;
    finds.push({ kind: 'TOKEN', start, end });
  }
}

/** `password: …`, `token=…`, `Authorization: …`, `Cookie: …` and `Bearer …`. */
export function findLabelled(text: string, finds: Find[]): void {
  findGroups(BEARER, text, finds);
  findGroups(COOKIE, text, finds);
  LABEL.lastIndex = 0;
  for (let match = LABEL.exec(text); match; match = LABEL.exec(text)) {
    OPERATOR.lastIndex = match.index + match[0].length;
    const operator = OPERATOR.exec(text);
    if (!operator) continue;
    VALUE.lastIndex = OPERATOR.lastIndex;
    const value = VALUE.exec(text);
    if (!value) continue;
    const find = labelledFind(match, operator, value, text);
    if (!find) continue;
    finds.push(find);
    LABEL.lastIndex = Math.max(find.end, LABEL.lastIndex);
  }
}

function labelledFind(
  label: RegExpExecArray,
  operator: RegExpExecArray,
  match: RegExpExecArray,
  text: string,
): Find | null {
  const quoted = match[1] ?? match[2];
  const raw = quoted ?? match[3] ?? '';
  if (raw === '' || isPlaceholder(raw)) return null;
  const isTight = operator[0].length === 1;
  if (quoted === undefined && isTight && PSEUDO_CLASS.test(raw)) return null;
  const value = quoted === undefined ? raw.replace(/[.,;:!?)\]}\\]{1,8}$/, '') : raw;
  if (value === '' || NOT_A_SECRET.has(value.toLowerCase())) return null;
  const kind: PersonalDataKind = label[1] ? 'PASSWORD' : label[2] ? 'CARD' : 'TOKEN';
  const sign = (operator[1] ?? '').toLowerCase();
  if (!isSecretValue(kind, label[0].toLowerCase(), sign, value, quoted !== undefined)) return null;
  const from = match.index + match[0].lastIndexOf(raw);
  return { kind, start: from, end: Math.min(text.length, from + value.length) };
}

function isSecretValue(
  kind: PersonalDataKind,
  label: string,
  sign: string,
  value: string,
  isQuoted: boolean,
): boolean {
  const hasDigit = /\d/.test(value);
  if (kind === 'CARD') return /^\d{3,4}$/.test(value);
  if (kind === 'TOKEN') {
    if (value.length < 6 || (isQuoted && /\s/.test(value))) return false;
    return hasDigit || value.length >= 20 || (sign !== 'is' && sign !== ':' && !/[()]/.test(value));
  }
  if (/^(?:pin|otp|.* code)$/.test(label)) return hasDigit && value.length >= 4;
  if (sign === 'is' || label === 'pass') {
    return value.length >= 4 && (hasDigit || /[^\p{L}\p{M}'\u2019-]/u.test(value));
  }
  return true;
}

/**
 * Thirty-two characters or more that look drawn at random: upper, lower and digits that alternate
 * in at least 40 % of the places (62 % expected of base62, about 33 % seen in camel case), or
 * base36 that is not hex. Not a UUID, a content hash, an integrity value, a file name, or words
 * joined by `-` and `_`.
 */
function isRandom(run: string, text: string, start: number, end: number): boolean {
  if (run.length < MIN_RANDOM_LENGTH || UUID.test(run) || /^[0-9a-f-]+$/i.test(run)) return false;
  if (/^sha(?:256|384|512)-/.test(run)) return false;
  if (text.charCodeAt(end) === 0x2e && isFileExtension(text.slice(end + 1, end + 7))) return false;
  let longest = 0;
  let part = 0;
  let changes = 0;
  let last = 0;
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < run.length; i++) {
    const kind = characterClass(run.charCodeAt(i));
    counts[kind] = (counts[kind] ?? 0) + 1;
    part = kind === 0 ? 0 : part + 1;
    if (part > longest) longest = part;
    if (kind !== last) changes++;
    last = kind;
  }
  if (longest < 16) return false;
  if (text[start - 1] === '#' || text[start - 1] === '.') return false; // a CSS id or class
  const [, upper = 0, lower = 0, digits = 0] = counts;
  const alternation = changes / run.length;
  if (digits < 2) return false;
  if (upper > 0 && lower > 0) return alternation >= 0.4;
  return longest >= 24 && digits >= run.length * 0.12 && alternation >= 0.25 && upper + lower > 0;
}

function isFileExtension(after: string): boolean {
  return /^(?:woff2?|m?js|css|png|jpe?g|gif|svg|webp|avif|ico|json|map|ttf|mp[34]|html?|pdf)\b/i.test(
    after,
  );
}

/** 0 separator, 1 upper case, 2 lower case, 3 digit. */
function characterClass(code: number): 0 | 1 | 2 | 3 {
  if (code >= 0x61) return 2;
  if (code <= 0x39) return code === 0x2d ? 0 : 3;
  return code === 0x5f ? 0 : 1;
}

function findAll(pattern: RegExp, kind: PersonalDataKind, text: string, finds: Find[]): void {
  for (const span of spansOf(pattern, text)) finds.push({ kind, ...span });
}

function spansOf(pattern: RegExp, text: string): { start: number; end: number }[] {
  const spans = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    spans.push({ start: match.index, end: match.index + match[0].length });
  }
  return spans;
}

/** Reports the first group of `pattern` when it looks like a credential and is not replaced yet. */
function findGroups(pattern: RegExp, text: string, finds: Find[]): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const value = match[1] ?? '';
    if (!/\d|=/.test(value) && value.length < 24) continue;
    const start = match.index + match[0].length - value.length;
    finds.push({ kind: 'TOKEN', start, end: start + value.length });
  }
}
