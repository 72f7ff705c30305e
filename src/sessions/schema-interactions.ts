import { dropReasons, interactionTypes, selectorStrategies } from '../contract/vocabulary.ts';
import { builder } from '../graphql/builder.ts';
import { type Context, onceFor } from '../graphql/context.ts';
import { describe } from '../graphql/describe.ts';
import { type DetailLoader, makeDetailLoader, place, type StoredDetail } from './details.ts';

export const InteractionType = builder.enumType('InteractionType', {
  description: 'What happened.',
  values: describe(interactionTypes),
});
export const SelectorStrategy = builder.enumType('SelectorStrategy', {
  description: 'How a selector finds its target.',
  values: describe(selectorStrategies),
});
export const DropReason = builder.enumType('DropReason', {
  description: 'Why a client could not send something.',
  values: describe(dropReasons),
});

// ── What goes out ─────────────────────────────────────────────────────────────────────────────────

type Detail<K extends keyof StoredDetail> = NonNullable<StoredDetail[K]>;

const Rectangle = builder
  .objectRef<{ x: number; y: number; width: number; height: number }>('Rectangle')
  .implement({
    description: 'A rectangle in CSS pixels; the origin is the top left corner of the viewport.',
    fields: (t) => ({
      x: t.exposeFloat('x', { description: 'Left edge.' }),
      y: t.exposeFloat('y', { description: 'Top edge.' }),
      width: t.exposeFloat('width', { description: 'Width.' }),
      height: t.exposeFloat('height', { description: 'Height.' }),
    }),
  });

const FrameStep = builder.objectRef<Detail<'frame'>[number]>('FrameStep').implement({
  description: 'One step from the top page into a frame.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Place among the frames of its parent, from 0.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'Name of the frame; `null` when it has none.',
    }),
    url: t.exposeString('url', {
      nullable: true,
      description: 'Address of the frame, redacted; `null` when unknown.',
    }),
    selector: t.exposeString('selector', {
      nullable: true,
      description: 'CSS selector of the frame element in its parent; `null` when unknown.',
    }),
  }),
});

const Target = builder.objectRef<Detail<'target'>>('Target').implement({
  description: 'The element that an interaction was about.',
  fields: (t) => ({
    tag: t.exposeString('tag', { description: 'Lower-case tag name.' }),
    role: t.exposeString('role', {
      nullable: true,
      description: 'Role by ARIA; `null` when it has none.',
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'Accessible name, redacted; `null` when it has none.',
    }),
    text: t.exposeString('text', {
      nullable: true,
      description: 'Visible text, shortened and redacted; `null` when it has none.',
    }),
    value: t.exposeString('value', {
      nullable: true,
      description:
        'Value of a field after the action, masked where it is personal; `null` for what is no field.',
    }),
    attributes: t.expose('attributes', {
      type: 'JSON',
      nullable: true,
      description: 'Attributes by name, redacted; `null` when none were recorded.',
    }),
    rectangle: t.expose('rectangle', {
      type: Rectangle,
      nullable: true,
      description: 'Where it was; `null` when unknown.',
    }),
    isVisible: t.exposeBoolean('isVisible', {
      nullable: true,
      description: 'Whether it could be seen; `null` when that was not observed.',
    }),
    ref: t.exposeString('ref', {
      nullable: true,
      description:
        '`data-cs-ref` of the element in the snapshot of the page before the action; `null` without a snapshot.',
    }),
  }),
});

const Selector = builder.objectRef<Detail<'selectors'>[number]>('Selector').implement({
  description: 'One way to find the target again.',
  fields: (t) => ({
    strategy: t.expose('strategy', {
      type: SelectorStrategy,
      description: 'How it finds the target.',
    }),
    value: t.exposeString('value', { description: 'The selector.' }),
    matchCount: t.exposeInt('matchCount', {
      nullable: true,
      description:
        'Elements that matched at the moment of the action; 100: as many or more. `null` when nobody counted.',
    }),
    confidence: t.exposeFloat('confidence', {
      nullable: true,
      description: 'How likely it still finds the target later, 0 to 1; `null` when not judged.',
    }),
  }),
});

