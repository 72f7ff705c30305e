import {
  createCipheriv,
  createDecipheriv,
  hash,
  hkdfSync,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Database } from './db.ts';
import { drawBytes } from './random.ts';

/** A data key, opened: one part seals, the other makes MACs. */
export type DataKey = { id: Buffer; seal: Buffer; mac: Buffer };

export type WrappedKey = { generation: string; wrapped: Buffer };

export type Keys = {
  /** Name of the present generation of the master key. */
  generation: string;
  /** Makes a data key for an owner (a UUID), wrapped by the present generation of the master key. */
  create(ownerId: string): WrappedKey;
  /** @throws {Error} when the generation is gone or the key is not this owner's */
  open(ownerId: string, key: { generation: string; wrapped: Uint8Array }): DataKey;
  /** 32 bytes that every replica with the same master key agrees on. */
  derive(purpose: string): Buffer;
};

const version = 1;
const headBytes = 1 + 16 + 12;
const tagBytes = 16;
const sliceBytes = 64 * 1024;

/** Bytes that sealing adds to what is sealed. */
export const sealOverheadBytes = headBytes + tagBytes;

const KeyFile = z.object({
  current: z.string(),
  generations: z.record(z.string(), z.base64()),
});

/**
 * The master key, from the configuration or from `keys.json` in the data folder (made at the first
 * start, mode 0600).
 */
export async function openKeys(config: {
  masterKey?: string | undefined;
  dataDir: string;
}): Promise<Keys> {
  const file = config.masterKey
    ? { current: 'env', generations: { env: config.masterKey } }
    : await readOrMakeKeyFile(config.dataDir);
  const masters = new Map(
    Object.entries(file.generations).map(([name, key]) => [name, Buffer.from(key, 'base64')]),
  );
  const master = (generation: string): Buffer => {
    const key = masters.get(generation);
    if (!key)
      throw new Error(
        `Expected a master key of generation ${generation}, have ${[...masters.keys()].join(', ')}.`,
      );
    return key;
  };
  return {
    generation: file.current,
    create(ownerId) {
      const owner = uuidBytes(ownerId);
      const key = { id: owner, seal: master(file.current) };
      return { generation: file.current, wrapped: seal(key, randomBytes(32), ownerId) };
    },
    open(ownerId, { generation, wrapped }) {
      const id = uuidBytes(ownerId);
      const secret = unseal({ id, seal: master(generation) }, wrapped, ownerId);
      return { id, seal: expand(secret, 'seal'), mac: expand(secret, 'mac') };
    },
    derive: (purpose) => expand(master(file.current), purpose),
  };
}

/** The process has another master key than the one the database was made with. */
export class WrongMasterKeyError extends Error {
  override name = 'WrongMasterKeyError';
  constructor(generation: string) {
    super(
      `The database was made with another master key of generation ${generation}: what is sealed in it cannot be opened here. ` +
        'Give every process the same MASTER_KEY, or the same keys.json in its DATA_DIR.',
    );
  }
}

/**
 * Refuses a master key that differs from the database's; the first process leaves a value that only
 * its key gives.
 *
 * @throws {WrongMasterKeyError}
 */
export async function checkMasterKey({ db }: Pick<Database, 'db'>, keys: Keys): Promise<void> {
  const { generation } = keys;
  const value = new Uint8Array(keys.derive('check'));
  await db.masterKeyCheck.createMany({ data: [{ generation, value }], skipDuplicates: true });
  const known = await db.masterKeyCheck.findUniqueOrThrow({ where: { generation } });
  if (!sameBytes(known.value, value)) throw new WrongMasterKeyError(generation);
}

/**
 * Seals bytes with AES-256-GCM: version, id of the key (16 bytes), nonce (12), ciphertext, tag (16).
 *
 * @param context what the bytes are and belong to; unsealing with another one fails
 * @param into memory for the result, of {@link sealOverheadBytes} more than `plain`; new memory when absent
 */
