import type { SessionState } from '../generated/prisma/enums.ts';
import { type ArrayWriter, type ElementType, openArrayWriter } from '../lib/binary-arrays.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal } from '../platform/keys.ts';
import { packJson } from '../platform/packed-json.ts';
import { packOne } from './packing.ts';
import type { PreparedRow } from './prepare.ts';

/** The rows of one `recordInteractions`. */
export type IngestCall = {
  projectId: string;
  sessionId: string;
  key: DataKey;
  rows: PreparedRow[];
  /** What it took to make the rows, for the metrics of the group. */
  preparedMs: number;
};

/** What the database made of one call. */
export type WriteResult = {
  /** State of the session as the statement saw it; `null` when there is no such session. */
  state: SessionState | null;
  /** Sequences of the call that were new. The others were there before. */
  fresh: number[];
};

/** Sessions divided by `;`, each its id, project, state and new sequences: the driver takes longer for rows and arrays. */
type Answer = { sessions: string };

type Pending = {
  call: IngestCall;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
};

const maxRowsPerStatement = 1_000;
const bytesPerRow = 2_048; // of the parameters, to begin with: 1.1 KB for a row that came alone
const maxStatementsAtOnce = 1; // while one runs, the next gathers: two at once make smaller groups and more work

export type Writer = {
  /** Stores a call together with the others that wait. Resolves after the commit. */
  write(call: IngestCall): Promise<WriteResult>;
  /** Rows that wait. */
  waiting(): number;
  /** Milliseconds that the oldest waiting call has waited. */
  waitedMs(): number;
};

/**
 * Group commit: calls that arrive while a statement runs share the next one, whichever socket they
 * came from, so that clients which send one at a time are not punished. When a shared statement
 * fails, each call is tried alone, so that a poisoned one harms nobody.
 */
export function makeWriter({ sql, metrics }: Pick<App, 'sql' | 'metrics'>): Writer {
  let queue: { pending: Pending; since: number }[] = [];
  let running = 0;
  let waitingRows = 0;

  const takeGroup = (): Pending[] => {
    let rows = 0;
    let count = 0;
    for (const { pending } of queue) {
      rows += pending.call.rows.length;
      if (count > 0 && rows > maxRowsPerStatement) break;
      count += 1;
    }
    const group = queue.slice(0, count).map(({ pending }) => pending);
    queue = queue.slice(count);
    for (const { call } of group) waitingRows -= call.rows.length;
    return group;
  };

  const commit = async (group: Pending[]) => {
    try {
      const results = await insert(group.map(({ call }) => call));
      group.forEach((pending, index) => {
        const result = results[index];
        if (result) pending.resolve(result);
      });
    } catch (error) {
      if (group.length === 1) group[0]?.reject(error);
      else await Promise.all(group.map((pending) => commit([pending])));
    }
  };

  const insert = async (calls: IngestCall[]): Promise<WriteResult[]> => {
    const begun = performance.now();
    const query = encode(calls);
    const encoded = performance.now();
    const { rows } = await sql.query<Answer>(query);
    const preparedMs = calls.reduce((sum, call) => sum + call.preparedMs, 0);
    metrics.ingestSeconds.observe({ step: 'prepare' }, preparedMs / 1000);
    metrics.ingestSeconds.observe({ step: 'encode' }, (encoded - begun) / 1000);
    metrics.ingestSeconds.observe({ step: 'statement' }, (performance.now() - encoded) / 1000);
    const found = readAnswer(rows[0]?.sessions ?? '');
    return calls.map(({ projectId, sessionId, rows: sent }) => {
      const answer = found.get(sessionId);
      if (!answer || answer.projectId !== projectId) return { state: null, fresh: [] };
      const fresh: number[] = [];
      // Two calls of a group may hold the same sequence: the first one is said to have stored it.
      for (const { sequence } of sent) if (answer.fresh.delete(sequence)) fresh.push(sequence);
      return { state: answer.state, fresh };
    });
  };

  const pump = () => {
    while (running < maxStatementsAtOnce && queue.length > 0) {
      running += 1;
      commit(takeGroup()).finally(() => {
        running -= 1;
        pump();
      });
    }
  };

  return {
    write(call) {
      return new Promise((resolve, reject) => {
        queue.push({ pending: { call, resolve, reject }, since: performance.now() });
        waitingRows += call.rows.length;
        // Calls whose messages were read in the same turn of the loop go together.
        if (queue.length === 1) setImmediate(pump);
      });
    },
    waiting: () => waitingRows,
    waitedMs: () => (queue[0] ? performance.now() - queue[0].since : 0),
  };
}

