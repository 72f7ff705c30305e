import { type ReportSeverity, reportSeverities } from '../../contract/report.ts';
import type { Tx } from '../../platform/db.ts';
import { hourOf } from './clock.ts';
import type { PlacedReport } from './issues-of.ts';
import type { LedgerEntry } from './ledger.ts';
import type { Releases } from './release-rows.ts';
import { pgArray } from './rows.ts';

/** Totals of an issue after the reports. */
export type IssueTotals = { count: bigint; users: number };

type Cells = (string | null)[];

/**
 * Adds fresh reports to every count, in one statement: fingerprints, their users and hours, the
 * project's hours by what trends are asked for, issues, the ledger.
 *
 * @returns totals by id of the issue
 */
export async function countReports(
  tx: Tx,
  fresh: PlacedReport[],
  ledger: { projectId: string; hour: Date; entries: LedgerEntry[] }[],
  releases: Releases,
): Promise<Map<string, IssueTotals>> {
  const fingerprints = groupsOf(fresh, ({ fingerprintId }) => [fingerprintId]);
  const issues = groupsOf(fresh, ({ issue }) => [issue.id]);
  const fingerprintHours = groupsOf(fresh, ({ fingerprintId, occurredAt, projectId }) => [
    fingerprintId,
    hourOf(occurredAt).toISOString(),
    projectId,
  ]);
  const hours = groupsOf(fresh, dimensionsOf);
  const withUser = fresh.filter(({ userHash }) => userHash !== null);
  const users = groupsOf(withUser, ({ fingerprintId, userHash }) => [
    fingerprintId,
    bytes(userHash),
  ]);
  const userHours = groupsOf(withUser, (report) => [
    ...dimensionsOf(report),
    bytes(report.userHash),
  ]);
  const lines = linesOf(ledger);
  const rows = await tx.$queryRaw<{ id: string; count: bigint; userCount: number }[]>`
    WITH "fingerprint" AS (
      UPDATE "Fingerprint" f SET "count" = f."count" + g."count", "severity" = LEAST(f."severity", g."severity"::"ReportSeverity"),
        "firstSeenAt" = LEAST(f."firstSeenAt", g."first"), "lastSeenAt" = GREATEST(f."lastSeenAt", g."last")
      FROM unnest(${keys(fingerprints, 0)}::uuid[], ${counts(fingerprints)}::bigint[], ${worst(fingerprints)}::text[],
        ${firsts(fingerprints)}::timestamptz[], ${lasts(fingerprints)}::timestamptz[]) AS g("id", "count", "severity", "first", "last")
      WHERE f."id" = g."id"
    ), "fingerprintHour" AS (
      INSERT INTO "FingerprintHour" AS h ("fingerprintId", "hour", "projectId", "count")
      SELECT * FROM unnest(${keys(fingerprintHours, 0)}::uuid[], ${keys(fingerprintHours, 1)}::timestamptz[],
        ${keys(fingerprintHours, 2)}::uuid[], ${counts(fingerprintHours)}::int[])
      ORDER BY 1, 2
      ON CONFLICT ("fingerprintId", "hour") DO UPDATE SET "count" = h."count" + EXCLUDED."count"
    ), "fingerprintUser" AS (
      INSERT INTO "FingerprintUser" AS u ("fingerprintId", "userHash", "lastSeenAt")
      SELECT g."id", g."hash", date_trunc('hour', g."last") FROM unnest(${keys(users, 0)}::uuid[], ${keys(users, 1)}::bytea[],
        ${lasts(users)}::timestamptz[]) AS g("id", "hash", "last") ORDER BY 1, 2
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
      INSERT INTO "ReportHour" AS h ("projectId", "hour", "category", "severity", "platform", "service", "release", "count")
      SELECT g."projectId", g."hour", g."category"::"ReportCategory", g."severity"::"ReportSeverity", g."platform"::"ReportPlatform",
        g."service", g."release", g."count"
      FROM unnest(${keys(hours, 0)}::uuid[], ${keys(hours, 1)}::timestamptz[], ${keys(hours, 2)}::text[], ${keys(hours, 3)}::text[],
        ${keys(hours, 4)}::text[], ${keys(hours, 5)}::text[], ${keys(hours, 6)}::text[], ${counts(hours)}::int[])
        AS g("projectId", "hour", "category", "severity", "platform", "service", "release", "count")
      ORDER BY 1, 2, 3, 4, 5, 6, 7
      ON CONFLICT ("projectId", "hour", "category", "severity", "platform", "service", "release")
      DO UPDATE SET "count" = h."count" + EXCLUDED."count"
    ), "reportUserHour" AS (
      INSERT INTO "ReportUserHour" ("projectId", "hour", "category", "severity", "platform", "service", "release", "userHash")
      SELECT g."projectId", g."hour", g."category"::"ReportCategory", g."severity"::"ReportSeverity", g."platform"::"ReportPlatform",
        g."service", g."release", g."userHash"
      FROM unnest(${keys(userHours, 0)}::uuid[], ${keys(userHours, 1)}::timestamptz[], ${keys(userHours, 2)}::text[],
        ${keys(userHours, 3)}::text[], ${keys(userHours, 4)}::text[], ${keys(userHours, 5)}::text[], ${keys(userHours, 6)}::text[],
        ${keys(userHours, 7)}::bytea[])
        AS g("projectId", "hour", "category", "severity", "platform", "service", "release", "userHash")
      ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
      ON CONFLICT DO NOTHING
    ), "ledger" AS (
      INSERT INTO "ReportLedger" AS l ("projectId", "hour", "outcome", "reason", "category", "count")
      SELECT g."projectId", g."hour", g."outcome"::"ReportOutcome", g."reason", g."category"::"ReportCategory", g."count"
      FROM unnest(${lines[0]}::uuid[], ${lines[1]}::timestamptz[], ${lines[2]}::text[], ${lines[3]}::text[], ${lines[4]}::text[],
        ${lines[5]}::bigint[]) AS g("projectId", "hour", "outcome", "reason", "category", "count")
      ORDER BY 1, 2, 3, 4, 5
      ON CONFLICT ("projectId", "hour", "outcome", "reason", "category") DO UPDATE SET "count" = l."count" + EXCLUDED."count"
    )
    UPDATE "ErrorIssue" i SET "count" = i."count" + g."count", "userCount" = i."userCount" + coalesce(u."count", 0),
      "severity" = LEAST(i."severity", g."severity"::"ReportSeverity"), "firstSeenAt" = LEAST(i."firstSeenAt", g."first"),
      "lastSeenAt" = GREATEST(i."lastSeenAt", g."last"), "firstRelease" = coalesce(i."firstRelease", g."release"),
      "lastRelease" = g."release"
    FROM unnest(${keys(issues, 0)}::uuid[], ${counts(issues)}::bigint[], ${worst(issues)}::text[], ${firsts(issues)}::timestamptz[],
      ${lasts(issues)}::timestamptz[], ${newest(issues, releases)}::text[]) AS g("id", "count", "severity", "first", "last", "release")
    LEFT JOIN "newUser" u ON u."issueId" = g."id"
    WHERE i."id" = g."id"
    RETURNING i."id", i."count", i."userCount"`;
  return new Map(rows.map(({ id, count, userCount }) => [id, { count, users: userCount }]));
}

