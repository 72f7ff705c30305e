import type { FrameStep, InteractionDetail, InteractionRecord } from '../contract/interaction.ts';
import { limits } from '../contract/limits.ts';
import { sortKeys } from '../lib/canonical.ts';
import { siteOf } from '../lib/site.ts';
import {
  findUnstorable,
  isDeeperThan,
  isStorableInstant,
  maxJsonLevels,
  toReal,
} from '../lib/storable.ts';
import { type DataKey, macOf } from '../platform/keys.ts';
import { redactInteraction } from '../privacy/redact.ts';

/** An interaction after GraphQL has checked its types; instants are `Date`s. */
export type IncomingInteraction = Omit<
  InteractionRecord,
  'occurredAt' | 'frame' | 'selectors' | 'confidence'
> & {
  occurredAt: Date;
  frame?: FrameStep[] | null;
  selectors?: InteractionDetail['selectors'] | null;
  confidence?: number | null;
};

export type IncomingTombstone = { sequence: number; dropped: string };

/** Why one item was refused; the others of its call are stored. */
export type Rejection = { sequence: number; code: RejectionCode; message: string };

export type RejectionCode =
  | 'TOO_LARGE'
  | 'FIELD_TOO_LONG'
  | 'OUT_OF_RANGE'
  | 'UNSTORABLE_TEXT'
  | 'INVALID_ID'
  | 'DUPLICATE_ID';

const maxReal = 3.4e38; // https://www.postgresql.org/docs/18/datatype-numeric.html
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The columns of one row, ready to be written. */
export type PreparedRow = {
  id: string;
  sequence: number;
  type: string;
  occurredAt: Date;
  sessionTimeMs: number;
  url: string;
  site: string;
  pageTitle: string | null;
  targetRole: string | null;
  targetName: string | null;
  modifiers: number;
  offsetX: number | null;
  offsetY: number | null;
  isVisible: boolean | null;
  confidence: number;
  dropped: string | null;
  bodyMac: Buffer;
  /** JSON in UTF-8; `null` for a tombstone. */
  detail: Buffer | null;
};

/**
 * Makes a row of an interaction: checks its limits, takes the MAC of the canonical body as received,
 * then redacts. What GraphQL hands over has its fields in the order of the schema, so only free JSON
 * has to be brought into canonical order.
 */
export function prepareInteraction(
  key: DataKey,
  item: IncomingInteraction,
): PreparedRow | Rejection {
  const { sequence } = item;
  const deep = findTooDeep(item);
  if (deep) return { sequence, ...deep };
  const record = { ...item, occurredAt: item.occurredAt.toJSON() };
  if (record.context != null) record.context = sortKeys(record.context);
  if (record.elementAnalysis != null) record.elementAnalysis = sortKeys(record.elementAnalysis);
  if (record.target?.attributes) record.target = withSortedAttributes(record.target);
  const body = JSON.stringify(record);
  const refused = checkLimits(item, body);
  if (refused) return { sequence, ...refused };

  const bytes = Buffer.from(body);
  const clean = redactInteraction(record);
  return {
    id: item.id,
    sequence,
    type: item.type,
    occurredAt: item.occurredAt,
    sessionTimeMs: item.sessionTimeMs,
    url: clean.url,
    site: siteOf(clean.url),
    pageTitle: clean.pageTitle ?? null,
    targetRole: clean.target?.role ?? null,
    targetName: clean.target?.name ?? null,
    modifiers: modifierBits(clean),
    offsetX: toReal(clean.pointer?.offsetX ?? Number.NaN),
    offsetY: toReal(clean.pointer?.offsetY ?? Number.NaN),
    isVisible: clean.isVisible ?? clean.target?.isVisible ?? null,
    confidence: toReal(clean.confidence ?? 1) ?? 1,
    dropped: null,
    bodyMac: macOf(key, bytes),
    detail: clean === record ? bytes : Buffer.from(JSON.stringify(clean)),
  };
}

/** Makes a row that only says why the client could not send the interaction. */
export function prepareTombstone(
  key: DataKey,
  id: string,
  { sequence, dropped }: IncomingTombstone,
): PreparedRow | Rejection {
  if (sequence < 1 || sequence > limits.sequence)
    return { sequence, ...outOfRange('sequence', 1, limits.sequence, sequence) };
  return {
    id,
    sequence,
    type: 'OTHER',
    occurredAt: new Date(0),
    sessionTimeMs: 0,
    url: '',
    site: '',
    pageTitle: null,
    targetRole: null,
    targetName: null,
    modifiers: 0,
    offsetX: null,
    offsetY: null,
    isVisible: null,
    confidence: 0,
    dropped,
    bodyMac: macOf(key, Buffer.from(JSON.stringify({ dropped, sequence }))),
    detail: null,
  };
}