const Pointer = builder.objectRef<Detail<'pointer'>>('Pointer').implement({
  description:
    'Where the pointer was, in CSS pixels. A coordinate is `null` when it was not recorded.',
  fields: (t) => ({
    clientX: t.exposeFloat('clientX', {
      nullable: true,
      description: 'From the left of the viewport.',
    }),
    clientY: t.exposeFloat('clientY', {
      nullable: true,
      description: 'From the top of the viewport.',
    }),
    pageX: t.exposeFloat('pageX', {
      nullable: true,
      description: 'From the left of the document.',
    }),
    pageY: t.exposeFloat('pageY', { nullable: true, description: 'From the top of the document.' }),
    offsetX: t.exposeFloat('offsetX', {
      nullable: true,
      description: 'From the left of the target.',
    }),
    offsetY: t.exposeFloat('offsetY', {
      nullable: true,
      description: 'From the top of the target.',
    }),
    button: t.exposeInt('button', {
      nullable: true,
      description: 'Button as in `MouseEvent.button`: 0 primary, 1 middle, 2 secondary.',
    }),
  }),
});

const Modifiers = builder.objectRef<{ bits: number }>('Modifiers').implement({
  description: 'Keys that were held.',
  fields: (t) => ({
    alt: t.boolean({ description: 'Alt or Option.', resolve: ({ bits }) => (bits & 1) !== 0 }),
    control: t.boolean({ description: 'Control.', resolve: ({ bits }) => (bits & 2) !== 0 }),
    meta: t.boolean({
      description: 'Command or Windows.',
      resolve: ({ bits }) => (bits & 4) !== 0,
    }),
    shift: t.boolean({ description: 'Shift.', resolve: ({ bits }) => (bits & 8) !== 0 }),
  }),
});

const PageState = builder.objectRef<Detail<'before'>>('PageState').implement({
  description: 'The page at one moment. A field is `null` when it was not recorded.',
  fields: (t) => ({
    url: t.exposeString('url', { nullable: true, description: 'Address, redacted.' }),
    title: t.exposeString('title', { nullable: true, description: 'Title, redacted.' }),
    scrollX: t.exposeFloat('scrollX', {
      nullable: true,
      description: 'CSS pixels scrolled to the right.',
    }),
    scrollY: t.exposeFloat('scrollY', { nullable: true, description: 'CSS pixels scrolled down.' }),
    viewportWidth: t.exposeFloat('viewportWidth', {
      nullable: true,
      description: 'Width of the viewport in CSS pixels.',
    }),
    viewportHeight: t.exposeFloat('viewportHeight', {
      nullable: true,
      description: 'Height of the viewport in CSS pixels.',
    }),
    devicePixelRatio: t.exposeFloat('devicePixelRatio', {
      nullable: true,
      description: 'Device pixels per CSS pixel.',
    }),
    activeElement: t.exposeString('activeElement', {
      nullable: true,
      description: 'CSS selector of the focused element.',
    }),
    visibleElements: t.exposeInt('visibleElements', {
      nullable: true,
      description: 'Elements that could be seen.',
    }),
    snapshotId: t.exposeID('snapshotId', { nullable: true, description: 'Snapshot of the page.' }),
    screenshotId: t.exposeID('screenshotId', {
      nullable: true,
      description: 'Picture of the page.',
    }),
    frameAgeMs: t.exposeInt('frameAgeMs', {
      nullable: true,
      description: 'Age of the picture when the action happened, in milliseconds.',
    }),
  }),
});

function detailOf(
  row: Parameters<DetailLoader['load']>[0],
  context: Context,
): Promise<StoredDetail> {
  return onceFor(context, makeDetailLoader).load(row);
}

