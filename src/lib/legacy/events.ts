import { eventTypeOf } from './event-type.ts';
import { urlOf } from './interaction.ts';
import { isJsonObject } from './json.ts';
import { remainsOf } from './remains.ts';
import { instantOf } from './times.ts';

/** An event of the file in its place among the others. */
export type LegacyEvent = {
  /** Place in the file, from 0. */
  index: number;
  /** Place in time, from 1. */
  sequence: number;
  /** The number that the file gave, `null` when it gave none. */
  oldSequence: number | null;
  value: unknown;
  /** Milliseconds since 1970. */
  occurredAt: number;
  /** Its own or a neighbour's, `null` when nobody has one. */
  url: string | null;
  /** What the event did not say itself, and where it was taken from. */
  assumed: Record<string, string>;
};

type Instant = { at: number; from: string | null };

/**
 * The events by time, then by their old number (those without come last), then as in the file; numbered
 * anew from 1. Missing times and addresses are taken from the neighbours.
 *
 * @param startedAt milliseconds since 1970; what an event without any hint is given
 */
export function orderEvents(values: unknown[], startedAt: number | null): LegacyEvent[] {
  const instants = fillInstants(
    values.map((value) => ownInstant(value, startedAt)),
    startedAt,
  );
  const ordered = values
    .map((value, index) => ({ value, index, oldSequence: sequenceOf(value) }))
    .map((event) => ({ ...event, ...(instants[event.index] ?? { at: 0, from: 'nothing' }) }))
    .toSorted(
      (a, b) =>
        a.at - b.at ||
        (a.oldSequence ?? Number.MAX_VALUE) - (b.oldSequence ?? Number.MAX_VALUE) ||
        a.index - b.index,
    );
  const urls = fillUrls(ordered.map(({ value }) => value));
  return ordered.map(({ at, from, ...event }, order) => {
    const { url, from: urlFrom } = urls[order] ?? { url: null, from: null };
    return {
      ...event,
      sequence: order + 1,
      occurredAt: at,
      url,
      assumed: { ...(from && { occurredAt: from }), ...(urlFrom && { url: urlFrom }) },
    };
  });
}

function sequenceOf(value: unknown): number | null {
  const said = isJsonObject(value) ? value.sequence : null;
  return typeof said === 'number' ? said : null;
}

function ownInstant(value: unknown, startedAt: number | null): Instant | null {
  if (!isJsonObject(value)) return null;
  const { peek } = remainsOf(value);
  const said = instantOf(peek(['timestamp']));
  if (said !== null) return { at: said, from: null };
  for (const path of [
    ['action', 'timestamp'],
    ['metadata', 'timestamp'],
  ]) {
    const at = instantOf(peek(path));
    if (at !== null) return { at, from: path.join('.') };
  }
  const sessionTime = peek(['sessionTime']);
  const at = typeof sessionTime === 'number' && startedAt !== null && sessionTime >= 0;
  const counted = at ? instantOf(startedAt + Math.floor(sessionTime)) : null;
  return counted === null ? null : { at: counted, from: 'startTime + sessionTime' };
}

/** In the order of the file: the event before, else the one after, else the start. */
function fillInstants(own: (Instant | null)[], startedAt: number | null): Instant[] {
  const first = own.find((instant) => instant !== null);
  let known: Instant = first
    ? { at: first.at, from: 'the next event in the file' }
    : { at: startedAt ?? 0, from: startedAt === null ? 'nothing' : 'the start of the session' };
  return own.map((instant) => {
    if (!instant) return known;
    known = { at: instant.at, from: 'the event before in the file' };
    return instant;
  });
}

/**
 * In the order of time. A NAVIGATION is recorded on the page that it leads to, so the next event knows its
 * address; any other event is on the page of the one before.
 */
function fillUrls(values: unknown[]): { url: string | null; from: string | null }[] {
  const own = values.map((value) => (isJsonObject(value) ? urlOf(value) : null));
  const before = carry(own);
  const after = carry(own.toReversed()).toReversed();
  return values.map((value, order) => {
    const url = own[order] ?? null;
    if (url) return { url, from: null };
    const next = { url: after[order] ?? null, from: 'the next event' };
    const last = { url: before[order] ?? null, from: 'the event before' };
    const isNavigation = isJsonObject(value) && eventTypeOf(value.type) === 'NAVIGATION';
    const [best, other] = isNavigation ? [next, last] : [last, next];
    return best.url ? best : other.url ? other : { url: null, from: null };
  });
}

function carry(own: (string | null)[]): (string | null)[] {
  let known: string | null = null;
  return own.map((url) => {
    known = url ?? known;
    return known;
  });
}
