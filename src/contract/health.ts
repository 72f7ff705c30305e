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
  /** What sync compares. Absent from an older recorder. */
  sync: z
    .object({
      /** Of the last interaction that was numbered; 0 before the first. */
      lastSequence: count,
      /** Of the first interaction that waits; `null` when none does. */
      headSequence: count.nullish(),
      /** Nothing of the session waits, pictures and all. */
      isQueueEmpty: z.boolean(),
      /** Since the last attempt. */
      attemptAgeMs: count.nullish(),
      /** What it waits between attempts now. */
      retryIntervalMs: count.nullish(),
      /** Of its connection, since it was opened first. */
      reconnects: count,
      /** Of all interactions that were acknowledged to it. */
      digest: z
        .object({
          upTo: count,
          count,
          sum: z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits'),
          takenAt: z.iso.datetime({ offset: true }),
        })
        .nullish(),
    })
    .nullish(),
});

export type HealthSample = z.infer<typeof HealthSample>;