export const Interaction = builder.prismaObject('Interaction', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Made by the recorder.' }),
    sequence: t.exposeInt('sequence'),
    type: t.expose('type', {
      type: InteractionType,
      description: 'What happened. `OTHER` for a tombstone.',
    }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    sessionTimeMs: t.exposeInt('sessionTimeMs'),
    url: t.exposeString('url'),
    site: t.exposeString('site'),
    pageTitle: t.exposeString('pageTitle', { nullable: true }),
    isVisible: t.exposeBoolean('isVisible', { nullable: true }),
    confidence: t.exposeFloat('confidence'),
    dropped: t.exposeString('dropped', { nullable: true }),
    modifiers: t.field({
      type: Modifiers,
      description: 'Keys that were held.',
      select: { modifiers: true },
      resolve: ({ modifiers }) => ({ bits: modifiers }),
    }),
    frame: t.field({
      type: [FrameStep],
      description: 'The way from the top page into the frame; empty in the top page.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).frame ?? [],
    }),
    target: t.field({
      type: Target,
      nullable: true,
      description: 'The element it was about; `null` when there was none.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).target ?? null,
    }),
    selectors: t.field({
      type: [Selector],
      description: 'Ways to find the target again, most reliable first as the recorder saw it.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).selectors ?? [],
    }),
    pointer: t.field({
      type: Pointer,
      nullable: true,
      description: 'Where the pointer was; `null` without a pointer.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).pointer ?? null,
    }),
    key: t.string({
      nullable: true,
      description:
        'The key that was pressed, as `KeyboardEvent.key`; `null` unless the type is `KEY_PRESS`.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).key ?? null,
    }),
    value: t.string({
      nullable: true,
      description:
        'What was typed or chosen, masked where it is personal; `null` when nothing was.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).value ?? null,
    }),
    before: t.field({
      type: PageState,
      nullable: true,
      description: 'The page strictly before the action; `null` when it was not recorded.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).before ?? null,
    }),
    after: t.field({
      type: PageState,
      nullable: true,
      description: 'The page after the action; `null` when it was not recorded.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).after ?? null,
    }),
    context: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'What else the recorder knew of the page, redacted; unknown fields of other recorders are kept here. `null` when nothing.',
      select: place,
      resolve: async (row, _args, context) => (await detailOf(row, context)).context ?? null,
    }),
    elementAnalysis: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What else the recorder knew of the element, redacted. `null` when nothing.',
      select: place,
      resolve: async (row, _args, context) =>
        (await detailOf(row, context)).elementAnalysis ?? null,
    }),
  }),
});

// ── What comes in ─────────────────────────────────────────────────────────────────────────────────

const RectangleInput = builder.inputType('RectangleInput', {
  description: 'A rectangle in CSS pixels; the origin is the top left corner of the viewport.',
  fields: (t) => ({
    x: t.float({ required: true, description: 'Left edge.' }),
    y: t.float({ required: true, description: 'Top edge.' }),
    width: t.float({ required: true, description: 'Width, not negative.' }),
    height: t.float({ required: true, description: 'Height, not negative.' }),
  }),
});

const FrameStepInput = builder.inputType('FrameStepInput', {
  description: 'One step from the top page into a frame.',
  fields: (t) => ({
    index: t.int({ required: true, description: 'Place among the frames of its parent, from 0.' }),
    name: t.string({ description: 'Name of the frame.' }),
    url: t.string({ description: 'Address of the frame.' }),
    selector: t.string({ description: 'CSS selector of the frame element in its parent.' }),
  }),
});

const TargetInput = builder.inputType('TargetInput', {
  description: 'The element that the interaction was about.',
  fields: (t) => ({
    tag: t.string({ required: true, description: 'Lower-case tag name.' }),
    role: t.string({ description: 'Role by ARIA.' }),
    name: t.string({ description: 'Accessible name.' }),
    text: t.string({ description: 'Visible text, shortened.' }),
    value: t.string({
      description: 'Value of a field after the action, masked where it is personal.',
    }),
    attributes: t.field({ type: 'JSON', description: 'Attributes by name.' }),
    rectangle: t.field({ type: RectangleInput, description: 'Where it was.' }),
    isVisible: t.boolean({ description: 'Whether it could be seen.' }),
    ref: t.string({
      description: '`data-cs-ref` of the element in the snapshot of the page before the action.',
    }),
  }),
});

const SelectorInput = builder.inputType('SelectorInput', {
  description: 'One way to find the target again.',
  fields: (t) => ({
    strategy: t.field({
      type: SelectorStrategy,
      required: true,
      description: 'How it finds the target.',
    }),
    value: t.string({ required: true, description: 'The selector, at most 2,048 characters.' }),
    matchCount: t.int({
      description: 'Elements that matched at the moment of the action; 100: as many or more.',
    }),
    confidence: t.float({ description: 'How likely it still finds the target later, 0 to 1.' }),
  }),
});

