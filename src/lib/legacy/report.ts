import type { Tombstone } from '../../contract/interaction.ts';
import type { SessionRecord } from '../../contract/recording.ts';
import type { InteractionType } from '../../contract/vocabulary.ts';
import type { LegacyEvent } from './events.ts';
import type { LegacyInteraction } from './interaction.ts';
import { leavesOf, writePath } from './json.ts';

/** What happened to something on its way in; the words are shown to the person who imports. */
export const noteKinds = {
  LEFT_OUT: 'Left out, a tombstone stands for it',
  SHORTENED: 'Shortened',
  REPAIRED: 'Repaired',
  NOT_IN_FILE: 'Referenced but not in the file',
  ASSUMED: 'Assumed',
  NEW_ID: 'Given a new id',
  PROBLEM: 'Problem',
} as const;

export type NoteKind = keyof typeof noteKinds;

export type ImportNote = {
  kind: NoteKind;
  /** Place of the event in the file, from 0. `null` for the session itself. */
  event: number | null;
  /** Where in the event or session, or `null` for the whole. For SHORTENED: where in the record. */
  path: string | null;
  /** UTF-16 code units of JSON that went, for SHORTENED. */
  chars?: number;
  message: string;
};

/** An account of one imported session: `eventsIn` is always `recordsOut` + `leftOut`. */
export type ImportReport = {
  legacyId: string;
  sessionId: string;
  kind: string;
  eventsIn: number;
  recordsOut: number;
  /** Events that became a tombstone; each has a note LEFT_OUT with the reason. */
  leftOut: number;
  sequences: {
    /** Events without a usable number. */
    missing: number;
    /** Events whose number an earlier event of the file had. */
    duplicate: number;
    /** Events that now have another number, the two above included. */
    changed: number;
  };
  /** Legacy types that are not words of the contract, and what they became. */
  types: { legacy: string; as: InteractionType; events: number }[];
  /** Values without a place in the contract, kept under `context.legacy`, by their first two steps. */
  unmapped: { path: string; values: number }[];
  notes: ImportNote[];
};

/** Lines on a terminal for one kind of note; the report has them all. */
const LINES_PER_KIND = 12;

/** Counts what was read; the notes were made on the way. */
export function reportOf(read: {
  legacyId: string;
  session: SessionRecord;
  events: LegacyEvent[];
  records: (LegacyInteraction | Tombstone)[];
  notes: ImportNote[];
}): ImportReport {
  const { legacyId, session, events, records, notes } = read;
  const interactions = records.filter((record) => 'id' in record);
  const numbers = events.map(({ oldSequence }) => oldSequence).filter((number) => number !== null);
  return {
    legacyId,
    sessionId: session.id,
    kind: session.kind,
    eventsIn: events.length,
    recordsOut: interactions.length,
    leftOut: events.length - interactions.length,
    sequences: {
      missing: events.length - numbers.length,
      duplicate: numbers.length - new Set(numbers).size,
      changed: events.filter(({ oldSequence, sequence }) => oldSequence !== sequence).length,
    },
    types: typesOf(interactions),
    unmapped: unmappedOf(interactions),
    notes,
  };
}

/** The report for a terminal, a line for each thing to know. No trailing line break. */
export function describeImport(report: ImportReport): string {
  const { sequences, types, unmapped, notes } = report;
  const values = unmapped.reduce((sum, { values }) => sum + values, 0);
  const most = unmapped
    .toSorted((a, b) => b.values - a.values)
    .slice(0, 4)
    .map(({ path, values }) => `${path} ${values}`);
  return [
    `Session ${printable(report.legacyId)} (${report.kind}) is now ${report.sessionId}.`,
    `  Events: ${report.eventsIn} in, ${report.recordsOut} out, ${report.leftOut} left out.`,
    `  Sequences: ${sequences.changed} renumbered; ` +
      `${sequences.duplicate} were used twice, ${sequences.missing} were missing.`,
    ...types.map(
      ({ legacy, as, events }) => `  Type ${printable(legacy)} became ${as}: ${events}.`,
    ),
    values === 0
      ? '  Kept in context.legacy: nothing.'
      : `  Kept in context.legacy: ${values} values under ${unmapped.length} paths` +
        ` (most: ${printable(most.join(', '))}).`,
    `  Shortened: ${notes.some(({ kind }) => kind === 'SHORTENED') ? 'see below' : 'nothing'}.`,
    ...Object.keys(noteKinds).flatMap((kind) =>
      linesOf(notes.filter((note) => note.kind === kind)),
    ),
  ].join('\n');
}

function linesOf(notes: ImportNote[]): string[] {
  const lines = notes.slice(0, LINES_PER_KIND).map(({ kind, event, path, chars, message }) => {
    const where = [event === null ? 'session' : `event [${event}]`, path]
      .filter(Boolean)
      .join(', ');
    const size = chars === undefined ? '' : ` (${chars} characters)`;
    return printable(`  ${noteKinds[kind]}: ${where}${size}: ${message}`);
  });
  const more = notes.length - lines.length;
  return more > 0 ? [...lines, `    … and ${more} more of this kind.`] : lines;
}

/** Text from a file must neither break the line nor steer the terminal. */
function printable(text: string): string {
  const line = text.replace(/\p{C}/gu, '�');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

function typesOf(interactions: LegacyInteraction[]): ImportReport['types'] {
  const types = new Map<string, ImportReport['types'][number]>();
  for (const { type: as, context } of interactions) {
    const { type } = context.legacy;
    // A type that is a word of the contract was moved and is not among what is kept.
    if (type === undefined && as !== 'OTHER') continue;
    const legacy = typeof type === 'string' ? type : (JSON.stringify(type) ?? 'none');
    const key = JSON.stringify([legacy, as]);
    types.set(key, { legacy, as, events: (types.get(key)?.events ?? 0) + 1 });
  }
  return [...types.values()];
}

function unmappedOf(interactions: LegacyInteraction[]): ImportReport['unmapped'] {
  const values = new Map<string, number>();
  for (const { context } of interactions) {
    for (const [path] of leavesOf(context.legacy)) {
      if (path.length === 0) continue;
      const start = writePath(path.slice(0, 2));
      values.set(start, (values.get(start) ?? 0) + 1);
    }
  }
  return Array.from(values, ([path, values]) => ({ path, values }));
}
