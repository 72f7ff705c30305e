const rowsAtOnce = 5_000;

/**
 * Removes rows a piece at a time: all of a busy day in one statement would run into its time-out, day
 * after day.
 *
 * @param remove removes so many at most, and answers with how many it did
 * @returns how many were removed in all
 */
export async function removeInPieces(
  remove: (atOnce: number) => PromiseLike<number>,
  signal?: AbortSignal,
): Promise<number> {
  for (let removed = 0; ; ) {
    signal?.throwIfAborted();
    const count = await remove(rowsAtOnce);
    removed += count;
    if (count < rowsAtOnce) return removed;
  }
}
