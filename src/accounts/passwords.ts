import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { sameBytes } from '../platform/keys.ts';

type Cost = { memory: number; passes: number; parallelism: number };

/**
 * 19 MiB, 2 passes, 1 lane: the first of the equal choices for argon2id of OWASP's Password Storage
 * Cheat Sheet, https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html.
 * About 60 ms on the machine of `STACK.md`.
 */
const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const version = 19; // 0x13, the only one that RFC 9106 describes
const saltBytes = 16;
const tagBytes = 32;
const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)$/;
const atOnce = 2; // of libuv's four threads, which files, DNS and compression need too
const derive = promisify(argon2);
const waiting: (() => void)[] = [];
let running = 0;

/** The password in PHC string format, under a new salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await tagOf(password, salt, tagBytes, cost);
  const parameters = `m=${cost.memory},t=${cost.passes},p=${cost.parallelism}`;
  return `$argon2id$v=${version}$${parameters}$${unpadded(salt)}$${unpadded(tag)}`;
}

/**
 * Whether the password is the one that was hashed. Takes as long for a user who does not exist, so
 * that the time does not tell.
 *
 * @param hash `null` for no such user: never true
 */
export async function verifyPassword(hash: string | null, password: string): Promise<boolean> {
  if (hash === null) {
    await tagOf(password, randomBytes(saltBytes), tagBytes, cost);
    return false;
  }
  const [, m, t, p, salt, tag] = phc.exec(hash) ?? [];
  if (!salt || !tag)
    throw new Error('Expected an argon2id hash in PHC string format, got another.');
  const expected = Buffer.from(tag, 'base64');
  const stored = { memory: Number(m), passes: Number(t), parallelism: Number(p) };
  return sameBytes(
    await tagOf(password, Buffer.from(salt, 'base64'), expected.length, stored),
    expected,
  );
}

/** NFKC, so that a password typed on another keyboard is the same one (NIST SP 800-63B-4, 3.1.1.2). */
async function tagOf(
  password: string,
  nonce: Buffer,
  tagLength: number,
  cost: Cost,
): Promise<Buffer> {
  const message = password.normalize('NFKC');
  if (running < atOnce) running += 1;
  else await new Promise<void>((go) => waiting.push(go));
  try {
    return await derive('argon2id', { message, nonce, tagLength, ...cost });
  } finally {
    const next = waiting.shift(); // takes over the place, so that nobody slips in between
    if (next) next();
    else running -= 1;
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
