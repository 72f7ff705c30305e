import * as z from 'zod';
import { Rectangle } from './interaction.ts';
import { limits } from './limits.ts';
import { sha256, shortText, address as url } from './text.ts';
import { dropReasons, maskKinds, screenshotTriggers, wordsOf } from './vocabulary.ts';

const scroll = z.number().min(-1e9).max(1e9).default(0);

/** A rectangle that hides something, in CSS pixels of the viewport. */
export const Mask = Rectangle.extend({ kind: z.enum(wordsOf(maskKinds)) });

export const imageTypes = ['image/webp', 'image/png', 'image/jpeg'] as const;

/** What is known of a screenshot; the bytes travel apart. */
export const ScreenshotRecord = z.object({
  id: z.uuid(),
  trigger: z.enum(wordsOf(screenshotTriggers)),
  interactionSequence: z.int().min(1).nullish(),
  burstId: z.uuid().nullish(),
  burstIndex: z.int().nonnegative().max(32_767).nullish(),
  burstTotal: z.int().positive().max(32_767).nullish(),
  capturedAt: z.iso.datetime({ offset: true }),
  frameAgeMs: z.int().nullish(),
  url,
  /** Device pixels. */
  width: z.int().positive().max(32_767),
  height: z.int().positive().max(32_767),
  devicePixelRatio: z.number().min(0.01).max(100),
  scrollX: scroll,
  scrollY: scroll,
  mimeType: z.enum(imageTypes),
  bytes: z.int().positive(),
  sha256,
  masks: z.array(Mask).max(limits.masksPerScreenshot).default([]),
});

/** What is known of a page snapshot; the HTML travels apart, as UTF-8. */
export const SnapshotRecord = z.object({
  id: z.uuid(),
  interactionSequence: z.int().min(1).nullish(),
  capturedAt: z.iso.datetime({ offset: true }),
  url,
  title: shortText.nullish(),
  bytes: z.int().positive().max(limits.snapshotBytes),
  sha256,
});

export const DroppedUpload = z.object({ id: z.uuid(), reason: z.enum(wordsOf(dropReasons)) });

export type Mask = z.infer<typeof Mask>;
export type ScreenshotRecord = z.infer<typeof ScreenshotRecord>;
export type SnapshotRecord = z.infer<typeof SnapshotRecord>;
export type DroppedUpload = z.infer<typeof DroppedUpload>;
