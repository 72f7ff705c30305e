/** Sides of the small grey picture by which pictures are compared. */
export const thumbWidth = 256;
export const thumbHeight = 160;

/** Of differences of grey, 0 to 255. */
type Bounds = { cell: number; mean: number; single: number };

/** On 32×20: what blinks, moves a little or is hovered stays below (STACK.md). */
const hardly: Bounds = { cell: 8, mean: 0.5, single: 24 };

/** On 256×160: a digit that changed is above. */
const barely: Bounds = { cell: 1, mean: 0.5, single: 24 };

/** Grey values of RGBA pixels, by ITU-R BT.601. */
export function greyOf(rgba: Uint8ClampedArray): Uint8Array {
  const grey = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < grey.length; i++) {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(4 * i, 4 * i + 3);
    grey[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return grey;
}

/**
 * Whether two small grey pictures show hardly a difference. Pure.
 *
 * @param isAnswer one of them shows what an action did, which may be little
 */
export function isNearlySame(a: Uint8Array, b: Uint8Array, isAnswer = false): boolean {
  if (a.length !== b.length) return false;
  const { cell, mean, single } = isAnswer ? barely : hardly;
  const [first, second] = [coarser(a, cell), coarser(b, cell)];
  let sum = 0;
  for (let i = 0; i < first.length; i++) {
    const difference = Math.abs((first[i] ?? 0) - (second[i] ?? 0));
    if (difference > single) return false;
    sum += difference;
  }
  return sum <= mean * first.length;
}

/** Means over squares of `cell` by `cell`. */
function coarser(grey: Uint8Array, cell: number): ArrayLike<number> {
  if (cell === 1) return grey;
  const width = thumbWidth / cell;
  const means = new Float32Array(grey.length / cell ** 2);
  for (let i = 0; i < grey.length; i++) {
    const x = Math.floor((i % thumbWidth) / cell);
    const y = Math.floor(i / thumbWidth / cell);
    means[y * width + x] = (means[y * width + x] ?? 0) + (grey[i] ?? 0) / cell ** 2;
  }
  return means;
}
