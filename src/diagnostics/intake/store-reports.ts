import { bytesArray, instantArray, int4Array, textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { BatchReport } from './batch.ts';
import type { BodyPlace, Chunk } from './bodies.ts';

/** A report with its fingerprint and the place of its body. */
export type PlacedReport = BatchReport & { fingerprintId: string; bodyPlace: BodyPlace | null };

/** Reports, their bodies, and what counting needs of them. */
export type Stored = {
  id: string;
  reports: readonly PlacedReport[];
  chunks: Chunk[];
  summary: Buffer;
};

type Column = [name: string, type: string, array: (reports: readonly PlacedReport[]) => Buffer];

const texts = (of: (report: PlacedReport) => string | null) => (reports: readonly PlacedReport[]) =>
  textArray(reports.map(of));
const uuids = (of: (report: PlacedReport) => string | null) => (reports: readonly PlacedReport[]) =>
  uuidArray(reports.map(of));
const instants = (of: (report: PlacedReport) => Date) => (reports: readonly PlacedReport[]) =>
  instantArray(reports.map(of));

const columns: Column[] = [
  ['id', 'uuid', uuids(({ id }) => id)],
  ['projectId', 'uuid', uuids(({ projectId }) => projectId)],
  ['fingerprintId', 'uuid', uuids(({ fingerprintId }) => fingerprintId)],
  ['occurredAt', 'timestamptz', instants(({ occurredAt }) => occurredAt)],
  ['receivedAt', 'timestamptz', instants(({ receivedAt }) => receivedAt)],
  ['category', 'text', texts(({ category }) => category)],
  ['severity', 'text', texts(({ severity }) => severity)],
  ['platform', 'text', texts(({ platform }) => platform)],
  ['service', 'text', texts(({ service }) => service)],
  ['release', 'text', texts(({ release }) => release)],
  ['environment', 'text', texts(({ environment }) => environment)],
  ['correlationId', 'text', texts(({ correlationId }) => correlationId)],
  ['userHash', 'bytea', (reports) => bytesArray(reports.map(({ userHash }) => userHash))],
  ['chunkId', 'uuid', uuids(({ bodyPlace }) => bodyPlace?.chunkId ?? null)],
  [
    'chunkIndex',
    'int4',
    (reports) => int4Array(reports.map(({ bodyPlace }) => bodyPlace?.chunkIndex ?? null)),
  ],
];

const enums: Record<string, string> = {
  category: 'ReportCategory',
  severity: 'ReportSeverity',
  platform: 'ReportPlatform',
};
const names = columns.map(([name]) => `"${name}"`).join(', ');
const selected = columns
  .map(([name]) => (enums[name] ? `g."${name}"::"${enums[name]}"` : `g."${name}"`))
  .join(', ');
const parameters = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
const next = columns.length + 1;

// Rows are written in the order of their keys, so that of two statements neither waits for what the other waits for.
const statement = `
WITH "given" AS MATERIALIZED (
  SELECT * FROM unnest(${parameters}) WITH ORDINALITY AS g(${names}, "place")
), "event" AS (
  INSERT INTO "ErrorEvent" (${names})
  SELECT ${selected} FROM "given" g ORDER BY g."projectId", g."id"
  ON CONFLICT DO NOTHING
  RETURNING "id", "projectId"
), "repeat" AS MATERIALIZED (
  SELECT array_agg(g."place"::int - 1) AS "places" FROM "given" g
  WHERE (SELECT count(*) FROM "event") < (SELECT count(*) FROM "given")
    AND NOT EXISTS (SELECT FROM "event" e WHERE e."projectId" = g."projectId" AND e."id" = g."id")
), "chunk" AS (
  INSERT INTO "ReportChunk" ("id", "projectId", "receivedAt", "packed")
  SELECT * FROM unnest($${next}::uuid[], $${next + 1}::uuid[], $${next + 2}::timestamptz[], $${next + 3}::bytea[])
)
INSERT INTO "ReportBatch" ("id", "summary", "repeats")
SELECT $${next + 4}::uuid, $${next + 5}::bytea, coalesce(r."places", '{}') FROM "repeat" r
RETURNING "repeats"`;

/**
 * The statement that stores reports, each once, with their bodies, and leaves the batch for counting. It
 * answers with one row: the places of reports that were there before.
 */
export function storing({ id, reports, chunks, summary }: Stored) {
  return {
    name: 'report-events-store',
    text: statement,
    values: [
      ...columns.map(([, , array]) => array(reports)),
      uuidArray(chunks.map((chunk) => chunk.id)),
      uuidArray(chunks.map(({ projectId }) => projectId)),
      instantArray(chunks.map(({ receivedAt }) => receivedAt)),
      bytesArray(chunks.map(({ packed }) => packed)),
      id,
      summary,
    ],
  };
}
