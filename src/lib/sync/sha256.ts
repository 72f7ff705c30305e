const encoder = new TextEncoder();
const blockBytes = 64;
const lengthBytes = 8;

/** Fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2). */
const constants = new Int32Array(64);
/** Fractional parts of the square roots of the first eight (section 5.3.3). */
const initial = new Int32Array(8);
for (let candidate = 2, found = 0; found < 64; candidate += 1) {
  if (!isPrime(candidate)) continue;
  constants[found] = fractionOf(Math.cbrt(candidate));
  if (found < 8) initial[found] = fractionOf(Math.sqrt(candidate));
  found += 1;
}

const schedule = new Int32Array(64);

/**
 * SHA-256 of a text in UTF-8 (FIPS 180-4), at once: `crypto.subtle` answers later, and a transaction of
 * IndexedDB is over by then.
 */
export function sha256Of(text: string): Uint8Array {
  const message = encoder.encode(text);
  const blocks = Math.ceil((message.length + 1 + lengthBytes) / blockBytes);
  const padded = new Uint8Array(blocks * blockBytes);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - lengthBytes, BigInt(message.length) * 8n);
  const state = initial.slice();
  for (let from = 0; from < padded.length; from += blockBytes) compress(state, view, from);
  const hash = new Uint8Array(32);
  const out = new DataView(hash.buffer);
  for (const [index, word] of state.entries()) out.setInt32(index * 4, word);
  return hash;
}

function compress(state: Int32Array, view: DataView, from: number): void {
  const w = schedule;
  for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(from + t * 4);
  for (let t = 16; t < 64; t += 1) {
    const back15 = at(w, t - 15);
    const back2 = at(w, t - 2);
    const small0 = turn(back15, 7) ^ turn(back15, 18) ^ (back15 >>> 3);
    const small1 = turn(back2, 17) ^ turn(back2, 19) ^ (back2 >>> 10);
    w[t] = (at(w, t - 16) + small0 + at(w, t - 7) + small1) | 0;
  }
  let [a, b, c, d] = [at(state, 0), at(state, 1), at(state, 2), at(state, 3)];
  let [e, f, g, h] = [at(state, 4), at(state, 5), at(state, 6), at(state, 7)];
  for (let t = 0; t < 64; t += 1) {
    const large1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const first = (h + large1 + ((e & f) ^ (~e & g)) + at(constants, t) + at(w, t)) | 0;
    const large0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const second = (large0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries())
    state[index] = (at(state, index) + word) | 0;
}

/** The first 32 bits of the fraction. */
function fractionOf(root: number): number {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}

function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function at(words: Int32Array, index: number): number {
  return words[index] ?? 0;
}

function isPrime(candidate: number): boolean {
  for (let factor = 2; factor * factor <= candidate; factor += 1)
    if (candidate % factor === 0) return false;
  return true;
}
