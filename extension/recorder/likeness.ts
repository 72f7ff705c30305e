/** Sides of the small grey picture by which pictures are compared. */
export const thumbWidth = 32;
export const thumbHeight = 20;

/** Differences of grey, 0 to 255; what blinks and hovers stays below (STACK.md). */
const greatestMean = 0.5;
const greatestSingle = 24;

/** Grey values of RGBA pixels, by ITU-R BT.601. */
export function greyOf(rgba: Uint8ClampedArray): Uint8Array {
  const grey = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < grey.length; i++) {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(4 * i, 4 * i + 3);
    grey[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return grey;
}

/** Whether two small grey pictures show hardly a difference. Pure. */
export function isNearlySame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    if (difference > greatestSingle) return false;
    sum += difference;
  }
  return sum <= greatestMean * a.length;
}