const PointerInput = builder.inputType('PointerInput', {
  description: 'Where the pointer was, in CSS pixels.',
  fields: (t) => ({
    clientX: t.float({ description: 'From the left of the viewport.' }),
    clientY: t.float({ description: 'From the top of the viewport.' }),
    pageX: t.float({ description: 'From the left of the document.' }),
    pageY: t.float({ description: 'From the top of the document.' }),
    offsetX: t.float({ description: 'From the left of the target.' }),
    offsetY: t.float({ description: 'From the top of the target.' }),
    button: t.int({ description: 'Button as in `MouseEvent.button`.' }),
  }),
});

const ModifiersInput = builder.inputType('ModifiersInput', {
  description: 'Keys that were held.',
  fields: (t) => ({
    alt: t.boolean({ description: 'Alt or Option.' }),
    control: t.boolean({ description: 'Control.' }),
    meta: t.boolean({ description: 'Command or Windows.' }),
    shift: t.boolean({ description: 'Shift.' }),
  }),
});

const PageStateInput = builder.inputType('PageStateInput', {
  description: 'The page at one moment.',
  fields: (t) => ({
    url: t.string({ description: 'Address.' }),
    title: t.string({ description: 'Title.' }),
    scrollX: t.float({ description: 'CSS pixels scrolled to the right.' }),
    scrollY: t.float({ description: 'CSS pixels scrolled down.' }),
    viewportWidth: t.float({ description: 'Width of the viewport in CSS pixels.' }),
    viewportHeight: t.float({ description: 'Height of the viewport in CSS pixels.' }),
    devicePixelRatio: t.float({ description: 'Device pixels per CSS pixel.' }),
    activeElement: t.string({ description: 'CSS selector of the focused element.' }),
    visibleElements: t.int({ description: 'Elements that could be seen.' }),
    snapshotId: t.id({ description: 'Snapshot of the page.' }),
    screenshotId: t.id({ description: 'Picture of the page.' }),
    frameAgeMs: t.int({
      description: 'Age of the picture when the action happened, in milliseconds.',
    }),
  }),
});

export const InteractionInput = builder.inputType('InteractionInput', {
  description: 'One interaction. All of it as JSON has at most 65,536 characters.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID made by the recorder, the same at every repeat.',
    }),
    sequence: t.int({
      required: true,
      description: 'Position in the session, from 1, without gaps.',
    }),
    type: t.field({ type: InteractionType, required: true, description: 'What happened.' }),
    occurredAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'Instant it happened, by the client’s clock.',
    }),
    sessionTimeMs: t.int({
      required: true,
      description: 'Milliseconds from the start of the session by a monotonic clock.',
    }),
    url: t.string({
      required: true,
      description: 'Address of the page, at most 4,096 characters.',
    }),
    pageTitle: t.string({ description: 'Title of the page.' }),
    frame: t.field({
      type: [FrameStepInput],
      description: 'The way from the top page into the frame.',
    }),
    target: t.field({ type: TargetInput, description: 'The element it was about.' }),
    selectors: t.field({
      type: [SelectorInput],
      description: 'Ways to find the target again, best first, at most 24.',
    }),
    pointer: t.field({ type: PointerInput, description: 'Where the pointer was.' }),
    key: t.string({ description: 'The key that was pressed, as `KeyboardEvent.key`.' }),
    value: t.string({ description: 'What was typed or chosen, masked where it is personal.' }),
    modifiers: t.field({ type: ModifiersInput, description: 'Keys that were held.' }),
    isVisible: t.boolean({ description: 'Whether the target could be seen.' }),
    before: t.field({ type: PageStateInput, description: 'The page strictly before the action.' }),
    after: t.field({ type: PageStateInput, description: 'The page after the action.' }),
    context: t.field({ type: 'JSON', description: 'What else the recorder knows of the page.' }),
    elementAnalysis: t.field({
      type: 'JSON',
      description: 'What else the recorder knows of the element.',
    }),
    confidence: t.float({ description: 'How sure the recorder is, 0 to 1. Absent means 1.' }),
  }),
});

export const TombstoneInput = builder.inputType('TombstoneInput', {
  description:
    'Stands for an interaction that the client cannot send, so that nothing is unaccounted for.',
  fields: (t) => ({
    sequence: t.int({ required: true, description: 'Position in the session.' }),
    dropped: t.field({ type: DropReason, required: true, description: 'Why it cannot be sent.' }),
  }),
});
