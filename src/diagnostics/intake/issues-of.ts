import type { ErrorIssue } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import { bytesArray, instantArray, textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import { groupingVersion } from '../grouping/group.ts';
import type { Living } from '../issues/life-cycle.ts';
import type { Batch, BatchReport, Kind } from './batch.ts';

/** An issue as it was before the reports, locked for this transaction. */
export type LockedIssue = Living & Pick<ErrorIssue, 'id' | 'projectId' | 'title' | 'lastRelease'>;

export type FoundIssue = {
  fingerprintId: string;
  issue: LockedIssue;
  /** Whether this transaction made it. */
  isNew: boolean;
};

export type PlacedReport = BatchReport & { fingerprintId: string; issue: LockedIssue };

/** `archivedUntilCount` comes as text: it may be above what a number holds. */
type Row = Omit<LockedIssue, 'archivedUntilCount'> & {
  kind: number;
  fingerprintId: string;
  archivedUntilCount: string | null;
};

/**
 * Finds the issues of reports and makes those that are missing. All are locked, in the order of their
 * ids, so that of two changes of an issue's state one comes first.
 *
 * @returns without those of repeats whose fingerprint changed since
 */
export async function openIssues(tx: Transaction, batch: Batch): Promise<Map<Kind, FoundIssue>> {
  const found = new Map<Kind, FoundIssue>();
  const issues = new Map<string, LockedIssue>();
  const lock = async (kinds: Kind[], made: ReadonlySet<string>) => {
    for (const { kind: place, fingerprintId, ...row } of await lockKnown(tx, kinds)) {
      const kind = kinds[place];
      if (!kind) continue;
      const count = row.archivedUntilCount;
      const issue = issues.get(row.id) ?? {
        ...row,
        archivedUntilCount: count === null ? null : BigInt(count),
      }; // several fingerprints may lead to one issue
      issues.set(row.id, issue);
      found.set(kind, { fingerprintId, issue, isNew: made.has(row.id) });
    }
  };
  if (batch.kinds.length === 0) return found;
  await lock(batch.kinds, new Set());
  if (found.size === batch.kinds.length) return found;
  const wanted = await withoutStored(tx, batch, found);
  // Somebody may merge, split or make one meanwhile: what is still missing is looked for again.
  for (let round = 0; round < 5; round += 1) {
    const missing = wanted.filter((kind) => !found.has(kind));
    if (missing.length === 0) return found;
    await lock(missing, new Set(await makeMissing(tx, missing)));
  }
  throw new Error('Expected an issue for each fingerprint, some keep changing hands.');
}

/** `OF i, f`: a merge that commits while we wait moves the fingerprint, and the row drops out here. */
async function lockKnown(tx: Transaction, kinds: Kind[]): Promise<Row[]> {
  const { rows } = await tx.query<Row>({
    name: 'report-issues-lock',
    text: `
      SELECT k."place"::int - 1 AS "kind", f."id" AS "fingerprintId", i."id", i."projectId", i."title", i."state"::text,
        i."stateSince", i."lastRelease", i."resolvedIn"::text, i."resolvedRelease", i."resolvedAt", i."archivedUntil"::text,
        i."archivedUntilAt", i."archivedUntilCount", i."archivedUntilUsers", i."hourLimit"
      FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS k("projectId", "hash", "place")
      JOIN "Fingerprint" f ON f."projectId" = k."projectId" AND f."hash" = k."hash"
      JOIN "ErrorIssue" i ON i."id" = f."issueId"
      ORDER BY i."id", f."id"
      FOR UPDATE OF i, f`,
    values: [
      uuidArray(kinds.map(({ projectId }) => projectId)),
      bytesArray(kinds.map(({ hash }) => hash)),
    ],
  });
  return rows;
}

/** Makes an issue and a fingerprint for each kind; where another was quicker, none. */
async function makeMissing(tx: Transaction, kinds: Kind[]): Promise<string[]> {
  const firsts = kinds.map(({ first }) => first);
  const texts = (of: (report: BatchReport) => string | null) => textArray(firsts.map(of));
  const { rows } = await tx.query<{ issueId: string }>({
    name: 'report-issues-make',
    text: `
      WITH "given" AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[],
          $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[])
          AS g("id", "issueId", "projectId", "hash", "explanation", "title", "culprit", "category", "severity", "platform",
            "service", "release", "occurredAt", "receivedAt")
      ), "fingerprint" AS (
        INSERT INTO "Fingerprint" ("id", "projectId", "issueId", "hash", "groupingVersion", "explanation", "title", "culprit",
          "category", "severity", "platform", "service", "firstSeenAt", "lastSeenAt")
        SELECT g."id", g."projectId", g."issueId", g."hash", ${groupingVersion}::smallint, g."explanation"::jsonb, g."title",
          g."culprit", g."category"::"ReportCategory", g."severity"::"ReportSeverity", g."platform"::"ReportPlatform",
          g."service", g."occurredAt", g."occurredAt"
        FROM "given" g ORDER BY g."projectId", g."hash"
        ON CONFLICT DO NOTHING
        RETURNING "issueId"
      )
      INSERT INTO "ErrorIssue" ("id", "projectId", "title", "culprit", "category", "severity", "platform", "service",
        "stateSince", "firstSeenAt", "lastSeenAt", "firstRelease", "lastRelease")
      SELECT g."issueId", g."projectId", g."title", g."culprit", g."category"::"ReportCategory", g."severity"::"ReportSeverity",
        g."platform"::"ReportPlatform", g."service", g."receivedAt", g."occurredAt", g."occurredAt", g."release", g."release"
      FROM "given" g JOIN "fingerprint" f ON f."issueId" = g."issueId"
      RETURNING "id" AS "issueId"`,
    values: [
      uuidArray(firsts.map(newId)),
      uuidArray(firsts.map(newId)),
      uuidArray(firsts.map(({ projectId }) => projectId)),
      bytesArray(kinds.map(({ hash }) => hash)),
      textArray(firsts.map(({ grouping }) => JSON.stringify(grouping.explanation))),
      texts(({ grouping }) => grouping.title),
      texts(({ grouping }) => grouping.culprit),
      texts(({ category }) => category),
      texts(({ severity }) => severity),
      texts(({ platform }) => platform),
      texts(({ service }) => service),
      texts(({ release }) => release),
      instantArray(firsts.map(({ occurredAt }) => occurredAt)),
      instantArray(firsts.map(({ receivedAt }) => receivedAt)),
    ],
  });
  return rows.map(({ issueId }) => issueId);
}

/**
 * The kinds without an issue that need one. Reports may be stored under another fingerprint: the rules of
 * grouping changed since, and a repeat makes no new issue.
 */
async function withoutStored(
  tx: Transaction,
  { reports, kinds }: Batch,
  found: ReadonlyMap<Kind, FoundIssue>,
): Promise<Kind[]> {
  const unknown = reports.filter(({ kind }) => !found.has(kind));
  const { rows } = await tx.query<{ place: number }>({
    name: 'report-events-stored',
    text: `
      SELECT k."place"::int - 1 AS "place" FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS k("projectId", "id", "place")
      JOIN "ErrorEvent" e ON e."projectId" = k."projectId" AND e."id" = k."id"`,
    values: [
      uuidArray(unknown.map(({ projectId }) => projectId)),
      uuidArray(unknown.map(({ id }) => id)),
    ],
  });
  const stored = new Set(rows.map(({ place }) => place));
  const wanted = new Set<Kind>();
  unknown.forEach((report, place) => {
    if (stored.has(place)) return;
    const { kind } = report;
    if (!wanted.has(kind) || report.occurredAt < kind.first.occurredAt) kind.first = report;
    wanted.add(kind);
  });
  return kinds.filter((kind) => wanted.has(kind));
}