/** Bits as stored: 1 alt, 2 control, 4 meta, 8 shift. */
function modifierBits({ modifiers: held }: { modifiers?: InteractionRecord['modifiers'] }): number {
  if (!held) return 0;
  return (held.alt ? 1 : 0) | (held.control ? 2 : 0) | (held.meta ? 4 : 0) | (held.shift ? 8 : 0);
}

type Refusal = Omit<Rejection, 'sequence'>;

/** Before anything walks through the JSON: a stack that overflows would take the whole call with it. */
function findTooDeep({ context, elementAnalysis, target }: IncomingInteraction): Refusal | null {
  if (isDeeperThan(context, maxJsonLevels)) return tooDeep('context');
  if (isDeeperThan(elementAnalysis, maxJsonLevels)) return tooDeep('elementAnalysis');
  if (isDeeperThan(target?.attributes, maxJsonLevels)) return tooDeep('target.attributes');
  return null;
}

function tooDeep(field: string): Refusal {
  return {
    code: 'TOO_LARGE',
    message: `Expected at most ${maxJsonLevels} levels of JSON for ${field}, got more.`,
  };
}

function checkLimits(item: IncomingInteraction, body: string): Refusal | null {
  if (!uuid.test(item.id))
    return { code: 'INVALID_ID', message: 'Expected a UUID for id, got something else.' };
  if (item.sequence < 1 || item.sequence > limits.sequence)
    return outOfRange('sequence', 1, limits.sequence, item.sequence);
  if (body.length > limits.interactionChars)
    return {
      code: 'TOO_LARGE',
      message: `Expected at most ${limits.interactionChars} characters of JSON for an interaction, got ${body.length}. Shorten context or elementAnalysis, or send a tombstone.`,
    };
  // JSON.stringify writes both kinds as escapes, so one look at the body finds them in any field.
  if (body.includes('\\u0000') || body.includes('\\ud')) {
    const field = findUnstorable(item, '');
    if (field)
      return {
        code: 'UNSTORABLE_TEXT',
        message: `Expected text without NUL and half surrogate pairs for ${field}.`,
      };
  }
  const confidence = item.confidence ?? 1;
  if (!(confidence >= 0 && confidence <= 1)) return outOfRange('confidence', 0, 1, confidence);
  if (!isStorableInstant(item.occurredAt))
    return outOfRange('the year of occurredAt', 1, 9999, item.occurredAt.getUTCFullYear());
  for (const field of ['offsetX', 'offsetY'] as const) {
    const offset = item.pointer?.[field] ?? 0;
    if (toReal(offset) === null) return outOfRange(`pointer.${field}`, -maxReal, maxReal, offset);
  }
  if (item.sessionTimeMs < 0)
    return outOfRange('sessionTimeMs', 0, 2 ** 31 - 1, item.sessionTimeMs);
  const selectors = item.selectors ?? [];
  if (selectors.length > limits.selectorsPerInteraction)
    return outOfRange(
      'the number of selectors',
      0,
      limits.selectorsPerInteraction,
      selectors.length,
    );
  return (
    tooLong('url', item.url, limits.urlChars) ??
    tooLong('pageTitle', item.pageTitle, limits.nameChars) ??
    tooLong('target.role', item.target?.role, limits.nameChars) ??
    tooLong('target.name', item.target?.name, limits.nameChars) ??
    selectors
      .map(({ value }, index) => tooLong(`selectors.${index}.value`, value, limits.selectorChars))
      .find(Boolean) ??
    null
  );
}

function tooLong(field: string, text: string | null | undefined, limit: number): Refusal | null {
  if (!text || text.length <= limit) return null;
  return {
    code: 'FIELD_TOO_LONG',
    message: `Expected at most ${limit} characters for ${field}, got ${text.length}.`,
  };
}

function outOfRange(field: string, min: number, max: number, got: number): Refusal {
  return { code: 'OUT_OF_RANGE', message: `Expected ${min} to ${max} for ${field}, got ${got}.` };
}

function withSortedAttributes<T extends { attributes?: unknown }>(target: T): T {
  const attributes = sortKeys(target.attributes);
  return attributes === target.attributes ? target : { ...target, attributes };
}
