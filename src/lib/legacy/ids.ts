import * as z from 'zod';

const Uuid = z.uuid();

/** The id in lower case when it is a UUID as the contract wants it, else `null`. */
export function uuidOf(value: unknown): string | null {
  return Uuid.safeParse(value).success ? String(value).toLowerCase() : null;
}

/**
 * The same UUID for the same name, always: version 8 (RFC 9562, section 5.8), filled with the first
 * bits of the name's SHA-256, so that importing a file twice gives the same ids.
 */
export async function uuidFrom(name: string): Promise<string> {
  const bytes = (await sha256(name)).slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80; // version 8
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80; // variant of RFC 9562
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** 64 lower-case hexadecimal digits. */
export async function hashOf(text: string): Promise<string> {
  return hex(await sha256(text));
}

async function sha256(text: string): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