type Told = { projectId: string; state: SessionState; fresh: Set<number> };

function readAnswer(sessions: string): Map<string, Told> {
  const found = new Map<string, Told>();
  for (const line of sessions ? sessions.split(';') : []) {
    const [id = '', projectId = '', state, fresh] = line.split(' ');
    const sequences = fresh ? fresh.split(',').map(Number) : [];
    found.set(id, { projectId, state: state as SessionState, fresh: new Set(sequences) });
  }
  return found;
}

/** A row and where its detail goes: with it when it is the only one of its call, else into a chunk. */
type Placed = {
  call: IngestCall;
  row: PreparedRow;
  sealed: Buffer | null;
  chunkId: string | null;
  chunkIndex: number | null;
};

/** A name, the type that the array has, and what writes a cell into it. */
type Column<T> = [
  name: string,
  type: ElementType | '"InteractionType"',
  write: (to: ArrayWriter, of: T) => void,
];

const rowColumns: Column<Placed>[] = [
  ['projectId', 'uuid', (to, { call }) => to.uuid(call.projectId)],
  ['sessionId', 'uuid', (to, { call }) => to.uuid(call.sessionId)],
  ['id', 'uuid', (to, { row }) => to.uuid(row.id)],
  ['sequence', 'int4', (to, { row }) => to.int4(row.sequence)],
  ['type', '"InteractionType"', (to, { row }) => to.text(row.type)],
  ['occurredAt', 'timestamptz', (to, { row }) => to.instant(row.occurredAt)],
  ['sessionTimeMs', 'int4', (to, { row }) => to.int4(row.sessionTimeMs)],
  ['url', 'text', (to, { row }) => to.text(row.url)],
  ['site', 'text', (to, { row }) => to.text(row.site)],
  ['pageTitle', 'text', (to, { row }) => text(to, row.pageTitle)],
  ['targetRole', 'text', (to, { row }) => text(to, row.targetRole)],
  ['targetName', 'text', (to, { row }) => text(to, row.targetName)],
  ['modifiers', 'int2', (to, { row }) => to.int2(row.modifiers)],
  ['offsetX', 'float4', (to, { row }) => real(to, row.offsetX)],
  ['offsetY', 'float4', (to, { row }) => real(to, row.offsetY)],
  [
    'isVisible',
    'bool',
    (to, { row: { isVisible: is } }) => (is === null ? to.null() : to.bool(is)),
  ],
  ['confidence', 'float4', (to, { row }) => to.float4(row.confidence)],
  ['dropped', 'text', (to, { row }) => text(to, row.dropped)],
  ['bodyMac', 'bytea', (to, { row }) => to.bytes(row.bodyMac)],
  ['sealed', 'bytea', (to, { sealed }) => (sealed ? to.bytes(sealed) : to.null())],
  ['chunkId', 'uuid', (to, { chunkId: id }) => (id === null ? to.null() : to.uuid(id))],
  ['chunkIndex', 'int2', (to, { chunkIndex: at }) => (at === null ? to.null() : to.int2(at))],
];

type Chunk = { id: string; sessionId: string; sealed: Buffer };

const chunkColumns: Column<Chunk>[] = [
  ['id', 'uuid', (to, { id }) => to.uuid(id)],
  ['sessionId', 'uuid', (to, { sessionId }) => to.uuid(sessionId)],
  ['sealed', 'bytea', (to, { sealed }) => to.bytes(sealed)],
];

const listed = (columns: Column<never>[], prefix = '') =>
  columns.map(([name]) => `${prefix}"${name}"`).join(', ');
/** An enum has another number in every database, and so goes as text. */
const elementType = (type: Column<never>[1]) => (type === '"InteractionType"' ? 'text' : type);
const arrays = (columns: Column<never>[], first: number) =>
  columns.map(([, type], index) => `$${first + index}::${elementType(type)}[]`).join(', ');
const cells = rowColumns.map(([name, type]) => `i."${name}"::${type}`).join(', ');

