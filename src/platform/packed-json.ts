import { promisify } from 'node:util';
import { zstdCompressSync, zstdDecompress } from 'node:zlib';

const fastest = { 100: 1 } as const; // ZSTD_c_compressionLevel: level 1
const [opening, comma, closing] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')];
const smallestChunk = 1_024;
const decompress = promisify(zstdDecompress);

/** Many values, each as JSON in UTF-8, as one array packed by zstd: what they have in common is their dictionary. */
export function packJson(values: readonly Buffer[]): Buffer {
  const parts = values.flatMap((value, index) => [index === 0 ? opening : comma, value]);
  return pack(Buffer.concat([...parts, closing]));
}

/** The same of values as text. */
export function packJsonTexts(values: readonly string[]): Buffer {
  return pack(Buffer.from(`[${values.join(',')}]`));
}

function pack(json: Buffer): Buffer {
  const chunkSize = Math.max(smallestChunk, json.length >> 2); // mostly one piece: memory that is not used costs as well
  return zstdCompressSync(json, { params: fastest, chunkSize });
}

/**
 * The array as JSON.
 *
 * @throws {Error} the bytes are no zstd frame
 */
export async function unpackJson(packed: Uint8Array): Promise<string> {
  return (await decompress(packed)).toString('utf8');
}
