import { imageTypes } from '../contract/image.ts';
import { maskKinds, screenshotTriggers } from '../contract/vocabulary.ts';
import { builder } from '../graphql/builder.ts';
import { describe } from '../graphql/describe.ts';
import type { UploadRejection, UploadSlot, UploadSlots } from './slots.ts';

export const ScreenshotTrigger = builder.enumType('ScreenshotTrigger', {
  description: 'Why a picture was taken.',
  values: describe(screenshotTriggers),
});
const MaskKind = builder.enumType('MaskKind', {
  description: 'What a mask hides.',
  values: describe(maskKinds),
});
export const UploadState = builder.enumType('UploadState', {
  description: 'What became of the bytes.',
  values: {
    PENDING: { description: 'The bytes have not arrived.' },
    STORED: { description: 'The bytes are stored.' },
    DROPPED: { description: 'The client cannot send them and said why.' },
    DAMAGED: { description: 'The bytes arrived and are no usable picture.' },
  },
});
const UploadKind = builder.enumType('UploadKind', {
  description: 'What an upload is.',
  values: {
    SCREENSHOT: { description: 'A picture.' },
    SNAPSHOT: { description: 'The HTML of a page.' },
    AUDIO_CLIP: { description: 'A stretch of sound.' },
  },
});

const Mask = builder
  .objectRef<{ x: number; y: number; width: number; height: number; kind: keyof typeof maskKinds }>(
    'Mask',
  )
  .implement({
    description: 'A rectangle that hides something, in CSS pixels of the viewport.',
    fields: (t) => ({
      x: t.exposeFloat('x', { description: 'Left edge.' }),
      y: t.exposeFloat('y', { description: 'Top edge.' }),
      width: t.exposeFloat('width', { description: 'Width.' }),
      height: t.exposeFloat('height', { description: 'Height.' }),
      kind: t.expose('kind', { type: MaskKind, description: 'What it hides.' }),
    }),
  });

/** How long a signed URL for reading is good. */
export const readMinutes = 10;

export const Screenshot = builder.prismaObject('Screenshot', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the recorder.' }),
    trigger: t.expose('trigger', { type: ScreenshotTrigger, description: 'Why it was taken.' }),
    interactionSequence: t.exposeInt('interactionSequence', { nullable: true }),
    burstId: t.exposeID('burstId', { nullable: true }),
    burstIndex: t.exposeInt('burstIndex', { nullable: true }),
    burstTotal: t.exposeInt('burstTotal', { nullable: true }),
    capturedAt: t.expose('capturedAt', { type: 'DateTime' }),
    frameAgeMs: t.exposeInt('frameAgeMs', { nullable: true }),
    pageUrl: t.exposeString('url', { description: 'Address of the page, redacted.' }),
    width: t.exposeInt('width'),
    height: t.exposeInt('height'),
    devicePixelRatio: t.exposeFloat('devicePixelRatio'),
    scrollX: t.exposeFloat('scrollX', { description: 'CSS pixels scrolled to the right.' }),
    scrollY: t.exposeFloat('scrollY', { description: 'CSS pixels scrolled down.' }),
    mimeType: t.exposeString('mimeType'),
    originalBytes: t.exposeInt('originalBytes'),
    storedBytes: t.exposeInt('storedBytes', { nullable: true }),
    compressionRatio: t.exposeFloat('compressionRatio', { nullable: true }),
    contentScore: t.exposeFloat('contentScore', { nullable: true }),
    masks: t.field({
      type: [Mask],
      description: 'What was hidden in it.',
      select: { masks: true },
      resolve: ({ masks }) => (Array.isArray(masks) ? (masks as (typeof Mask.$inferType)[]) : []),
    }),
    redactedAt: t.expose('redactedAt', { type: 'DateTime', nullable: true }),
    upload: t.expose('upload', { type: UploadState, description: 'What became of the bytes.' }),
    problem: t.exposeString('problem', { nullable: true }),
    url: t.string({
      nullable: true,
      description:
        'Signed address of the picture, good for ten minutes; relative to the server. `null` until its masks are painted over.',
      select: { id: true, objectKey: true, redactedAt: true },
      resolve: ({ id, objectKey, redactedAt }, _args, { app }) =>
        objectKey && redactedAt
          ? app.signer.sign({ action: 'read-screenshot', id }, inMinutes(readMinutes))
          : null,
    }),
  }),
});

export const PageSnapshot = builder.prismaObject('PageSnapshot', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the recorder.' }),
    interactionSequence: t.exposeInt('interactionSequence', { nullable: true }),
    capturedAt: t.expose('capturedAt', { type: 'DateTime' }),
    pageUrl: t.exposeString('url', { description: 'Address of the page, redacted.' }),
    title: t.exposeString('title', { nullable: true }),
    originalBytes: t.exposeInt('originalBytes'),
    storedBytes: t.exposeInt('storedBytes', {
      nullable: true,
      description:
        'Size as stored, in bytes; 0 where an equal page of the session carries it. `null` until the bytes have arrived.',
    }),
    upload: t.expose('upload', { type: UploadState, description: 'What became of the bytes.' }),
    problem: t.exposeString('problem', { nullable: true }),
    url: t.string({
      nullable: true,
      description:
        'Signed address of the HTML, good for ten minutes; relative to the server. `null` until the bytes have arrived.',
      select: { id: true, objectKey: true },
      resolve: ({ id, objectKey }, _args, { app }) =>
        objectKey ? app.signer.sign({ action: 'read-snapshot', id }, inMinutes(readMinutes)) : null,
    }),
  }),
});

