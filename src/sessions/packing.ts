import { compressSync, uncompressSync } from 'lz4-napi';
import { unpackJson } from '../platform/packed-json.ts';
import { dictionary } from './dictionary.ts';

/**
 * How details are compressed before they are sealed. The first byte says which way: of what lies in the
 * database all ways are read, for ever.
 */
const marks = {
  /** Nothing of ours: a zstd frame begins with it, RFC 8878, section 3.1.1. Of chunks, and of every detail before LZ4. */
  zstd: 0x28,
  /** An LZ4 block of one detail, no array, with its length before it, made with the dictionary. */
  lz4: 0x01,
} as const;

/**
 * One detail that arrived alone. zstd makes a context of some 100 KB for each call: for 1.6 KB LZ4 takes
 * half its time, and makes 639 bytes where zstd makes 837 (bodies of the bench; 1,018 and 1,240 of 2,974
 * in the recording of the shop), by the dictionary.
 */
export function packOne(detail: Buffer): Buffer {
  const packed = compressSync(detail, dictionary);
  const marked = Buffer.allocUnsafe(packed.length + 1);
  marked[0] = marks.lz4;
  marked.set(packed, 1);
  return marked;
}

/**
 * What was packed as a JSON array, whichever way.
 *
 * @throws {Error} the bytes were packed in no way that is known, or are damaged
 */
export async function unpack(packed: Buffer): Promise<string> {
  switch (packed[0]) {
    case marks.lz4:
      return `[${uncompressSync(packed.subarray(1), dictionary).toString('utf8')}]`;
    case marks.zstd:
      return unpackJson(packed);
    default:
      throw new Error(`Expected details packed by zstd or LZ4, got the mark ${packed[0]}.`);
  }
}
