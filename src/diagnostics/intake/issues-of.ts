import type { ErrorIssue } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import type { Tx } from '../../platform/db.ts';
import { groupingVersion } from '../grouping/group.ts';
import type { Living } from '../issues/life-cycle.ts';
import type { PreparedReport } from './prepare.ts';
import { pgArray } from './rows.ts';

type Incoming = PreparedReport & { projectId: string; receivedAt: Date };

/** An issue as it was before the reports, locked for this transaction. */
export type LockedIssue = Living &
  Pick<
    ErrorIssue,
    | 'id'
    | 'projectId'
    | 'title'
    | 'category'
    | 'severity'
    | 'service'
    | 'platform'
    | 'version'
    | 'lastRelease'
    | 'firstRelease'
    | 'firstSeenAt'
    | 'lastSeenAt'
  >;

export type FoundIssue = {
  fingerprintId: string;
  issue: LockedIssue;
  /** Whether this transaction made it. */
  isNew: boolean;
};

export type PlacedReport = Incoming & { fingerprintId: string; issue: LockedIssue };

type Row = LockedIssue & { fingerprintId: string; hash: string };

/** Names what equal reports share. */
export function keyOf({ projectId, grouping }: Pick<Incoming, 'projectId' | 'grouping'>): string {
  return `${projectId} ${grouping.hash.toString('hex')}`;
}

/**
 * Finds the issues of reports and makes those that are missing. All are locked, in the order of their
 * ids, so that of two changes of an issue's state one comes first.
 *
 * @returns by `keyOf`; without those of repeats whose fingerprint changed since
 */
export async function openIssues(tx: Tx, reports: Incoming[]): Promise<Map<string, FoundIssue>> {
  const found = new Map<string, FoundIssue>();
  const issues = new Map<string, LockedIssue>();
  const keep = ({ fingerprintId, hash, ...row }: Row, isNew: boolean) => {
    const issue = issues.get(row.id) ?? row; // several fingerprints may lead to one issue
    issues.set(row.id, issue);
    found.set(`${row.projectId} ${hash}`, { fingerprintId, issue, isNew });
  };
  const firsts = firstOfEach(reports);
  if (firsts.size === 0) return found;
  for (const row of await lockKnown(tx, [...firsts.values()])) keep(row, false);
  if (found.size === firsts.size) return found;
  const unknown = reports.filter((report) => !found.has(keyOf(report)));
  const stored = await alreadyStored(tx, unknown);
  const wanted = firstOfEach(
    unknown.filter(({ projectId, id }) => !stored.has(`${projectId} ${id}`)),
  );
  // Somebody may merge, split or make one meanwhile: what is still missing is looked for again.
  for (let round = 0; round < 5; round += 1) {
    const missing = [...wanted].filter(([key]) => !found.has(key)).map(([, report]) => report);
    if (missing.length === 0) return found;
    const made = new Set(await makeMissing(tx, missing));
    for (const row of await lockKnown(tx, missing)) keep(row, made.has(row.id));
  }
  throw new Error('Expected an issue for each fingerprint, some keep changing hands.');
}

/** Of equal reports the one that happened first. */
function firstOfEach(reports: Incoming[]): Map<string, Incoming> {
  const firsts = new Map<string, Incoming>();
  for (const report of reports) {
    const key = keyOf(report);
    const first = firsts.get(key);
    if (!first || report.occurredAt < first.occurredAt) firsts.set(key, report);
  }
  return firsts;
}

/** `OF i, f`: a merge that commits while we wait moves the fingerprint, and the row drops out here. */
function lockKnown(tx: Tx, reports: Incoming[]): Promise<Row[]> {
  return tx.$queryRaw<Row[]>`
    SELECT f."id" AS "fingerprintId", encode(f."hash", 'hex') AS "hash", i."id", i."projectId", i."title", i."category"::text,
      i."severity"::text, i."service", i."platform"::text, i."version", i."state"::text, i."stateSince", i."firstSeenAt",
      i."lastSeenAt", i."firstRelease", i."lastRelease", i."resolvedIn"::text, i."resolvedRelease", i."resolvedAt",
      i."archivedUntil"::text, i."archivedUntilAt", i."archivedUntilCount", i."archivedUntilUsers", i."hourLimit"
    FROM unnest(
      ${pgArray(reports.map(({ projectId }) => projectId))}::uuid[],
      ${pgArray(reports.map(({ grouping }) => `\\x${grouping.hash.toString('hex')}`))}::bytea[])
      AS k("projectId", "hash")
    JOIN "Fingerprint" f ON f."projectId" = k."projectId" AND f."hash" = k."hash"
    JOIN "ErrorIssue" i ON i."id" = f."issueId"
    ORDER BY i."id", f."id"
    FOR UPDATE OF i, f`;
}

