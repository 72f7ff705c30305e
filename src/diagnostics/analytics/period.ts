import { InvalidInputError } from '../../lib/errors.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;

/** A stretch of time, `to` exclusive, and the one it is compared with. */
export type Period = { from: Date; to: Date; beforeFrom: Date; beforeTo: Date };

export type Bucket = 'HOUR' | 'DAY';

/** Points that a series may have. */
const maxPoints = { HOUR: 31 * 24, DAY: 400 };

/**
 * The period that is asked for, in whole buckets of UTC, and the same hours of the same weekdays before
 * it: a week earlier, or as many weeks as the period is long. Default: the last seven days.
 *
 * @throws {InvalidInputError} it ends before it begins, or has too many buckets
 */
export function periodOf(
  { from, to }: { from?: Date | null; to?: Date | null },
  bucket: Bucket,
  now = new Date(),
): Period {
  const size = bucket === 'HOUR' ? hourMs : dayMs;
  const end = Math.ceil((to ?? now).getTime() / size) * size;
  const begin = from ? Math.floor(from.getTime() / size) * size : end - weekMs;
  const points = (end - begin) / size;
  if (!(points > 0))
    throw new InvalidInputError('where.from', 'Expected an instant before where.to.');
  if (points > maxPoints[bucket])
    throw new InvalidInputError(
      'where.from',
      `Expected at most ${maxPoints[bucket]} buckets of a ${bucket}, got ${points}.`,
    );
  const shift = Math.ceil((end - begin) / weekMs) * weekMs;
  return {
    from: new Date(begin),
    to: new Date(end),
    beforeFrom: new Date(begin - shift),
    beforeTo: new Date(end - shift),
  };
}

/** How a count changed: 1 is twice as many, −1 is none any more. `null` when there were none before. */
export function changeOf(count: number, before: number): number | null {
  return before === 0 ? null : (count - before) / before;
}
