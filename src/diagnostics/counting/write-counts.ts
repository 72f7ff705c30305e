import { bytesArray, instantArray, int4Array, textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import type { SeenUsers } from './seen-users.ts';
import type { FingerprintTally, HourTally, Tally } from './tally.ts';

/** Totals of an issue after the reports. */
export type IssueTotals = { count: bigint; users: number; firstSeenAt: Date; lastSeenAt: Date };

/** One list of rows as parameters: of each column its name, type and values. */
type Columns<T> = [name: string, type: string, array: (rows: readonly T[]) => Buffer][];

type Of<T> = T & { fingerprintId: string };

const fingerprints: Columns<Of<FingerprintTally>> = [
  ['fingerprintId', 'uuid', (rows) => uuidArray(rows.map(({ fingerprintId }) => fingerprintId))],
  ['count', 'int4', (rows) => int4Array(rows.map(({ count }) => count))],
  ['severity', 'text', (rows) => textArray(rows.map(({ severity }) => severity))],
  ['first', 'timestamptz', (rows) => instantArray(rows.map(({ firstMs }) => new Date(firstMs)))],
  ['last', 'timestamptz', (rows) => instantArray(rows.map(({ lastMs }) => new Date(lastMs)))],
];

const fingerprintHours: Columns<Of<{ projectId: string; hourMs: number; count: number }>> = [
  ['fingerprintId', 'uuid', (rows) => uuidArray(rows.map(({ fingerprintId }) => fingerprintId))],
  ['hour', 'timestamptz', (rows) => instantArray(rows.map(({ hourMs }) => new Date(hourMs)))],
  ['projectId', 'uuid', (rows) => uuidArray(rows.map(({ projectId }) => projectId))],
  ['count', 'int4', (rows) => int4Array(rows.map(({ count }) => count))],
];

const fingerprintUsers: Columns<Of<{ user: string; hourMs: number }>> = [
  ['fingerprintId', 'uuid', (rows) => uuidArray(rows.map(({ fingerprintId }) => fingerprintId))],
  ['userHash', 'bytea', (rows) => bytesArray(rows.map(({ user }) => digestOf(user)))],
  ['lastSeenAt', 'timestamptz', (rows) => instantArray(rows.map(({ hourMs }) => new Date(hourMs)))],
];

const dimensions: Columns<Omit<HourTally, 'key' | 'count' | 'users'>> = [
  ['projectId', 'uuid', (rows) => uuidArray(rows.map(({ projectId }) => projectId))],
  ['hour', 'timestamptz', (rows) => instantArray(rows.map(({ hourMs }) => new Date(hourMs)))],
  ['category', 'text', (rows) => textArray(rows.map(({ category }) => category))],
  ['severity', 'text', (rows) => textArray(rows.map(({ severity }) => severity))],
  ['platform', 'text', (rows) => textArray(rows.map(({ platform }) => platform))],
  ['service', 'text', (rows) => textArray(rows.map(({ service }) => service ?? ''))],
  ['release', 'text', (rows) => textArray(rows.map(({ release }) => release ?? ''))],
];

const reportHours: Columns<HourTally> = [
  ...dimensions,
  ['count', 'int4', (rows) => int4Array(rows.map(({ count }) => count))],
];

const reportUserHours: Columns<HourTally & { user: string }> = [
  ...dimensions,
  ['userHash', 'bytea', (rows) => bytesArray(rows.map(({ user }) => digestOf(user)))],
];

const releases: Columns<Tally['releases'][number]> = [
  ['projectId', 'uuid', (rows) => uuidArray(rows.map(({ projectId }) => projectId))],
  ['name', 'text', (rows) => textArray(rows.map(({ name }) => name))],
  [
    'firstSeenAt',
    'timestamptz',
    (rows) => instantArray(rows.map(({ firstMs }) => new Date(firstMs))),
  ],
];

const ledgerLines: Columns<Tally['lines'][number]> = [
  ['projectId', 'uuid', (rows) => uuidArray(rows.map(({ projectId }) => projectId))],
  ['hour', 'timestamptz', (rows) => instantArray(rows.map(({ hour }) => hour))],
  ['outcome', 'text', (rows) => textArray(rows.map(({ outcome }) => outcome))],
  ['reason', 'text', (rows) => textArray(rows.map(({ reason }) => reason))],
  ['category', 'text', (rows) => textArray(rows.map(({ category }) => category))],
  ['count', 'text', (rows) => textArray(rows.map(({ count }) => String(count)))], // accounts of clients add up to more than int4 holds
];

let parameters = 0;

/** A list of rows in the statement; each call takes the next parameters. */
function rowsOf<T>(columns: Columns<T>): string {
  const arrays = columns.map(([, type]) => `$${++parameters}::${type}[]`).join(', ');
  return `unnest(${arrays}) AS g(${columns.map(([name]) => `"${name}"`).join(', ')})`;
}

function valuesOf<T>(columns: Columns<T>, rows: readonly T[]): Buffer[] {
  return columns.map(([, , array]) => array(rows));
}

const alike = '"projectId", "hour", "category", "severity", "platform", "service", "release"';
const given = `g."projectId", g."hour", g."category"::"ReportCategory", g."severity"::"ReportSeverity",
    g."platform"::"ReportPlatform", g."service", g."release"`;

// Rows are written in the order of their keys, so that of two transactions neither waits for what the other
// waits for; issues and fingerprints are locked already.
const statement = `
WITH "fingerprint" AS (
  UPDATE "Fingerprint" f SET "count" = f."count" + g."count", "severity" = LEAST(f."severity", g."severity"::"ReportSeverity"),
    "firstSeenAt" = LEAST(f."firstSeenAt", g."first"), "lastSeenAt" = GREATEST(f."lastSeenAt", g."last")
  FROM ${rowsOf(fingerprints)}
  WHERE f."id" = g."fingerprintId"
  RETURNING f."issueId", g."count", g."severity"::"ReportSeverity" AS "severity", g."first", g."last"
), "fingerprintHour" AS (
  INSERT INTO "FingerprintHour" AS h ("fingerprintId", "hour", "projectId", "count")
  SELECT * FROM ${rowsOf(fingerprintHours)} ORDER BY 1, 2
  ON CONFLICT ("fingerprintId", "hour") DO UPDATE SET "count" = h."count" + EXCLUDED."count"
), "fingerprintUser" AS (
  INSERT INTO "FingerprintUser" AS u ("fingerprintId", "userHash", "lastSeenAt")
  SELECT * FROM ${rowsOf(fingerprintUsers)} ORDER BY 1, 2
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
  INSERT INTO "ReportHour" AS h (${alike}, "count")
  SELECT ${given}, g."count" FROM ${rowsOf(reportHours)} ORDER BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT (${alike}) DO UPDATE SET "count" = h."count" + EXCLUDED."count"
), "reportUserHour" AS (
  INSERT INTO "ReportUserHour" (${alike}, "userHash")
  SELECT ${given}, g."userHash" FROM ${rowsOf(reportUserHours)} ORDER BY 8, 1, 2, 3, 4, 5, 6, 7 -- digests differ at once
  ON CONFLICT DO NOTHING
), "release" AS (
  INSERT INTO "Release" AS r ("projectId", "name", "firstSeenAt")
  SELECT g.* FROM ${rowsOf(releases)} LEFT JOIN "Release" k ON k."projectId" = g."projectId" AND k."name" = g."name"
  WHERE k."firstSeenAt" IS NULL OR k."firstSeenAt" > g."firstSeenAt" -- nearly always known: nothing is written then
  ORDER BY 1, 2
  ON CONFLICT ("projectId", "name") DO UPDATE SET "firstSeenAt" = LEAST(r."firstSeenAt", EXCLUDED."firstSeenAt")
), "ledger" AS (
  INSERT INTO "ReportLedger" AS l ("projectId", "hour", "outcome", "reason", "category", "count")
  SELECT g."projectId", g."hour", g."outcome"::"ReportOutcome", g."reason", g."category"::"ReportCategory", g."count"::bigint
  FROM ${rowsOf(ledgerLines)} ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT ("projectId", "hour", "outcome", "reason", "category") DO UPDATE SET "count" = l."count" + EXCLUDED."count"
)
UPDATE "ErrorIssue" i SET "count" = i."count" + g."count", "userCount" = i."userCount" + coalesce(u."count", 0),
  "severity" = LEAST(i."severity", g."severity"), "firstSeenAt" = LEAST(i."firstSeenAt", g."first"),
  "lastSeenAt" = GREATEST(i."lastSeenAt", g."last")
FROM (
  SELECT f."issueId", sum(f."count")::bigint AS "count", min(f."severity") AS "severity", min(f."first") AS "first",
    max(f."last") AS "last"
  FROM "fingerprint" f GROUP BY 1) g
LEFT JOIN "newUser" u ON u."issueId" = g."issueId"
WHERE i."id" = g."issueId"
RETURNING i."id", i."count", i."userCount" AS "users", i."firstSeenAt", i."lastSeenAt"`;

type Row = { id: string; count: string; users: number; firstSeenAt: Date; lastSeenAt: Date };

/**
 * Adds what reports come to to every count: fingerprints, their users and hours, the project's hours by
 * what trends are asked for, releases, issues, the ledger. One statement, with a row for each that changes.
 *
 * @param seen users that need not be written
 * @returns totals by id of the issue, and the users that were written, to be remembered after the commit
 */
export async function writeCounts(
  tx: Transaction,
  tally: Tally,
  seen: SeenUsers,
): Promise<{ totals: Map<string, IssueTotals>; written: string[] }> {
  const kinds = [...tally.fingerprints].map(([fingerprintId, of]) => ({ fingerprintId, ...of }));
  const hours = kinds.flatMap(({ fingerprintId, projectId, hours: ofKind }) =>
    [...ofKind].map(([hourMs, count]) => ({ fingerprintId, projectId, hourMs, count })),
  );
  const users = kinds.flatMap(({ fingerprintId, users: ofKind }) =>
    [...ofKind].flatMap(([user, hourMs]) => {
      const key = `${fingerprintId} ${hourMs} ${user}`;
      return seen.has(key) ? [] : [{ key, fingerprintId, user, hourMs }];
    }),
  );
  const usersOfHours = tally.hours.flatMap((hour) =>
    [...hour.users].flatMap((user) => {
      const key = `${hour.key} ${user}`;
      return seen.has(key) ? [] : [{ ...hour, key, user }];
    }),
  );
  const { rows } = await tx.query<Row>({
    name: 'report-counts',
    text: statement,
    values: [
      ...valuesOf(fingerprints, kinds),
      ...valuesOf(fingerprintHours, hours),
      ...valuesOf(fingerprintUsers, users),
      ...valuesOf(reportHours, tally.hours),
      ...valuesOf(reportUserHours, usersOfHours),
      ...valuesOf(releases, tally.releases),
      ...valuesOf(ledgerLines, tally.lines),
    ],
  });
  const totals = rows.map(({ id, count, ...of }) => [id, { ...of, count: BigInt(count) }] as const);
  return { totals: new Map(totals), written: [...users, ...usersOfHours].map(({ key }) => key) };
}

function digestOf(user: string): Buffer {
  return Buffer.from(user, 'base64');
}