/** Makes an issue and a fingerprint for each report; where another was quicker, none. */
async function makeMissing(tx: Tx, reports: Incoming[]): Promise<string[]> {
  const column = (of: (report: Incoming) => string | null) => pgArray(reports.map(of));
  const made = await tx.$queryRaw<{ issueId: string }[]>`
    WITH "given" AS MATERIALIZED (
      SELECT * FROM unnest(
        ${column(() => newId())}::uuid[],
        ${column(() => newId())}::uuid[],
        ${column(({ projectId }) => projectId)}::uuid[],
        ${column(({ grouping }) => `\\x${grouping.hash.toString('hex')}`)}::bytea[],
        ${column(({ grouping }) => JSON.stringify(grouping.explanation))}::jsonb[],
        ${column(({ grouping }) => grouping.title)}::text[],
        ${column(({ grouping }) => grouping.culprit)}::text[],
        ${column(({ category }) => category)}::text[],
        ${column(({ severity }) => severity)}::text[],
        ${column(({ platform }) => platform)}::text[],
        ${column(({ service }) => service)}::text[],
        ${column(({ release }) => release)}::text[],
        ${column(({ occurredAt }) => occurredAt.toISOString())}::timestamptz[],
        ${column(({ receivedAt }) => receivedAt.toISOString())}::timestamptz[])
        AS g("id", "issueId", "projectId", "hash", "explanation", "title", "culprit", "category", "severity", "platform",
          "service", "release", "occurredAt", "receivedAt")
    ), "fingerprint" AS (
      INSERT INTO "Fingerprint" ("id", "projectId", "issueId", "hash", "groupingVersion", "explanation", "title", "culprit",
        "category", "severity", "platform", "service", "firstSeenAt", "lastSeenAt")
      SELECT g."id", g."projectId", g."issueId", g."hash", ${groupingVersion}::smallint, g."explanation", g."title", g."culprit",
        g."category"::"ReportCategory", g."severity"::"ReportSeverity", g."platform"::"ReportPlatform", g."service",
        g."occurredAt", g."occurredAt"
      FROM "given" g ORDER BY g."projectId", g."hash"
      ON CONFLICT DO NOTHING
      RETURNING "issueId"
    )
    INSERT INTO "ErrorIssue" ("id", "projectId", "title", "culprit", "category", "severity", "platform", "service",
      "stateSince", "firstSeenAt", "lastSeenAt", "firstRelease", "lastRelease")
    SELECT g."issueId", g."projectId", g."title", g."culprit", g."category"::"ReportCategory", g."severity"::"ReportSeverity",
      g."platform"::"ReportPlatform", g."service", g."receivedAt", g."occurredAt", g."occurredAt", g."release", g."release"
    FROM "given" g JOIN "fingerprint" f ON f."issueId" = g."issueId"
    RETURNING "id" AS "issueId"`;
  return made.map(({ issueId }) => issueId);
}

/**
 * Which of the reports are stored under another fingerprint: the rules of grouping changed since, and a
 * repeat makes no new issue.
 */
async function alreadyStored(tx: Tx, reports: Incoming[]): Promise<Set<string>> {
  const rows = await tx.$queryRaw<{ id: string; projectId: string }[]>`
    SELECT e."id", e."projectId" FROM unnest(
      ${pgArray(reports.map(({ projectId }) => projectId))}::uuid[],
      ${pgArray(reports.map(({ id }) => id))}::uuid[]) AS k("projectId", "id")
    JOIN "ErrorEvent" e ON e."projectId" = k."projectId" AND e."id" = k."id"`;
  return new Set(rows.map(({ id, projectId }) => `${projectId} ${id}`));
}
