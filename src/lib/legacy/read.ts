import type { InteractionRecord, Tombstone } from '../../contract/interaction.ts';
import type { SessionRecord } from '../../contract/recording.ts';
import { orderEvents } from './events.ts';
import { hashOf, uuidFrom, uuidOf } from './ids.ts';
import type { LegacyInteraction } from './interaction.ts';
import { isJsonObject, type JsonObject, kindOf } from './json.ts';
import { recordOf } from './records.ts';
import { repair, repairFields } from './repair.ts';
import { type ImportNote, type ImportReport, reportOf } from './report.ts';
import { sessionOf, startOf, withLeftOut } from './session.ts';

/** One legacy session, ready to be sent; valid by the contract. */
export type LegacyImport = {
  legacyId: string;
  session: SessionRecord;
  /** ISO 8601; never before `session.startedAt` or the last record. */
  endedAt: string;
  /** By sequence, which is 1 to n without gaps, in the order of time. */
  records: (InteractionRecord | Tombstone)[];
  report: ImportReport;
};

/** The text is no legacy export at all. Nothing of it was read. */
export class LegacyFileError extends Error {
  override readonly name = 'LegacyFileError';
}

/**
 * Reads an export of the legacy recorder: an array of sessions, or one session, with their events in
 * `enhancedInteractions`.
 *
 * Tolerant of anything inside. Every event becomes an interaction, or a tombstone with the reason in the
 * report and, where room is, its value in
 * `client.leftOut`. Nothing is redacted: the server does that
 * at ingest. The same text always gives the same answer, ids included.
 *
 * @throws {LegacyFileError} the text is not JSON, or holds something else than sessions
 */
export async function readLegacyFile(text: string): Promise<LegacyImport[]> {
  const used = new Set<string>();
  const imports: LegacyImport[] = [];
  for (const session of sessionsOf(parse(text))) imports.push(await readSession(session, used));
  return imports;
}

function parse(text: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return JSON.parse(json);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const at = json.trim() === '' ? 'an empty file' : `${cause.message}${positionOf(cause, json)}`;
    throw new LegacyFileError(`expected JSON for a legacy export, got ${at}`, { cause });
  }
}

/**
 * V8 says where, with two exceptions: at the end of the text, and at an unexpected token, of which it
 * quotes the surroundings, ten characters before it (all of it when the text is short).
 */
function positionOf({ message }: SyntaxError, json: string): string {
  const quoted = /, \.\.\."([\s\S]*)"(?:\.\.\.)? is not valid JSON$/.exec(message)?.[1];
  const start = quoted === undefined ? -1 : json.indexOf(quoted);
  const isSure = start >= 0 && quoted !== undefined && json.lastIndexOf(quoted) === start;
  if (!isSure && !message.includes('end of JSON')) return '';
  const position = isSure ? start + 10 : json.length;
  const lines = json.slice(0, position).split('\n');
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return ` at position ${position} (line ${lines.length} column ${column})`;
}

function sessionsOf(top: unknown): JsonObject[] {
  if (isJsonObject(top) && Object.hasOwn(top, 'enhancedInteractions')) return [top];
  if (!Array.isArray(top)) {
    throw new LegacyFileError(
      'expected an array of sessions, or one session with enhancedInteractions, ' +
        `for a legacy export, got ${kindOf(top)}`,
    );
  }
  return top.map((session, index) => {
    if (isJsonObject(session)) return session;
    throw new LegacyFileError(
      `expected a session (an object) at [${index}] of a legacy export, got ${kindOf(session)}`,
    );
  });
}

/** `used` holds the ids of the file so far: no id is given twice. */
async function readSession(raw: JsonObject, used: Set<string>): Promise<LegacyImport> {
  const notes: ImportNote[] = [];
  const noteAt = (event: number | null) => (note: Omit<ImportNote, 'event'>) =>
    notes.push({ ...note, event });
  const note = noteAt(null);
  const { about, values } = partsOf(raw, noteAt);

  const legacyId = await legacyIdOf(about, values);
  if (String(about.id) !== legacyId) {
    note({ kind: 'NEW_ID', path: 'id', message: `no usable id, named ${legacyId}.` });
  }
  let id = uuidOf(legacyId) ?? (await uuidFrom(`legacy session ${legacyId}`));
  if (used.has(id)) {
    id = await uuidFrom(`legacy session ${legacyId}, after ${used.size} ids`);
    note({ kind: 'NEW_ID', path: 'id', message: `used before in this file, now ${id}.` });
  }
  used.add(id);

  noteOtherCount(about.interactionCount, values.length, note);
  const events = orderEvents(values, startOf(about));
  const { session: whole, endedAt } = sessionOf(about, id, events, note);
  const startedAt = Date.parse(whole.startedAt);
  const home = { sessionId: id, startedAt, startUrl: whole.startUrl, used };
  const records: (LegacyInteraction | Tombstone)[] = [];
  const leftOut: JsonObject = {};
  for (const event of events) {
    const read = await recordOf(event, home);
    notes.push(...read.notes);
    if (read.record) records.push(read.record);
    if ('leftOut' in read) leftOut[event.index] = read.leftOut;
  }

  const session = withLeftOut(whole, leftOut, note);
  const report = reportOf({ legacyId, session, events, records, notes });
  return { legacyId, session, endedAt, records, report };
}

/** The session without its events, and the events; both as copies that can travel. */
function partsOf(
  { enhancedInteractions: events, ...others }: JsonObject,
  noteAt: (event: number | null) => (note: Omit<ImportNote, 'event'>) => void,
): { about: JsonObject; values: unknown[] } {
  const repaired = (event: number | null) => (path: string, message: string) =>
    noteAt(event)({ kind: 'REPAIRED', path, message });
  if (Array.isArray(events)) {
    return {
      about: repairFields(others, repaired(null)),
      values: events.map((event, index) => repair(event, repaired(index))),
    };
  }
  const found = events === undefined ? 'nothing' : `${kindOf(events)}; kept in client.legacy`;
  const message = `expected an array of events, got ${found}.`;
  noteAt(null)({ kind: 'PROBLEM', path: 'enhancedInteractions', message });
  const all = events === undefined ? others : { ...others, enhancedInteractions: events };
  return { about: repairFields(all, repaired(null)), values: [] };
}

/** What the session calls itself, else a name made from its content. */
async function legacyIdOf({ id, ...about }: JsonObject, values: unknown[]): Promise<string> {
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'number') return String(id);
  return `unnamed-${(await hashOf(JSON.stringify([id, about, values]))).slice(0, 12)}`;
}

/** A file that was cut off on its way says so by its own count. */
function noteOtherCount(
  said: unknown,
  found: number,
  note: (note: Omit<ImportNote, 'event'>) => void,
): void {
  if (typeof said !== 'number' || said === found) return;
  const message = `the session counts ${said} events, the file has ${found}.`;
  note({ kind: 'PROBLEM', path: 'interactionCount', message });
}
