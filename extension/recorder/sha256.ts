import { toHex } from './base64.ts';

/** Lower-case hexadecimal. */
export async function sha256(bytes: BufferSource): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/**
 * The id of a thing that is one as long as its content is one: a UUID of version 8 (RFC 9562, section
 * 5.8) made of a hash, so that a repeat after the worker's death finds the same.
 *
 * @param scope what the id is unique in
 */
export async function idOf(scope: string, content: string): Promise<string> {
  const hex = await sha256(new TextEncoder().encode(`${scope}/${content}`));
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0b11) | 0b1000).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