// `FOR KEY SHARE` lets ingest go on beside changes of the session but not beside its end, which takes
// `FOR UPDATE`; it also stands for a foreign key, which would look for the session once for each row.
// `ORDER BY` keeps concurrent re-sends from deadlocking, and of several bodies under one sequence it
// stores the one that came first, which is the one that is said to be stored.
const statementWith = (chunk: string) => `
WITH "open" AS MATERIALIZED (
  SELECT s."id", s."projectId", s."state" FROM "Session" s
  WHERE s."id" = ANY($1::uuid[]) ORDER BY s."id" FOR KEY SHARE
), "row" AS (
  INSERT INTO "Interaction" (${listed(rowColumns)})
  SELECT ${cells}
  FROM unnest(${arrays(rowColumns, 2)}) WITH ORDINALITY AS i(${listed(rowColumns)}, "place")
  JOIN "open" o ON o."id" = i."sessionId" AND o."projectId" = i."projectId" AND o."state" IN ('ACTIVE', 'PAUSED')
  ORDER BY i."sessionId", i."sequence", i."place"
  ON CONFLICT DO NOTHING
  RETURNING "sessionId", "sequence", "chunkId"
)${chunk}
SELECT coalesce(string_agg(line, ';'), '') AS "sessions" FROM (
  SELECT concat_ws(' ', o."id", o."projectId", o."state", string_agg(r."sequence"::text, ',')) AS line
  FROM "open" o LEFT JOIN "row" r ON r."sessionId" = o."id"
  GROUP BY o."id", o."projectId", o."state"
) "told"`;

const alone = statementWith('');
const withChunks = statementWith(`, "chunk" AS (
  INSERT INTO "InteractionChunk" ("projectId", ${listed(chunkColumns)})
  SELECT o."projectId", ${listed(chunkColumns, 'c.')}
  FROM unnest(${arrays(chunkColumns, 2 + rowColumns.length)}) AS c(${listed(chunkColumns)})
  JOIN "open" o ON o."id" = c."sessionId"
  WHERE c."id" IN (SELECT r."chunkId" FROM "row" r)
)`);

/** The statement and its parameters. Without chunks it is another one, which costs Postgres a tenth less. */
function encode(calls: IngestCall[]): { name: string; text: string; values: Buffer[] } {
  const rows: Placed[] = [];
  const chunks: Chunk[] = [];
  for (const call of calls) {
    const { sessionId, key } = call;
    const details = call.rows.flatMap(({ detail }) => (detail === null ? [] : [detail]));
    const chunkId = details.length > 1 ? newId() : null; // one alone needs no row of its own
    if (chunkId)
      chunks.push({
        id: chunkId,
        sessionId,
        sealed: seal(key, packJson(details), chunkContext(chunkId)),
      });
    let next = 0;
    for (const row of call.rows) {
      const isInChunk = row.detail !== null && chunkId !== null;
      rows.push({
        call,
        row,
        sealed: row.detail && !chunkId ? seal(key, packOne(row.detail), ownContext(row.id)) : null,
        chunkId: isInChunk ? chunkId : null,
        chunkIndex: isInChunk ? next : null,
      });
      if (isInChunk) next += 1;
    }
  }
  const to = openArrayWriter(bytesPerRow * rows.length);
  const sessions = new Set(calls.map(({ sessionId }) => sessionId));
  const values = [
    arrayOf(to, ['id', 'uuid', (_to, id: string) => to.uuid(id)], [...sessions]),
    ...rowColumns.map((column) => arrayOf(to, column, rows)),
  ];
  if (chunks.length === 0) return { name: 'ingest-alone', text: alone, values };
  for (const column of chunkColumns) values.push(arrayOf(to, column, chunks));
  return { name: 'ingest', text: withChunks, values };
}

function arrayOf<T>(to: ArrayWriter, [, type, write]: Column<T>, items: T[]): Buffer {
  to.begin(elementType(type), items.length);
  for (const item of items) write(to, item);
  return to.end();
}

function text(to: ArrayWriter, value: string | null): void {
  if (value === null) to.null();
  else to.text(value);
}

function real(to: ArrayWriter, value: number | null): void {
  if (value === null) to.null();
  else to.float4(value);
}

/** What a chunk is sealed as. */
export function chunkContext(chunkId: string): string {
  return `interaction-chunk/${chunkId}`;
}

/** What the detail of an interaction that arrived alone is sealed as. */
export function ownContext(interactionId: string): string {
  return `interaction/${interactionId}`;
}
