import * as z from 'zod';
import { shortText } from './text.ts';

const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const size = z
  .bigint()
  .min(0n)
  .max(2n ** 63n - 1n);

/** How a recorder gets on with sending, at one instant. */
export const HealthSample = z.object({
  sampledAt: z.iso.datetime({ offset: true }),
  /** Things that wait to be sent. */
  queueDepth: count,
  /** Of the oldest of them; `null` when nothing waits. */
  oldestAgeMs: count.nullish(),
  /** To send it, in a row, without success. */
  attempts: count,
  lastError: shortText.nullish(),
  /** Of the recorder, since the session began. */
  restarts: count,
  /** Bytes on the device. */
  storedBytes: size,
  /** Bytes that the browser allows; `null` when unknown. */
  quotaBytes: size.nullish(),
});

export type HealthSample = z.infer<typeof HealthSample>;