export function seal(
  key: Pick<DataKey, 'id' | 'seal'>,
  plain: Uint8Array,
  context: string,
  into = Buffer.allocUnsafe(plain.length + sealOverheadBytes),
): Buffer {
  const sealed = into.subarray(0, plain.length + sealOverheadBytes);
  sealed[0] = version;
  key.id.copy(sealed, 1);
  drawBytes(12).copy(sealed, 17);
  const cipher = createCipheriv('aes-256-gcm', key.seal, sealed.subarray(17, headBytes));
  cipher.setAAD(Buffer.from(context));
  // In slices: what `update` answers with is memory beside the result, which for megabytes piles up.
  for (let from = 0; from < plain.length; from += sliceBytes)
    cipher.update(plain.subarray(from, from + sliceBytes)).copy(sealed, headBytes + from);
  cipher.final();
  cipher.getAuthTag().copy(sealed, headBytes + plain.length);
  return sealed;
}

/** @throws {Error} when the bytes were sealed by another key, for another context, or were changed */
export function unseal(
  key: Pick<DataKey, 'id' | 'seal'>,
  sealed: Uint8Array,
  context: string,
): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < sealOverheadBytes || bytes[0] !== version)
    throw new Error(
      `Expected sealed bytes of version ${version}, got ${bytes.length} bytes of version ${bytes[0]}.`,
    );
  if (!bytes.subarray(1, 17).equals(key.id))
    throw new Error('Expected bytes sealed by this key, got another key’s.');
  const decipher = createDecipheriv('aes-256-gcm', key.seal, bytes.subarray(17, headBytes));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const plain = decipher.update(bytes.subarray(headBytes, bytes.length - tagBytes));
  decipher.final();
  return plain;
}

/**
 * HMAC-SHA-256 with the data key's part for MACs: 32 bytes. Two one-shot hashes, as RFC 2104 defines it:
 * Node's `createHmac` takes twice as long for a body of 1.5 KB.
 */
export function macOf({ mac }: Pick<DataKey, 'mac'>, body: Uint8Array | string): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  let pads = padsOf.get(mac);
  if (!pads) {
    pads = { inner: padded(mac, 0x36), outer: padded(mac, 0x5c) };
    padsOf.set(mac, pads);
  }
  return hashOf(pads.outer, hashOf(pads.inner, bytes));
}

const blockBytes = 64; // of SHA-256
const padsOf = new WeakMap<Buffer, { inner: Buffer; outer: Buffer }>();
let joined = Buffer.alloc(16_384); // kept: a new one for each body would be the larger part of it

function hashOf(block: Buffer, rest: Uint8Array): Buffer {
  const length = blockBytes + rest.length;
  if (joined.length < length) joined = Buffer.alloc(2 * length);
  joined.set(block);
  joined.set(rest, blockBytes);
  const digest = hash('sha256', joined.subarray(0, length), 'buffer');
  joined.fill(0, 0, length); // what was hashed is as private as it came
  return digest;
}

/** The key, of at most one block, as a block of its bytes XOR the pad. */
function padded(key: Buffer, pad: number): Buffer {
  const block = Buffer.alloc(blockBytes, pad);
  for (const [index, byte] of key.entries()) block[index] = byte ^ pad;
  return block;
}

/** Compares in constant time; different lengths are unequal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The 16 bytes of a UUID. */
export function uuidBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function expand(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `codesight/${purpose}`, 32));
}

async function readOrMakeKeyFile(dataDir: string): Promise<z.infer<typeof KeyFile>> {
  const path = join(dataDir, 'keys.json');
  const generation = new Date().toISOString().slice(0, 7);
  const made = {
    current: generation,
    generations: { [generation]: randomBytes(32).toString('base64') },
  };
  await mkdir(dataDir, { recursive: true });
  const temporary = `${path}.${randomUUID()}`; // in containers, every process may be number 1
  await writeFile(temporary, JSON.stringify(made), { mode: 0o600, flush: true });
  try {
    await link(temporary, path); // whole or not at all; of two starting processes one wins
    return made;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(temporary);
  }
  const parsed = KeyFile.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (!parsed.success) throw new Error(`Expected master keys in ${path}: ${parsed.error.message}`);
  return parsed.data;
}
