import { bytesArray, instantArray, int4Array, textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { Source } from '../counting/summary.ts';
import type { PlacedReport } from './batch.ts';
import type { BodyPlace, Chunk } from './bodies.ts';

/** Reports, their bodies, and what counting needs of them. */
export type ToStore = {
  id: string;
  reports: readonly PlacedReport[];
  /** Where each body lies; `null` where it is not kept. */
  bodies: readonly (BodyPlace | null)[];
  sources: readonly Source[];
  chunks: readonly Chunk[];
  summary: Buffer;
};

/** Rows as arrays: name and type of each column. */
const eventColumns = [
  ['id', 'uuid'],
  ['fingerprintId', 'uuid'],
  ['source', 'int4'],
  ['occurredAt', 'timestamptz'],
  ['correlationId', 'text'],
  ['userHash', 'bytea'],
  ['chunkId', 'uuid'],
  ['chunkIndex', 'int4'],
] as const;
const sourceColumns = [
  ['projectId', 'uuid'],
  ['receivedAt', 'timestamptz'],
  ['category', 'text'],
  ['severity', 'text'],
  ['platform', 'text'],
  ['service', 'text'],
  ['release', 'text'],
  ['environment', 'text'],
] as const;
const chunkColumns = [
  ['id', 'uuid'],
  ['projectId', 'uuid'],
  ['receivedAt', 'timestamptz'],
  ['packed', 'bytea'],
] as const;

let parameters = 0;

/** A list of rows in the statement; each call takes the next parameters. */
function rowsOf(columns: readonly (readonly [name: string, type: string])[]): string {
  const arrays = columns.map(([, type]) => `$${++parameters}::${type}[]`).join(', ');
  return `unnest(${arrays}) WITH ORDINALITY AS g(${columns.map(([name]) => `"${name}"`).join(', ')}, "place")`;
}

// Rows are written in the order of their keys, so that of two statements neither waits for what the other waits for.
const statement = `
WITH "source" AS MATERIALIZED (
  SELECT g."place", g."projectId", g."receivedAt", g."category"::"ReportCategory", g."severity"::"ReportSeverity",
    g."platform"::"ReportPlatform", g."service", g."release", g."environment"
  FROM ${rowsOf(sourceColumns)}
), "given" AS MATERIALIZED (
  SELECT g."place" AS "index", g."id", g."fingerprintId", g."occurredAt", g."correlationId", g."userHash", g."chunkId",
    g."chunkIndex", s.*
  FROM ${rowsOf(eventColumns)} JOIN "source" s ON s."place" = g."source"
), "event" AS (
  INSERT INTO "ErrorEvent" ("id", "projectId", "fingerprintId", "occurredAt", "receivedAt", "category", "severity", "platform",
    "service", "release", "environment", "correlationId", "userHash", "chunkId", "chunkIndex")
  SELECT g."id", g."projectId", g."fingerprintId", g."occurredAt", g."receivedAt", g."category", g."severity", g."platform",
    g."service", g."release", g."environment", g."correlationId", g."userHash", g."chunkId", g."chunkIndex"
  FROM "given" g ORDER BY g."projectId", g."id"
  ON CONFLICT DO NOTHING
  RETURNING "id", "projectId"
), "repeat" AS MATERIALIZED (
  SELECT array_agg(g."index"::int - 1) AS "places" FROM "given" g
  WHERE (SELECT count(*) FROM "event") < (SELECT count(*) FROM "given")
    AND NOT EXISTS (SELECT FROM "event" e WHERE e."projectId" = g."projectId" AND e."id" = g."id")
), "chunk" AS (
  INSERT INTO "ReportChunk" ("id", "projectId", "receivedAt", "packed")
  SELECT g."id", g."projectId", g."receivedAt", g."packed" FROM ${rowsOf(chunkColumns)}
)
INSERT INTO "ReportBatch" ("id", "summary", "repeats")
SELECT $${++parameters}::uuid, $${++parameters}::bytea, coalesce(r."places", '{}') FROM "repeat" r
RETURNING "repeats"`;

/**
 * The statement that stores reports, each once, with their bodies, and leaves the batch for counting. It
 * answers with one row: the places of reports that were there before.
 */
export function storing({ id, reports, bodies, sources, chunks, summary }: ToStore) {
  const places = new Map(sources.map((source, place) => [source, place + 1]));
  return {
    name: 'report-events-store',
    text: statement,
    values: [
      uuidArray(sources.map(({ projectId }) => projectId)),
      instantArray(sources.map(({ receivedAt }) => receivedAt)),
      textArray(sources.map(({ category }) => category)),
      textArray(sources.map(({ severity }) => severity)),
      textArray(sources.map(({ platform }) => platform)),
      textArray(sources.map(({ service }) => service)),
      textArray(sources.map(({ release }) => release)),
      textArray(sources.map(({ environment }) => environment)),
      uuidArray(reports.map(({ report }) => report.prepared.id)),
      uuidArray(reports.map(({ fingerprintId }) => fingerprintId)),
      int4Array(reports.map(({ report }) => places.get(report.source) ?? null)),
      instantArray(reports.map(({ report }) => report.prepared.occurredAt)),
      textArray(reports.map(({ report }) => report.prepared.correlationId)),
      bytesArray(reports.map(({ report }) => report.prepared.userHash)),
      uuidArray(bodies.map((body) => body?.chunkId ?? null)),
      int4Array(bodies.map((body) => body?.chunkIndex ?? null)),
      uuidArray(chunks.map((chunk) => chunk.id)),
      uuidArray(chunks.map(({ projectId }) => projectId)),
      instantArray(chunks.map(({ receivedAt }) => receivedAt)),
      bytesArray(chunks.map(({ packed }) => packed)),
      id,
      summary,
    ],
  };
}
