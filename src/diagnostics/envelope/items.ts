import { DoorRefusal } from './body.ts';

/** An envelope: https://develop.sentry.dev/sdk/data-model/envelopes/. */
export type Envelope = { header: Record<string, unknown>; items: Item[] };

export type Item = { type: string; payload: Buffer };

export const envelopeLimits = {
  items: 100,
  /** Of one item that is read, in bytes. */
  itemBytes: 1024 * 1024,
} as const;

const newline = 0x0a;

/**
 * Takes an envelope apart: a line of JSON, then for each item a line of JSON and its payload, which is as
 * long as `length` says, or goes to the end of the line.
 *
 * @throws {DoorRefusal} 400: it is none; 413: too many items
 */
export function readEnvelope(body: Buffer): Envelope {
  let at = 0;
  const line = (): Buffer => {
    const found = body.indexOf(newline, at);
    const end = found < 0 ? body.length : found;
    const text = body.subarray(at, end);
    at = end + 1;
    return text;
  };
  const header = objectOf(line(), 'the header of an envelope');
  const items: Item[] = [];
  while (at < body.length) {
    const start = line();
    if (start.length === 0) continue; // a last newline is allowed
    const { type, length } = objectOf(start, `the header of item ${items.length}`);
    if (typeof type !== 'string')
      throw new DoorRefusal(400, `Expected a type in the header of item ${items.length}.`);
    if (items.length >= envelopeLimits.items)
      throw new DoorRefusal(413, `Expected at most ${envelopeLimits.items} items, got more.`);
    if (typeof length !== 'number') {
      items.push({ type, payload: line() });
      continue;
    }
    if (!Number.isInteger(length) || length < 0 || at + length > body.length)
      throw new DoorRefusal(
        400,
        `Expected ${length} bytes for item ${items.length}, got ${Math.max(0, body.length - at)}.`,
      );
    items.push({ type, payload: body.subarray(at, at + length) });
    at += length + 1;
  }
  return { header, items };
}

function objectOf(bytes: Buffer, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // said below, as for any other value that is no object
  }
  throw new DoorRefusal(400, `Expected a JSON object as ${what}.`);
}
