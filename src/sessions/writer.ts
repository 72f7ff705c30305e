import { zstdCompressSync } from 'node:zlib';
import type { SessionState } from '../generated/prisma/enums.ts';
import { newId } from '../lib/ids.ts';
import { arrayLiteral, bytesLiteral, quote } from '../lib/literals.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal } from '../platform/keys.ts';
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
  fresh: Set<number>;
};

type Answer = { id: string; projectId: string; state: SessionState; fresh: number[] };

type Pending = {
  call: IngestCall;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
};

const maxRowsPerStatement = 1_000;
const maxStatementsAtOnce = 1; // while one runs, the next gathers: two at once make smaller groups and more work
const fastest = { 100: 1 } as const; // ZSTD_c_compressionLevel: level 1

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
      if (!answer || answer.projectId !== projectId) return { state: null, fresh: new Set() };
      // Two calls of a group may hold the same sequence: the first one is said to have stored it.
      const fresh = new Set(
        sent.map(({ sequence }) => sequence).filter((sequence) => answer.fresh.delete(sequence)),
      );
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

// `FOR KEY SHARE` lets ingest go on beside changes of the session but not beside its end, which takes
// `FOR UPDATE`. `ORDER BY` keeps concurrent re-sends from deadlocking, and of several bodies under one
// sequence it stores the one that came first, which is the one that is said to be stored.
const statement = `
WITH "open" AS MATERIALIZED (
  SELECT s."id", s."projectId", s."state" FROM "Session" s
  WHERE s."id" = ANY($1::uuid[]) ORDER BY s."id" FOR KEY SHARE
), "row" AS (
  INSERT INTO "Interaction" ("projectId", "sessionId", "id", "sequence", "type", "occurredAt", "sessionTimeMs",
    "url", "site", "pageTitle", "targetRole", "targetName", "modifiers", "offsetX", "offsetY", "isVisible",
    "confidence", "dropped", "bodyMac", "sealed", "chunkId", "chunkIndex")
  SELECT o."projectId", o."id", i."id", i."sequence", i."type"::"InteractionType", i."occurredAt", i."sessionTimeMs",
    i."url", i."site", i."pageTitle", i."targetRole", i."targetName", i."modifiers", i."offsetX", i."offsetY", i."isVisible",
    i."confidence", i."dropped", i."bodyMac", i."sealed", i."chunkId", i."chunkIndex"
  FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::timestamptz[], $8::int[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::smallint[], $15::real[], $16::real[], $17::boolean[],
    $18::real[], $19::text[], $20::bytea[], $21::bytea[], $22::uuid[], $23::smallint[])
    WITH ORDINALITY
    AS i("projectId", "sessionId", "id", "sequence", "type", "occurredAt", "sessionTimeMs", "url", "site", "pageTitle",
      "targetRole", "targetName", "modifiers", "offsetX", "offsetY", "isVisible", "confidence", "dropped", "bodyMac",
      "sealed", "chunkId", "chunkIndex", "place")
  JOIN "open" o ON o."id" = i."sessionId" AND o."projectId" = i."projectId" AND o."state" IN ('ACTIVE', 'PAUSED')
  ORDER BY i."sessionId", i."sequence", i."place"
  ON CONFLICT DO NOTHING
  RETURNING "sessionId", "sequence", "chunkId"
), "chunk" AS (
  INSERT INTO "InteractionChunk" ("id", "projectId", "sessionId", "sealed")
  SELECT c."id", o."projectId", o."id", c."sealed"
  FROM unnest($24::uuid[], $25::uuid[], $26::bytea[]) AS c("id", "sessionId", "sealed")
  JOIN "open" o ON o."id" = c."sessionId"
  WHERE c."id" IN (SELECT r."chunkId" FROM "row" r)
)
SELECT o."id", o."projectId", o."state"::text AS "state",
  coalesce(array_agg(r."sequence") FILTER (WHERE r."sequence" IS NOT NULL), '{}') AS "fresh"
FROM "open" o LEFT JOIN "row" r ON r."sessionId" = o."id"
GROUP BY o."id", o."projectId", o."state"`;

/** The parameters of the statement, as array literals: half the work of letting the driver make them. */
function encode(calls: IngestCall[]): string[] {
  const sessions = new Set<string>();
  const columns: string[][] = Array.from({ length: 22 }, () => []);
  const chunks: [string[], string[], string[]] = [[], [], []];
  for (const { projectId, sessionId, key, rows } of calls) {
    sessions.add(sessionId);
    const details = rows.flatMap(({ detail }) => (detail === null ? [] : [detail]));
    const chunkId = details.length > 1 ? newId() : null; // one alone needs no row of its own
    if (chunkId) {
      chunks[0].push(chunkId);
      chunks[1].push(sessionId);
      chunks[2].push(bytesLiteral(sealDetails(key, details, chunkContext(chunkId))));
    }
    let index = 0;
    for (const row of rows) {
      const held = row.detail !== null;
      const cells = [
        projectId,
        sessionId,
        row.id,
        String(row.sequence),
        row.type,
        row.occurredAt.toISOString(),
        String(row.sessionTimeMs),
        quote(row.url),
        quote(row.site),
        quote(row.pageTitle),
        quote(row.targetRole),
        quote(row.targetName),
        String(row.modifiers),
        numberOrNull(row.offsetX),
        numberOrNull(row.offsetY),
        row.isVisible === null ? 'NULL' : String(row.isVisible),
        String(row.confidence),
        quote(row.dropped),
        bytesLiteral(row.bodyMac),
        held && !chunkId ? bytesLiteral(sealDetails(key, details, ownContext(row.id))) : 'NULL',
        held && chunkId ? chunkId : 'NULL',
        held && chunkId ? String(index) : 'NULL',
      ];
      if (held) index += 1;
      for (let column = 0; column < cells.length; column += 1)
        columns[column]?.push(cells[column] ?? 'NULL');
    }
  }
  return [arrayLiteral([...sessions]), ...columns.map(arrayLiteral), ...chunks.map(arrayLiteral)];
}

function numberOrNull(value: number | null): string {
  return value === null ? 'NULL' : String(value);
}

/** A JSON array of details, compressed and sealed. */
function sealDetails(key: DataKey, details: string[], context: string): Buffer {
  const json = Buffer.from(`[${details.join(',')}]`);
  const chunkSize = json.length + 64; // what it becomes is taken in one piece, of memory that fits
  return seal(key, zstdCompressSync(json, { params: fastest, chunkSize }), context);
}

/** What a chunk is sealed as. */
export function chunkContext(chunkId: string): string {
  return `interaction-chunk/${chunkId}`;
}

/** What the detail of an interaction that arrived alone is sealed as. */
export function ownContext(interactionId: string): string {
  return `interaction/${interactionId}`;
}
