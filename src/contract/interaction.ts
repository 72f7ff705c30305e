import * as z from 'zod';
import { limits } from './limits.ts';
import { shortText as name, text, address as url } from './text.ts';
import { dropReasons, interactionTypes, selectorStrategies, wordsOf } from './vocabulary.ts';

/** CSS pixels; the origin is the top left corner of the viewport. */
export const Rectangle = z.object({
  x: z.number(),
  y: z.number(),
  width: z.number().nonnegative(),
  height: z.number().nonnegative(),
});

/** One step from the top page into a frame. */
export const FrameStep = z.object({
  /** Place among the frames of its parent, from 0. */
  index: z.int().nonnegative(),
  name: name.nullish(),
  url: url.nullish(),
  /** CSS selector of the frame element in its parent. */
  selector: text(limits.selectorChars).nullish(),
});

export const Target = z.object({
  /** Lower-case tag name. */
  tag: text(128),
  role: name.nullish(),
  name: name.nullish(),
  /** Visible text, shortened. */
  text: text(4_096).nullish(),
  /** Value of a field after the action, masked where it is personal. */
  value: text(4_096).nullish(),
  attributes: z.record(z.string(), z.string()).nullish(),
  rectangle: Rectangle.nullish(),
  isVisible: z.boolean().nullish(),
  /** `data-cs-ref` of the target in the snapshot of the page before the action. */
  ref: text(32).nullish(),
});

export const Selector = z.object({
  strategy: z.enum(wordsOf(selectorStrategies)),
  value: text(limits.selectorChars).min(1),
  /** Elements that matched at the moment of the action; 100: as many or more. `null` when nobody counted. */
  matchCount: z.int().nonnegative().nullish(),
  /** 0 to 1. */
  confidence: z.number().min(0).max(1).nullish(),
});

/** CSS pixels. `client` counts from the viewport, `page` from the document, `offset` from the target. */
export const Pointer = z.object({
  clientX: z.number().nullish(),
  clientY: z.number().nullish(),
  pageX: z.number().nullish(),
  pageY: z.number().nullish(),
  offsetX: z.number().nullish(),
  offsetY: z.number().nullish(),
  /** As `MouseEvent.button`: 0 primary, 1 middle, 2 secondary. */
  button: z.int().nullish(),
});

export const Modifiers = z.object({
  alt: z.boolean().nullish(),
  control: z.boolean().nullish(),
  meta: z.boolean().nullish(),
  shift: z.boolean().nullish(),
});

export const PageState = z.object({
  url: url.nullish(),
  title: name.nullish(),
  scrollX: z.number().nullish(),
  scrollY: z.number().nullish(),
  viewportWidth: z.number().nullish(),
  viewportHeight: z.number().nullish(),
  devicePixelRatio: z.number().nullish(),
  /** CSS selector of the focused element. */
  activeElement: text(limits.selectorChars).nullish(),
  visibleElements: z.int().nullish(),
  snapshotId: z.uuid().nullish(),
  screenshotId: z.uuid().nullish(),
  /** Age of the screenshot when the action happened, in milliseconds. */
  frameAgeMs: z.int().nullish(),
});

/** What is sealed: everything about an interaction that no filter and no order needs. */
export const InteractionDetail = z.object({
  frame: z.array(FrameStep).max(16).default([]),
  target: Target.nullish(),
  selectors: z.array(Selector).max(limits.selectorsPerInteraction).default([]),
  pointer: Pointer.nullish(),
  /** The key that was pressed, as `KeyboardEvent.key`; for `KEY_PRESS` only. */
  key: text(64).nullish(),
  /** What was typed or chosen, masked where it is personal. */
  value: text(4_096).nullish(),
  before: PageState.nullish(),
  after: PageState.nullish(),
  /** What else the recorder knew of the page; unknown fields of other recorders come here. */
  context: z.unknown().optional(),
  /** What else the recorder knew of the element. */
  elementAnalysis: z.unknown().optional(),
});

/** One interaction as a client sends it. */
export const InteractionRecord = InteractionDetail.extend({
  id: z.uuid(),
  sequence: z.int().min(1).max(limits.sequence),
  type: z.enum(wordsOf(interactionTypes)),
  occurredAt: z.iso.datetime({ offset: true }),
  sessionTimeMs: z.int().nonnegative(),
  url,
  pageTitle: name.nullish(),
  modifiers: Modifiers.nullish(),
  isVisible: z.boolean().nullish(),
  confidence: z.number().min(0).max(1).default(1),
});

/** Stands for an interaction that the client cannot send, so that the sequence stays whole. */
export const Tombstone = z.object({
  sequence: z.int().min(1).max(limits.sequence),
  dropped: z.enum(wordsOf(dropReasons)),
});

export type Rectangle = z.infer<typeof Rectangle>;
export type FrameStep = z.infer<typeof FrameStep>;
export type Target = z.infer<typeof Target>;
export type Selector = z.infer<typeof Selector>;
export type Pointer = z.infer<typeof Pointer>;
export type Modifiers = z.infer<typeof Modifiers>;
export type PageState = z.infer<typeof PageState>;
export type InteractionDetail = z.infer<typeof InteractionDetail>;
export type InteractionRecord = z.infer<typeof InteractionRecord>;
export type Tombstone = z.infer<typeof Tombstone>;
