import type { IncomingMessage } from 'node:http';
import type { audioTypes } from '../contract/audio.ts';
import type { imageTypes } from '../contract/image.ts';
import { sameBytes } from '../platform/keys.ts';
import { HttpRefusal } from './http-refusal.ts';

/** As many of the first bytes as tell the media type. */
export const headBytes = 64;

type MediaType = (typeof imageTypes)[number] | (typeof audioTypes)[number];

/** Reads a body that is not needed, so that its sender gets to read the answer. */
export function drain(request: IncomingMessage): null {
  request.resume();
  return null;
}

/** @throws {HttpRefusal} more bytes than were announced are on the way */
export function refuseLength(request: IncomingMessage, announced: number): void {
  const length = Number(request.headers['content-length'] ?? announced);
  if (length > announced) throw tooLong(announced);
}

export function tooLong(announced: number): HttpRefusal {
  return new HttpRefusal(413, `Expected the ${announced} bytes that were announced, got more.`);
}

/** @throws {HttpRefusal} the first bytes are of another media type */
export function refuseType(head: Buffer, announced: string): void {
  const type = mediaTypeOf(head);
  if (type !== announced)
    throw new HttpRefusal(
      415,
      `Expected bytes of ${announced}, as announced, got ${type ?? 'something else'}.`,
    );
}

/** @throws {HttpRefusal} they are fewer bytes, or other ones */
export function refuseOther(
  bytes: number,
  announced: number,
  digest: Buffer,
  expected: Uint8Array,
): void {
  if (bytes !== announced)
    throw new HttpRefusal(
      422,
      `Expected the ${announced} bytes that were announced, got ${bytes}.`,
    );
  if (!sameBytes(digest, expected))
    throw new HttpRefusal(422, 'Expected bytes with the SHA-256 that was announced.');
}

/** Media type by magic bytes; `null` for what is none that we accept. */
function mediaTypeOf(head: Buffer): MediaType | null {
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP')
    return 'image/webp';
  if (head.subarray(0, 8).equals(Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)))
    return 'image/png';
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'image/jpeg';
  // EBML, with the document type `webm` in its header: https://www.rfc-editor.org/rfc/rfc8794#section-11.2
  const isEbml = head.subarray(0, 4).equals(Buffer.of(0x1a, 0x45, 0xdf, 0xa3));
  if (isEbml && head.includes(Buffer.from('\x42\x82\x84webm', 'latin1'))) return 'audio/webm';
  return null;
}
