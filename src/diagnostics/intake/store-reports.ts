import { bytesArray, instantArray, textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import type { BatchReport } from './batch.ts';
import type { PlacedReport } from './issues-of.ts';
import type { LedgerEntry } from './ledger.ts';

/** Totals of an issue after the reports. */
export type IssueTotals = { count: bigint; users: number; firstSeenAt: Date; lastSeenAt: Date };

/** What of a ledger is counted beside the reports that are stored. */
export type LedgerLine = LedgerEntry & { projectId: string; hour: Date };

type Column = [name: string, type: string, array: (reports: readonly BatchReport[]) => Buffer];

const texts = (of: (report: BatchReport) => string | null) => (reports: readonly BatchReport[]) =>
  textArray(reports.map(of));

const columns: Column[] = [
  ['id', 'uuid', (reports) => uuidArray(reports.map(({ id }) => id))],
  ['projectId', 'uuid', (reports) => uuidArray(reports.map(({ projectId }) => projectId))],
  [
    'occurredAt',
    'timestamptz',
    (reports) => instantArray(reports.map(({ occurredAt }) => occurredAt)),
  ],
  [
    'receivedAt',
    'timestamptz',
    (reports) => instantArray(reports.map(({ receivedAt }) => receivedAt)),
  ],
  ['category', 'text', texts(({ category }) => category)],
  ['severity', 'text', texts(({ severity }) => severity)],
  ['platform', 'text', texts(({ platform }) => platform)],
  ['service', 'text', texts(({ service }) => service)],
  ['release', 'text', texts(({ release }) => release)],
  ['environment', 'text', texts(({ environment }) => environment)],
  ['correlationId', 'text', texts(({ correlationId }) => correlationId)],
  ['userHash', 'bytea', (reports) => bytesArray(reports.map(({ userHash }) => userHash))],
  ['report', 'text', texts(({ body }) => body)],
];

const names = columns.map(([name]) => `"${name}"`).join(', ');
const parameters = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
const first = columns.length + 1;

/** Reports as parameters of the statement: made before the transaction, which then waits for nothing. */
export function parametersOf(reports: readonly BatchReport[]): Buffer[] {
  return columns.map(([, , array]) => array(reports));
}

const dimensions = '"projectId", "hour", "category", "severity", "platform", "service", "release"';
const ofEvent = `e."projectId", date_bin('1 hour', e."occurredAt", 'epoch') AS "hour", e."category", e."severity", e."platform",
    coalesce(e."service", '') AS "service", coalesce(e."release", '') AS "release"`;

// Every part counts what "event" says was stored. Rows are written in the order of their keys, so that of
// two transactions neither waits for what the other waits for; issues and fingerprints are locked already.
const statement = `
WITH "given" AS MATERIALIZED (
  SELECT * FROM unnest(${parameters}, $${first}::uuid[]) WITH ORDINALITY AS g(${names}, "fingerprintId", "place")
), "event" AS (
  INSERT INTO "ErrorEvent" (${names.replaceAll('"report"', '"fingerprintId", "report"')})
  SELECT g."id", g."projectId", g."occurredAt", g."receivedAt", g."category"::"ReportCategory", g."severity"::"ReportSeverity",
    g."platform"::"ReportPlatform", g."service", g."release", g."environment", g."correlationId", g."userHash",
    g."fingerprintId", g."report"::json
  FROM "given" g ORDER BY g."projectId", g."id"
  ON CONFLICT DO NOTHING
  RETURNING "id", "projectId", "fingerprintId", "occurredAt", "receivedAt", "category", "severity", "platform", "service",
    "release", "userHash"
), "repeat" AS MATERIALIZED (
  SELECT g."place", g."projectId", g."receivedAt", g."category" FROM "given" g
  WHERE (SELECT count(*) FROM "event") < (SELECT count(*) FROM "given")
    AND NOT EXISTS (SELECT FROM "event" e WHERE e."projectId" = g."projectId" AND e."id" = g."id")
), "fingerprint" AS (
  UPDATE "Fingerprint" f SET "count" = f."count" + g."count", "severity" = LEAST(f."severity", g."severity"),
    "firstSeenAt" = LEAST(f."firstSeenAt", g."first"), "lastSeenAt" = GREATEST(f."lastSeenAt", g."last")
  FROM (
    SELECT e."fingerprintId", count(*) AS "count", min(e."severity") AS "severity", min(e."occurredAt") AS "first",
      max(e."occurredAt") AS "last"
    FROM "event" e GROUP BY 1) g
  WHERE f."id" = g."fingerprintId"
  RETURNING f."issueId", g."count", g."severity", g."first", g."last"
), "fingerprintHour" AS (
  INSERT INTO "FingerprintHour" AS h ("fingerprintId", "hour", "projectId", "count")
  SELECT e."fingerprintId", date_bin('1 hour', e."occurredAt", 'epoch'), e."projectId", count(*)::int
  FROM "event" e GROUP BY 1, 2, 3 ORDER BY 1, 2
  ON CONFLICT ("fingerprintId", "hour") DO UPDATE SET "count" = h."count" + EXCLUDED."count"
), "fingerprintUser" AS (
  INSERT INTO "FingerprintUser" AS u ("fingerprintId", "userHash", "lastSeenAt")
  SELECT e."fingerprintId", e."userHash", date_bin('1 hour', max(e."occurredAt"), 'epoch')
  FROM "event" e WHERE e."userHash" IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT ("fingerprintId", "userHash") DO UPDATE SET "lastSeenAt" = EXCLUDED."lastSeenAt"
  WHERE u."lastSeenAt" < EXCLUDED."lastSeenAt"
  RETURNING u."fingerprintId", u."userHash", (xmax = 0) AS "isNew"
), "newUser" AS (
  SELECT f."issueId", count(DISTINCT u."userHash")::int AS "count"
  FROM "fingerprintUser" u JOIN "Fingerprint" f ON f."id" = u."fingerprintId"
  WHERE u."isNew" AND NOT EXISTS (
    SELECT 1 FROM "Fingerprint" o JOIN "FingerprintUser" ou ON ou."fingerprintId" = o."id" AND ou."userHash" = u."userHash"
    WHERE o."issueId" = f."issueId" AND o."id" <> f."id")
  GROUP BY f."issueId"
), "reportHour" AS (
  INSERT INTO "ReportHour" AS h (${dimensions}, "count")
  SELECT ${ofEvent}, count(*)::int FROM "event" e GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT (${dimensions}) DO UPDATE SET "count" = h."count" + EXCLUDED."count"
), "reportUserHour" AS (
  INSERT INTO "ReportUserHour" (${dimensions}, "userHash")
  SELECT DISTINCT ${ofEvent}, e."userHash" FROM "event" e WHERE e."userHash" IS NOT NULL ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
  ON CONFLICT DO NOTHING
), "release" AS (
  INSERT INTO "Release" AS r ("projectId", "name", "firstSeenAt")
  SELECT n."projectId", n."release", n."at"
  FROM (
    SELECT e."projectId", e."release", min(e."occurredAt") AS "at" FROM "event" e WHERE e."release" IS NOT NULL GROUP BY 1, 2
  ) n LEFT JOIN "Release" k ON k."projectId" = n."projectId" AND k."name" = n."release"
  WHERE k."firstSeenAt" IS NULL OR k."firstSeenAt" > n."at" -- nearly always known: nothing is written then
  ORDER BY 1, 2
  ON CONFLICT ("projectId", "name") DO UPDATE SET "firstSeenAt" = LEAST(r."firstSeenAt", EXCLUDED."firstSeenAt")
), "ledger" AS (
  INSERT INTO "ReportLedger" AS l ("projectId", "hour", "outcome", "reason", "category", "count")
  SELECT c."projectId", c."hour", c."outcome", c."reason", c."category", sum(c."count")
  FROM (
    SELECT e."projectId", date_bin('1 hour', e."receivedAt", 'epoch') AS "hour", 'ACCEPTED'::"ReportOutcome" AS "outcome",
      '' AS "reason", e."category", count(*) AS "count" FROM "event" e GROUP BY 1, 2, 5
    UNION ALL
    SELECT d."projectId", date_bin('1 hour', d."receivedAt", 'epoch'), 'DUPLICATE', '', d."category"::"ReportCategory", count(*)
    FROM "repeat" d GROUP BY 1, 2, 5
    UNION ALL
    SELECT g."projectId", g."hour", g."outcome"::"ReportOutcome", g."reason", g."category"::"ReportCategory", g."count"::bigint
    FROM unnest($${first + 1}::uuid[], $${first + 2}::timestamptz[], $${first + 3}::text[], $${first + 4}::text[],
      $${first + 5}::text[], $${first + 6}::text[]) AS g("projectId", "hour", "outcome", "reason", "category", "count")
  ) c
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT ("projectId", "hour", "outcome", "reason", "category") DO UPDATE SET "count" = l."count" + EXCLUDED."count"
), "issue" AS (
  UPDATE "ErrorIssue" i SET "count" = i."count" + g."count", "userCount" = i."userCount" + coalesce(u."count", 0),
    "severity" = LEAST(i."severity", g."severity"), "firstSeenAt" = LEAST(i."firstSeenAt", g."first"),
    "lastSeenAt" = GREATEST(i."lastSeenAt", g."last")
  FROM (
    SELECT f."issueId", sum(f."count")::bigint AS "count", min(f."severity") AS "severity", min(f."first") AS "first",
      max(f."last") AS "last"
    FROM "fingerprint" f GROUP BY 1) g
  LEFT JOIN "newUser" u ON u."issueId" = g."issueId"
  WHERE i."id" = g."issueId"
  RETURNING i."id", i."count", i."userCount" AS "users", i."firstSeenAt", i."lastSeenAt"
)
SELECT i."id", i."count", i."users", i."firstSeenAt", i."lastSeenAt", d."places"
FROM (SELECT array_agg(d."place"::int) AS "places" FROM "repeat" d) d LEFT JOIN "issue" i ON true`;

type Row = { places: number[] | null } & (
  | { id: string; count: string; users: number; firstSeenAt: Date; lastSeenAt: Date }
  | { id: null }
);

/**
 * Stores reports, each once, and adds those that are new to every count: fingerprints, their users and
 * hours, the project's hours by what trends are asked for, releases, issues, the ledger. One statement.
 *
 * @param placed reports of different ids
 * @param made `parametersOf` them
 * @returns places of the reports that were there before, and totals by id of the issue
 */
export async function storeReports(
  tx: Transaction,
  placed: readonly PlacedReport[],
  made: Buffer[],
  lines: LedgerLine[],
): Promise<{ repeats: Set<number>; totals: Map<string, IssueTotals> }> {
  const { rows } = await tx.query<Row>({
    name: 'report-events-store',
    text: statement,
    values: [
      ...made,
      uuidArray(placed.map(({ fingerprintId }) => fingerprintId)),
      uuidArray(lines.map(({ projectId }) => projectId)),
      instantArray(lines.map(({ hour }) => hour)),
      textArray(lines.map(({ outcome }) => outcome)),
      textArray(lines.map(({ reason }) => reason)),
      textArray(lines.map(({ category }) => category)),
      textArray(lines.map(({ count }) => String(count))),
    ],
  });
  const totals = new Map<string, IssueTotals>();
  for (const row of rows)
    if (row.id !== null) {
      const { id, count, users, firstSeenAt, lastSeenAt } = row;
      totals.set(id, { count: BigInt(count), users, firstSeenAt, lastSeenAt });
    }
  return { repeats: new Set(rows[0]?.places?.map((place) => place - 1)), totals };
}
