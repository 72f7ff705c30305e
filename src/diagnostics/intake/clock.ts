/** A clock that is wrong by less than this is left alone: the way of the call takes time, too. */
const toleratedMs = 5_000;
/** How far back a report may lie: older ones are taken to be of then. */
const oldestMs = 30 * 86_400_000;
/** Between a future instant and now, after correction. */
const futureMs = 60_000;

/**
 * When something happened, by our clock: the reporter's clock is off by what it says the time was when
 * it sent (`sentAt`) against when that arrived. Bounded: never later than a minute from now, never
 * older than 30 days, however wrong the clock. Pure.
 *
 * @param sentAt by the reporter's clock, stamped at transmission; `null` corrects nothing
 */
export function correctedInstant(
  occurredAt: Date,
  { sentAt, receivedAt }: { sentAt: Date | null; receivedAt: Date },
): Date {
  const off = sentAt ? receivedAt.getTime() - sentAt.getTime() : 0;
  const at = occurredAt.getTime() + (Math.abs(off) > toleratedMs ? off : 0);
  const now = receivedAt.getTime();
  if (at > now + futureMs) return receivedAt;
  return new Date(Math.max(at, now - oldestMs));
}

/** Start of the hour. */
export function hourOf(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000);
}
