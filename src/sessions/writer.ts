import type { SessionState } from '../generated/prisma/enums.ts';
import { newId } from '../lib/ids.ts';
import { arrayLiteral, bytesLiteral, quote } from '../lib/literals.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal } from '../platform/keys.ts';
import { packMany, packOne } from './packing.ts';
import type { PreparedRow } from './prepare.ts';

/** The rows of one `recordInteractions`. */
export type IngestCall = {
  projectId: string;
  sessionId: string;
  key: DataKey;
  rows: PreparedRow[];
};

/** What the database made of one call. */
export type WriteResult = {
  /** State of the session as the statement saw it; `null` when there is no such session. */
  state: SessionState | null;
  /** Sequences of the call that were new. The others were there before. */
  fresh: number[];
};

type Answer = { id: string; projectId: string; state: SessionState; fresh: number[] };

type Pending = {
  call: IngestCall;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
};

const maxRowsPerStatement = 1_000;
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
    const values = encode(calls);
    const encoded = performance.now();
    const { rows } = await sql.query<Answer>({
      name: 'ingest',
      text: statement,
      values,
    });
    metrics.ingestSeconds.observe({ step: 'encode' }, (encoded - begun) / 1000);
    metrics.ingestSeconds.observe({ step: 'statement' }, (performance.now() - encoded) / 1000);
    const found = new Map(rows.map((row) => [row.id, { ...row, fresh: new Set(row.fresh) }]));
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

/** A row and where its detail goes: with it when it is the only one of its call, else into a chunk. */
type Placed = {
  call: IngestCall;
  row: PreparedRow;
  sealed: Buffer | null;
  chunkId: string | null;
  chunkIndex: number | null;
};

type Column<T> = [name: string, type: string, cell: (of: T) => string];

const rowColumns: Column<Placed>[] = [
  ['projectId', 'uuid', ({ call }) => call.projectId],
  ['sessionId', 'uuid', ({ call }) => call.sessionId],
  ['id', 'uuid', ({ row }) => row.id],
  ['sequence', 'int', ({ row }) => String(row.sequence)],
  ['type', '"InteractionType"', ({ row }) => row.type],
  ['occurredAt', 'timestamptz', ({ row }) => row.occurredAt.toISOString()],
  ['sessionTimeMs', 'int', ({ row }) => String(row.sessionTimeMs)],
  ['url', 'text', ({ row }) => quote(row.url)],
  ['site', 'text', ({ row }) => quote(row.site)],
  ['pageTitle', 'text', ({ row }) => quote(row.pageTitle)],
  ['targetRole', 'text', ({ row }) => quote(row.targetRole)],
  ['targetName', 'text', ({ row }) => quote(row.targetName)],
  ['modifiers', 'smallint', ({ row }) => String(row.modifiers)],
  ['offsetX', 'real', ({ row }) => plain(row.offsetX)],
  ['offsetY', 'real', ({ row }) => plain(row.offsetY)],
  ['isVisible', 'boolean', ({ row }) => plain(row.isVisible)],
  ['confidence', 'real', ({ row }) => String(row.confidence)],
  ['dropped', 'text', ({ row }) => quote(row.dropped)],
  ['bodyMac', 'bytea', ({ row }) => bytesLiteral(row.bodyMac)],
  ['sealed', 'bytea', ({ sealed }) => (sealed ? bytesLiteral(sealed) : 'NULL')],
  ['chunkId', 'uuid', ({ chunkId }) => plain(chunkId)],
  ['chunkIndex', 'smallint', ({ chunkIndex }) => plain(chunkIndex)],
];

type Chunk = { id: string; sessionId: string; sealed: Buffer };

const chunkColumns: Column<Chunk>[] = [
  ['id', 'uuid', ({ id }) => id],
  ['sessionId', 'uuid', ({ sessionId }) => sessionId],
  ['sealed', 'bytea', ({ sealed }) => bytesLiteral(sealed)],
];

const listed = (columns: Column<never>[], prefix = '') =>
  columns.map(([name]) => `${prefix}"${name}"`).join(', ');
const arrays = (columns: Column<never>[], first: number) =>
  columns.map(([, type], index) => `$${first + index}::${type}[]`).join(', ');

// `FOR KEY SHARE` lets ingest go on beside changes of the session but not beside its end, which takes
// `FOR UPDATE`. `ORDER BY` keeps concurrent re-sends from deadlocking, and of several bodies under one
// sequence it stores the one that came first, which is the one that is said to be stored.
const statement = `
WITH "open" AS MATERIALIZED (
  SELECT s."id", s."projectId", s."state" FROM "Session" s
  WHERE s."id" = ANY($1::uuid[]) ORDER BY s."id" FOR KEY SHARE
), "row" AS (
  INSERT INTO "Interaction" (${listed(rowColumns)})
  SELECT ${listed(rowColumns, 'i.')}
  FROM unnest(${arrays(rowColumns, 2)}) WITH ORDINALITY AS i(${listed(rowColumns)}, "place")
  JOIN "open" o ON o."id" = i."sessionId" AND o."projectId" = i."projectId" AND o."state" IN ('ACTIVE', 'PAUSED')
  ORDER BY i."sessionId", i."sequence", i."place"
  ON CONFLICT DO NOTHING
  RETURNING "sessionId", "sequence", "chunkId"
), "chunk" AS (
  INSERT INTO "InteractionChunk" ("projectId", ${listed(chunkColumns)})
  SELECT o."projectId", ${listed(chunkColumns, 'c.')}
  FROM unnest(${arrays(chunkColumns, 2 + rowColumns.length)}) AS c(${listed(chunkColumns)})
  JOIN "open" o ON o."id" = c."sessionId"
  WHERE c."id" IN (SELECT r."chunkId" FROM "row" r)
)
SELECT o."id", o."projectId", o."state"::text AS "state",
  coalesce(array_agg(r."sequence") FILTER (WHERE r."sequence" IS NOT NULL), '{}') AS "fresh"
FROM "open" o LEFT JOIN "row" r ON r."sessionId" = o."id"
GROUP BY o."id", o."projectId", o."state"`;

/** The parameters of the statement, as array literals: half the work of letting the driver make them. */
function encode(calls: IngestCall[]): string[] {
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
        sealed: seal(key, packMany(details), chunkContext(chunkId)),
      });
    let next = 0;
    for (const row of call.rows) {
      const isAlone = row.detail !== null && chunkId === null;
      const isInChunk = row.detail !== null && chunkId !== null;
      rows.push({
        call,
        row,
        sealed: isAlone ? seal(key, packOne(row.detail ?? ''), ownContext(row.id)) : null,
        chunkId: isInChunk ? chunkId : null,
        chunkIndex: isInChunk ? next : null,
      });
      if (isInChunk) next += 1;
    }
  }
  const sessions = new Set(calls.map(({ sessionId }) => sessionId));
  return [
    arrayLiteral([...sessions]),
    ...rowColumns.map(([, , cell]) => arrayLiteral(rows.map(cell))),
    ...chunkColumns.map(([, , cell]) => arrayLiteral(chunks.map(cell))),
  ];
}

/** An element that needs no quotes. */
function plain(value: string | number | boolean | null): string {
  return value === null ? 'NULL' : String(value);
}

/** What a chunk is sealed as. */
export function chunkContext(chunkId: string): string {
  return `interaction-chunk/${chunkId}`;
}

/** What the detail of an interaction that arrived alone is sealed as. */
export function ownContext(interactionId: string): string {
  return `interaction/${interactionId}`;
}
