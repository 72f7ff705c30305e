/** What a rule has sent to a channel of late. */
export type Cap = {
  /** Instants of the last messages, oldest first; at most ten. */
  sentAt: Date[];
  /** The digest that gathers what is over the cap. `null` while nothing is. */
  digestId: string | null;
};

/** Messages of one rule to one channel in a span. */
export const capMessages = 10;
/** The span, in milliseconds. */
export const capMs = 5 * 60_000;

/**
 * Whether one more message goes out now, is gathered by the digest that waits, or begins one. While a
 * digest waits, all goes into it. Pure.
 *
 * @param newDigestId id of a digest, should this begin one
 */
export function admit(
  cap: Cap,
  at: Date,
  newDigestId: string,
): { how: 'SEND' | 'HOLD' | 'BEGIN_DIGEST'; cap: Cap; digestDueAt: Date } {
  const sentAt = cap.sentAt.filter((sent) => at.getTime() - sent.getTime() < capMs);
  const digestDueAt = new Date((sentAt[0] ?? at).getTime() + capMs);
  if (cap.digestId !== null) return { how: 'HOLD', cap, digestDueAt };
  if (sentAt.length < capMessages)
    return { how: 'SEND', cap: { sentAt: [...sentAt, at], digestId: null }, digestDueAt };
  return { how: 'BEGIN_DIGEST', cap: { sentAt, digestId: newDigestId }, digestDueAt };
}
