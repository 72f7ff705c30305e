/** The middle value; of an even number the mean of the middle two. */
export function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (low + (sorted[Math.floor(middle)] ?? low)) / 2;
}

/** The value that a share of the others does not exceed (nearest rank). @param share 0 to 1 */
export function quantileOf(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function sumOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** So many significant digits, for figures that programs read. */
export function precise(value: number, digits = 4): number {
  return Number(value.toPrecision(digits));
}
