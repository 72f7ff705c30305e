let lastMs = 0;
let lastTail = 0n;
const words = new Uint32Array(256);
let nextWord = words.length;
const tailBits = 74n;
const tailMax = (1n << tailBits) - 1n;

/**
 * A new UUIDv7 (RFC 9562, section 5.7): ids sort by the time of their making, and strictly so within
 * one process, also within one millisecond and when the clock goes back (section 6.2, method 2).
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    lastTail = randomTail() >> 1n; // room to count up
  } else {
    lastTail += 1n + BigInt(randomWord());
    if (lastTail > tailMax) {
      lastMs += 1;
      lastTail = randomTail() >> 1n;
    }
  }
  const time = lastMs.toString(16).padStart(12, '0');
  const high = (0x7000n | (lastTail >> 62n)).toString(16);
  const low = ((0b10n << 62n) | (lastTail & ((1n << 62n) - 1n))).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${low.slice(0, 4)}-${low.slice(4)}`;
}

function randomTail(): bigint {
  const [a, b, c] = [randomWord(), randomWord(), randomWord()];
  return ((BigInt(a) << 64n) | (BigInt(b) << 32n) | BigInt(c)) & tailMax;
}

/** 32 random bits. Drawn many at a time: the call costs more than the numbers. */
function randomWord(): number {
  if (nextWord === words.length) {
    crypto.getRandomValues(words);
    nextWord = 0;
  }
  const word = words[nextWord] ?? 0;
  nextWord += 1;
  return word;
}
