import * as z from 'zod';
import { limits } from './limits.ts';
import { text } from './text.ts';
import { coverageCounts, frameCounts, mapWords, missedScreenshots } from './vocabulary.ts';

/** Absent means 0, so that older clients need not know a newer count. */
const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
  .nullish()
  .transform((number) => number ?? 0);

const counts = <T extends Record<string, string>>(words: T) =>
  z.object(mapWords(words, () => count));

/** What the recorder could not see in a session, by its own account. */
export const CoverageAccount = z.object({
  ...counts(coverageCounts).shape,
  frames: counts(frameCounts),
  /** By the moment they were for. */
  missedScreenshots: counts(missedScreenshots),
  /** What no count tells. */
  notes: z.array(text(limits.coverageNoteChars)).max(limits.coverageNotes).default([]),
});

export type CoverageAccount = z.infer<typeof CoverageAccount>;