const Slot = builder.objectRef<UploadSlot>('UploadSlot').implement({
  description: 'Where the bytes of one thing go: `PUT` them to `url`, as they were announced.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The screenshot, snapshot or audio clip.' }),
    kind: t.expose('kind', { type: UploadKind, description: 'What it is.' }),
    url: t.exposeString('url', {
      description: 'Signed address, relative to the server. It is the only right the upload needs.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'From then on the address is refused; announce or confirm again for a new one.',
    }),
    maxBytes: t.exposeInt('maxBytes', { description: 'Largest accepted body, in bytes.' }),
  }),
});

const Rejection = builder.objectRef<UploadRejection>('UploadRejection').implement({
  description: 'One thing that was refused; the others of the call were taken.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Which one.' }),
    code: t.exposeString('code', { description: 'TOO_LARGE, INVALID, ID_TAKEN or NOT_ANNOUNCED.' }),
    message: t.exposeString('message', { description: 'What was expected and what came.' }),
  }),
});

export { Slot as UploadSlotType };

export const UploadSlotsType = builder.objectRef<UploadSlots>('UploadSlots').implement({
  description: 'What the server holds of the named things, and where the rest goes.',
  fields: (t) => ({
    slots: t.expose('slots', { type: [Slot], description: 'What still lacks its bytes.' }),
    stored: t.exposeIDList('stored', { description: 'What needs no upload: stored or dropped.' }),
    rejected: t.expose('rejected', {
      type: [Rejection],
      description: 'What was refused, with the reason.',
    }),
  }),
});

// ── What comes in ─────────────────────────────────────────────────────────────────────────────────

const MaskInput = builder.inputType('MaskInput', {
  description: 'A rectangle to hide, in CSS pixels of the viewport.',
  fields: (t) => ({
    x: t.float({ required: true, description: 'Left edge.' }),
    y: t.float({ required: true, description: 'Top edge.' }),
    width: t.float({ required: true, description: 'Width, not negative.' }),
    height: t.float({ required: true, description: 'Height, not negative.' }),
    kind: t.field({ type: MaskKind, required: true, description: 'What it hides.' }),
  }),
});

export const ScreenshotInput = builder.inputType('ScreenshotInput', {
  description: 'What is known of a picture; the bytes follow by `PUT`.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID made by the recorder, the same at every repeat.',
    }),
    trigger: t.field({ type: ScreenshotTrigger, required: true, description: 'Why it was taken.' }),
    interactionSequence: t.int({ description: 'The interaction it belongs to.' }),
    burstId: t.id({ description: 'The burst it belongs to.' }),
    burstIndex: t.int({ description: 'Place in the burst, from 0.' }),
    burstTotal: t.int({ description: 'Pictures in the burst.' }),
    capturedAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant it was taken, by the client’s clock.',
    }),
    frameAgeMs: t.int({
      description: 'Age of the frame when the action happened, in milliseconds.',
    }),
    url: t.string({ required: true, description: 'Address of the page.' }),
    width: t.int({ required: true, description: 'Width in device pixels.' }),
    height: t.int({ required: true, description: 'Height in device pixels.' }),
    devicePixelRatio: t.float({ required: true, description: 'Device pixels per CSS pixel.' }),
    scrollX: t.float({ description: 'CSS pixels scrolled to the right. Absent means 0.' }),
    scrollY: t.float({ description: 'CSS pixels scrolled down. Absent means 0.' }),
    mimeType: t.string({
      required: true,
      description: `Media type of the bytes: ${imageTypes.join(', ')}.`,
    }),
    bytes: t.int({ required: true, description: 'Size, in bytes.' }),
    sha256: t.string({
      required: true,
      description: 'SHA-256 of the bytes, 64 lower-case hexadecimal digits.',
    }),
    masks: t.field({ type: [MaskInput], description: 'Rectangles to paint over, at most 500.' }),
  }),
});

export const SnapshotInput = builder.inputType('SnapshotInput', {
  description: 'What is known of a page snapshot; the HTML follows by `PUT`, as UTF-8.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID made by the recorder, the same at every repeat.',
    }),
    interactionSequence: t.int({ description: 'The interaction before which it was taken.' }),
    capturedAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant it was taken, by the client’s clock.',
    }),
    url: t.string({ required: true, description: 'Address of the page.' }),
    title: t.string({ description: 'Title of the page.' }),
    bytes: t.int({ required: true, description: 'Size of the HTML, in bytes, at most 8 MiB.' }),
    sha256: t.string({
      required: true,
      description: 'SHA-256 of the HTML, 64 lower-case hexadecimal digits.',
    }),
  }),
});

export function inMinutes(minutes: number): Date {
  return new Date(Date.now() + minutes * 60_000);
}
