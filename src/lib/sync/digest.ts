import { canonicalJson } from '../canonical.ts';
import { sha256Of } from './sha256.ts';

/** One of the things that two copies are compared by: an operation by its sequence, a record by its id. */
export type SyncItem = { key: string | number; value: unknown };

/**
 * What a set of items comes to, in whatever order they are counted: how many, and the sum of their
 * hashes modulo 2^128. Sums find faults; they are no proof against somebody who chooses the items.
 */
export type Digest = { count: number; sum: bigint };

export const emptyDigest: Digest = { count: 0, sum: 0n };

const modulus = 1n << 128n;

/** 32 hexadecimal digits of a text: the first half of its SHA-256. */
export function shortHash(text: string): string {
  return toHex(sha256Of(text).subarray(0, 16));
}

/** 32 hexadecimal digits of a value's canonical JSON. */
export function contentHash(value: unknown): string {
  return shortHash(canonicalJson(value));
}

/**
 * 32 hexadecimal digits. The key is a part of it: two operations that changed places are two changed
 * items.
 */
export function itemHash({ key, value }: SyncItem): string {
  return contentHash([String(key), value]);
}

/** The digest with one item more. */
export function addItem(digest: Digest, hash: string): Digest {
  return { count: digest.count + 1, sum: (digest.sum + numberOf(hash)) % modulus };
}

/** The digest with one item less, which must be in it. */
export function removeItem(digest: Digest, hash: string): Digest {
  return { count: digest.count - 1, sum: (digest.sum + modulus - numberOf(hash)) % modulus };
}

export function digestOf(hashes: Iterable<string>): Digest {
  let [count, sum] = [0, 0n];
  for (const hash of hashes) {
    count += 1;
    sum += numberOf(hash);
  }
  return { count, sum: sum % modulus };
}

export function sameDigest(a: Digest, b: Digest): boolean {
  return a.count === b.count && a.sum === b.sum;
}

/** The sum as it goes over the wire: 32 hexadecimal digits. */
export function sumText({ sum }: Digest): string {
  return sum.toString(16).padStart(32, '0');
}

export function digestFrom({ count, sum }: { count: number; sum: string }): Digest {
  return { count, sum: numberOf(sum) };
}

function numberOf(hex: string): bigint {
  return BigInt(`0x${hex}`);
}

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