type Group = { cells: Cells; reports: PlacedReport[] };

function groupsOf(reports: PlacedReport[], cellsOf: (report: PlacedReport) => Cells): Group[] {
  const groups = new Map<string, Group>();
  for (const report of reports) {
    const cells = cellsOf(report);
    const key = cells.join('\u0001');
    const known = groups.get(key);
    if (known) known.reports.push(report);
    else groups.set(key, { cells, reports: [report] });
  }
  return [...groups.values()];
}

function dimensionsOf({
  projectId,
  occurredAt,
  category,
  severity,
  platform,
  service,
  release,
}: PlacedReport): Cells {
  return [
    projectId,
    hourOf(occurredAt).toISOString(),
    category,
    severity,
    platform,
    service ?? '',
    release ?? '',
  ];
}

function keys(groups: Group[], index: number): string {
  return pgArray(groups.map(({ cells }) => cells[index] ?? null));
}

function counts(groups: Group[]): string {
  return pgArray(groups.map(({ reports }) => String(reports.length)));
}

function firsts(groups: Group[]): string {
  return pgArray(groups.map(({ reports }) => instantOf(reports, Math.min)));
}

function lasts(groups: Group[]): string {
  return pgArray(groups.map(({ reports }) => instantOf(reports, Math.max)));
}

function instantOf(reports: PlacedReport[], choose: (a: number, b: number) => number): string {
  const at = reports.map(({ occurredAt }) => occurredAt.getTime()).reduce((a, b) => choose(a, b));
  return new Date(at).toISOString();
}

function worst(groups: Group[]): string {
  const rank = (severity: ReportSeverity) => reportSeverities.indexOf(severity);
  return pgArray(
    groups.map(({ reports }) =>
      reports.map(({ severity }) => severity).reduce((a, b) => (rank(a) <= rank(b) ? a : b)),
    ),
  );
}

/** The newest release of each issue, with its reports. */
function newest(groups: Group[], releases: Releases): string {
  return pgArray(
    groups.map(({ reports }) =>
      reports.reduce<string | null>(
        (newer, { projectId, release }) => releases.newer(projectId, release, newer),
        reports[0]?.issue.lastRelease ?? null,
      ),
    ),
  );
}

function bytes(hash: Buffer | null): string | null {
  return hash && `\\x${hash.toString('hex')}`;
}

/** Columns of the ledger, one line a kind. */
function linesOf(ledger: { projectId: string; hour: Date; entries: LedgerEntry[] }[]): string[] {
  const lines = new Map<string, { cells: string[]; count: number }>();
  for (const { projectId, hour, entries } of ledger)
    for (const { outcome, reason, category, count } of entries) {
      const cells = [projectId, hour.toISOString(), outcome, reason, category];
      const key = cells.join('\u0001');
      const known = lines.get(key);
      if (known) known.count += count;
      else lines.set(key, { cells, count });
    }
  const all = [...lines.values()];
  return [
    ...[0, 1, 2, 3, 4].map((index) => pgArray(all.map(({ cells }) => cells[index] ?? null))),
    pgArray(all.map(({ count }) => String(count))),
  ];
}
