import * as z from 'zod';
import { sha256 } from './text.ts';

export const audioTypes = ['audio/webm'] as const;

/** What is known of a stretch of sound; the bytes travel apart: Opus in WebM. */
export const AudioClipRecord = z.object({
  id: z.uuid(),
  startedAt: z.iso.datetime({ offset: true }),
  durationMs: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  mimeType: z.enum(audioTypes),
  bytes: z.int().positive(),
  sha256,
});

export type AudioClipRecord = z.infer<typeof AudioClipRecord>;
