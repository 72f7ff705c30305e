import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What a text is: a key that may exist, one with a typo, or something else. */
export type ParsedKey =
  | { form: 'KEY'; prefix: string; hash: Buffer<ArrayBuffer> }
  | { form: 'MISTYPED' | 'OTHER' };

const mark = 'cs_';
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretChars = 30; // 178 bits: a plain SHA-256 is enough, there is nothing to guess
const checksumChars = 6; // 62^6 > 2^32, so that every CRC-32 fits
const prefixChars = 11; // the mark and eight characters: told apart in a list, useless to a guesser
const shape = new RegExp(`^${mark}[0-9A-Za-z]{${secretChars + checksumChars}}$`);

/**
 * A new key: `cs_`, 30 random characters of base62, and the CRC-32 of all before in 6 of base62.
 *
 * The same form as https://github.blog/engineering/behind-githubs-new-authentication-token-formats/:
 * `\w` only, so that a double click takes it whole, and known to scanners by its mark and checksum.
 */
export function makeKey(): string {
  const secret = Array.from({ length: secretChars }, () => base62[randomInt(base62.length)]);
  const body = mark + secret.join('');
  return body + checksumOf(body);
}

/** Tells a typo from a key without looking it up. White space around it is forgiven. */
export function parseKey(text: string): ParsedKey {
  const key = text.trim();
  if (!key.startsWith(mark)) return { form: 'OTHER' };
  if (!shape.test(key)) return { form: 'MISTYPED' };
  const body = key.slice(0, -checksumChars);
  if (checksumOf(body) !== key.slice(-checksumChars)) return { form: 'MISTYPED' };
  return { form: 'KEY', prefix: prefixOf(key), hash: hashSecret(key) };
}

/** The part of a key that is stored and shown as it is. */
export function prefixOf(key: string): string {
  return key.slice(0, prefixChars);
}

/** SHA-256: all that is kept of a key, and of any secret as random and as long. */
export function hashSecret(secret: string): Buffer<ArrayBuffer> {
  return createHash('sha256').update(secret).digest();
}

function checksumOf(body: string): string {
  let rest = crc32(body);
  let digits = '';
  while (digits.length < checksumChars) {
    digits = base62[rest % base62.length] + digits;
    rest = Math.floor(rest / base62.length);
  }
  return digits;
}
