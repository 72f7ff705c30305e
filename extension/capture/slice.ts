const slice = { until: 0, count: 0 };

/** Gives what follows so many milliseconds; what is left then goes on in the next slice. */
export function beginSlice(budgetMs: number): void {
  slice.until = performance.now() + budgetMs;
}

/** Milliseconds of the slice that are left. */
export function sliceLeft(): number {
  return slice.until - performance.now();
}

/** Whether the slice is over. Looks at the clock at every eighth call. */
export function isLate(): boolean {
  slice.count += 1;
  return slice.count % 8 === 0 && performance.now() > slice.until;
}
