import type { Tombstone } from '../../contract/interaction.ts';
import { limits } from '../../contract/limits.ts';
import type { LegacyEvent } from './events.ts';
import { uuidFrom, uuidOf } from './ids.ts';
import { interactionOf, type LegacyInteraction } from './interaction.ts';
import { isJsonObject, kindOf, leavesOf, writePath } from './json.ts';
import type { ImportNote } from './report.ts';
import { shorten } from './shorten.ts';

export type ReadRecord = {
  /** `null` when even the sequence is over the limit. */
  record: LegacyInteraction | Tombstone | null;
  notes: ImportNote[];
  /** What did not become an interaction, as far as it was read. */
  leftOut?: unknown;
};

type Home = {
  /** New id of the session. */
  sessionId: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** For events when no event of the session has an address. */
  startUrl: string;
  /** Ids of the file so far, which this one joins. */
  used: Set<string>;
};

/** One event as an interaction within the limits, or as a tombstone when it cannot be one. */
export async function recordOf(event: LegacyEvent, home: Home): Promise<ReadRecord> {
  const { index, sequence, value } = event;
  const notes: ImportNote[] = [];
  const note = (note: Omit<ImportNote, 'event'>) => notes.push({ ...note, event: index });
  if (sequence > limits.sequence) {
    const message = `expected at most ${limits.sequence} events in a session.`;
    note({ kind: 'LEFT_OUT', path: null, message });
    return { record: null, notes, leftOut: value };
  }
  if (!isJsonObject(value)) {
    const message = `expected an object, got ${kindOf(value)}.`;
    note({ kind: 'LEFT_OUT', path: null, message });
    return { record: { sequence, dropped: 'INVALID' }, notes, leftOut: value };
  }

  const id = await idOf(value.id, index, home, note);
  const { record: whole, assumed } = interactionOf(value, {
    ...event,
    id,
    startedAt: home.startedAt,
    url: event.url ?? home.startUrl,
    assumed: { ...event.assumed, ...(event.url === null && { url: 'the start of the session' }) },
  });
  for (const [path, from] of Object.entries(assumed)) {
    note({ kind: 'ASSUMED', path, message: `not said, or not usable: taken from ${from}.` });
  }

  const room =
    limits.interactionChars - (JSON.stringify(whole).length - charsOf(whole.context.legacy));
  const { value: legacy, cuts, fits } = shorten(whole.context.legacy, room);
  if (!fits) {
    const message = `over ${limits.interactionChars} characters and could not be made smaller.`;
    note({ kind: 'LEFT_OUT', path: null, message });
    return { record: { sequence, dropped: 'TOO_LARGE' }, notes, leftOut: whole };
  }
  for (const { path, chars } of cuts) {
    const message = `the record was over ${limits.interactionChars} characters.`;
    note({ kind: 'SHORTENED', path: `context.legacy.${path}`, chars, message });
  }
  for (const [path, screenshotId] of leavesOf(legacy)) {
    if (!/screenshotId$/i.test(String(path.at(-1))) || screenshotId === null) continue;
    const message = `screenshot ${screenshotId}; its id is kept in context.legacy.`;
    note({ kind: 'NOT_IN_FILE', path: writePath(path), message });
  }
  return { record: { ...whole, context: { ...whole.context, legacy } }, notes };
}

function charsOf(value: unknown): number {
  return JSON.stringify(value).length;
}

/**
 * The event's own id where it is a UUID that the file has not used yet, else one made from what tells it
 * from the others, so that the next import gives the same one.
 */
async function idOf(
  oldId: unknown,
  index: number,
  { sessionId, used }: Home,
  note: (note: Omit<ImportNote, 'event'>) => void,
): Promise<string> {
  const isName = (typeof oldId === 'string' && oldId !== '') || typeof oldId === 'number';
  const name = `legacy interaction of ${sessionId}: `;
  let id = uuidOf(oldId) ?? (await uuidFrom(name + (isName ? `id ${oldId}` : `place ${index}`)));
  if (!isName) note({ kind: 'NEW_ID', path: 'id', message: `no usable id, now ${id}.` });
  if (used.has(id)) {
    id = await uuidFrom(`${name}id ${oldId} at place ${index}`);
    note({ kind: 'NEW_ID', path: 'id', message: `another event has the id ${oldId}, now ${id}.` });
  }
  used.add(id);
  return id;
}
