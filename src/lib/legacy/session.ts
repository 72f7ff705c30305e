import { limits } from '../../contract/limits.ts';
import type { SessionRecord } from '../../contract/recording.ts';
import { type SessionKind, sessionKinds } from '../../contract/vocabulary.ts';
import type { LegacyEvent } from './events.ts';
import type { JsonObject, Path } from './json.ts';
import { type Remains, remainsOf } from './remains.ts';
import type { ImportNote } from './report.ts';
import { shorten } from './shorten.ts';
import { shortText } from './text.ts';
import { instantOf, isExactInstant } from './times.ts';

/** JSON of `client`, which the contract does not limit: as much as one interaction may have. */
const MAX_CLIENT_CHARS = limits.interactionChars;

const startPaths: Path[] = [['startTime'], ['createdAt'], ['config', 'timestamp']];
const endPaths: Path[] = [['endTime'], ['lastInteractionTime'], ['updatedAt']];

/** Milliseconds since 1970 at which the session says it began, or `null`. */
export function startOf(session: JsonObject): number | null {
  return firstInstant(remainsOf(session), startPaths)?.instant ?? null;
}

/**
 * A legacy session as the contract says it. Consumes `session`, which comes without its events.
 *
 * `client.legacy` keeps what has no place, at its old path, and always the old id. The end is never before the
 * start or the last event.
 */
export function sessionOf(
  session: JsonObject,
  id: string,
  events: LegacyEvent[],
  note: (note: Omit<ImportNote, 'event'>) => void,
): { session: SessionRecord; endedAt: string } {
  const remains = remainsOf(session);
  const instants = events.map(({ occurredAt }) => occurredAt);
  const kind = takeKind(remains, note);

  const start = firstInstant(remains, startPaths);
  const startedAt = start?.instant ?? instants[0] ?? 0;
  if (start?.path[0] !== 'startTime') {
    const from = start ? start.path.join('.') : instants.length > 0 ? 'the first event' : 'nothing';
    note({ kind: 'ASSUMED', path: 'startTime', message: `no usable time, taken from ${from}.` });
  }
  const end = firstInstant(remains, endPaths);
  const endedAt = Math.max(end?.instant ?? 0, startedAt, instants.at(-1) ?? 0);
  if (end?.path[0] !== 'endTime' || end.instant !== endedAt) {
    const from = end?.instant === endedAt ? end.path.join('.') : 'the last event or the start';
    note({ kind: 'ASSUMED', path: 'endTime', message: `no usable time, taken from ${from}.` });
  }
  for (const [name, at] of [
    ['startTime', startedAt],
    ['endTime', endedAt],
  ] as const) {
    if (isExactInstant(remains.peek([name]), at)) remains.drop([name]);
  }

  const task = taskOf(remains);
  if (task && task.length > limits.nameChars) {
    note({ kind: 'PROBLEM', path: 'config.generatedTask', message: 'the task was shortened.' });
  }
  const startUrl = takeStartUrl(remains, events, note);
  const userAgent = remains.takeText([['userAgent'], ['config', 'userAgent']], limits.nameChars);
  return {
    session: {
      id,
      kind,
      task: task && shortText(task, limits.nameChars),
      startUrl,
      startedAt: new Date(startedAt).toISOString(),
      client: { name: 'legacy-import', userAgent, legacy: remains.rest() },
    },
    endedAt: new Date(endedAt).toISOString(),
  };
}

/**
 * The session with its `client` within the limit, and in it, under `leftOut`, the events that became no
 * interaction, by their place in the file.
 */
export function withLeftOut(
  session: SessionRecord,
  leftOut: JsonObject,
  note: (note: Omit<ImportNote, 'event'>) => void,
): SessionRecord {
  const isAny = Object.keys(leftOut).length > 0;
  const { value: client, cuts } = shorten(
    { ...session.client, ...(isAny && { leftOut }) },
    MAX_CLIENT_CHARS,
  );
  for (const { path, chars } of cuts) {
    const message = `what is kept of the session was over ${MAX_CLIENT_CHARS} characters.`;
    note({ kind: 'SHORTENED', path: `client.${path}`, chars, message });
  }
  return { ...session, client };
}

function firstInstant(remains: Remains, paths: Path[]): { path: Path; instant: number } | null {
  for (const path of paths) {
    const instant = instantOf(remains.peek(path));
    if (instant !== null) return { path, instant };
  }
  return null;
}

/** HYBRID when it is not said: it claims neither that a person nor that a script did everything. */
function takeKind(remains: Remains, note: (note: Omit<ImportNote, 'event'>) => void): SessionKind {
  const paths = [['type'], ['config', 'type']];
  for (const path of paths) {
    const said = remains.peek(path);
    const word = typeof said === 'string' ? said.trim().toUpperCase() : '';
    if (!isSessionKind(word)) continue;
    remains.dropEqual(paths, word);
    return word;
  }
  note({ kind: 'ASSUMED', path: 'type', message: 'no known kind of session, taken as HYBRID.' });
  return 'HYBRID';
}

function isSessionKind(word: string): word is SessionKind {
  return Object.hasOwn(sessionKinds, word);
}

/** Title and description of the generated task, which itself stays whole in `client.legacy`. */
function taskOf({ peek }: Remains): string | null {
  const parts = ['title', 'description'].map((name) => peek(['config', 'generatedTask', name]));
  const said = parts.filter((part) => typeof part === 'string' && part.trim() !== '');
  return said.length > 0 ? said.join(': ') : null;
}

function takeStartUrl(
  remains: Remains,
  events: LegacyEvent[],
  note: (note: Omit<ImportNote, 'event'>) => void,
): string {
  const said = remains.peek(['config', 'url']);
  if (typeof said === 'string' && URL.canParse(said)) {
    return remains.takeText([['config', 'url']], limits.urlChars) ?? said;
  }
  const first = events.find(({ url }) => url !== null)?.url;
  const from = first ? 'the first event that has one' : 'nothing: about:blank';
  note({ kind: 'ASSUMED', path: 'config.url', message: `no usable address, taken from ${from}.` });
  return first ?? 'about:blank';
}
