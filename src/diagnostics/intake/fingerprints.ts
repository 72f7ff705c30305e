import { LRUCache } from 'lru-cache';
import { newId } from '../../lib/ids.ts';
import { bytesArray, instantArray, textArray, uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import { groupingVersion } from '../grouping/group.ts';
import type { Batch, Kind } from './batch.ts';
import type { PreparedReport } from './prepare.ts';

/** Ids of fingerprints by kinds of reports. */
export type Fingerprints = ReadonlyMap<Kind, string>;

/** Fingerprints that a process has met: they stay for ever, and keep their ids when issues merge and split. */
export type KnownFingerprints = {
  of(kinds: Kind[]): Fingerprints;
  add(found: Fingerprints): void;
};

const remembered = 20_000;

export function makeKnownFingerprints(): KnownFingerprints {
  const ids = new LRUCache<string, string>({ max: remembered });
  return {
    of: (kinds) =>
      new Map(
        kinds.flatMap((kind) => {
          const id = ids.get(kind.key);
          return id === undefined ? [] : [[kind, id]];
        }),
      ),
    add(found) {
      for (const [kind, id] of found) ids.set(kind.key, id);
    },
  };
}

/**
 * Finds the fingerprints of reports and makes those that are missing, with an issue for each.
 *
 * @returns without those of repeats whose fingerprint changed since
 */
export async function openFingerprints(tx: Transaction, batch: Batch): Promise<Fingerprints> {
  const found = new Map<Kind, string>();
  await find(tx, batch.kinds, found);
  if (found.size === batch.kinds.length) return found;
  const wanted = await withoutStored(tx, batch, found);
  // Where somebody else makes one meanwhile, what is still missing is looked for again.
  for (let round = 0; round < 5; round += 1) {
    const missing = wanted.filter((kind) => !found.has(kind));
    if (missing.length === 0) return found;
    await makeMissing(tx, missing);
    await find(tx, missing, found);
  }
  throw new Error(
    'Expected a fingerprint for each kind of report, some keep being made elsewhere.',
  );
}

async function find(tx: Transaction, kinds: Kind[], found: Map<Kind, string>): Promise<void> {
  const { rows } = await tx.query<{ place: number; id: string }>({
    name: 'report-fingerprints',
    text: `
      SELECT k."place"::int - 1 AS "place", f."id"
      FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS k("projectId", "hash", "place")
      JOIN "Fingerprint" f ON f."projectId" = k."projectId" AND f."hash" = k."hash"`,
    values: [
      uuidArray(kinds.map(({ projectId }) => projectId)),
      bytesArray(kinds.map(({ hash }) => hash)),
    ],
  });
  for (const { place, id } of rows) {
    const kind = kinds[place];
    if (kind) found.set(kind, id);
  }
}

/** Makes an issue and a fingerprint for each kind; where another was quicker, none. Counting finds them empty, and so new. */
async function makeMissing(tx: Transaction, kinds: Kind[]): Promise<void> {
  const firsts = kinds.map(({ first }) => first);
  const texts = (of: (report: PreparedReport) => string | null) =>
    textArray(firsts.map(({ prepared }) => of(prepared)));
  await tx.query({
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
      FROM "given" g JOIN "fingerprint" f ON f."issueId" = g."issueId"`,
    values: [
      uuidArray(firsts.map(newId)),
      uuidArray(firsts.map(newId)),
      uuidArray(kinds.map(({ projectId }) => projectId)),
      bytesArray(kinds.map(({ hash }) => hash)),
      texts(({ grouping }) => JSON.stringify(grouping.explanation)),
      texts(({ grouping }) => grouping.title),
      texts(({ grouping }) => grouping.culprit),
      texts(({ category }) => category),
      texts(({ severity }) => severity),
      texts(({ platform }) => platform),
      texts(({ service }) => service),
      texts(({ release }) => release),
      instantArray(firsts.map(({ prepared }) => prepared.occurredAt)),
      instantArray(firsts.map(({ source }) => source.receivedAt)),
    ],
  });
}

/**
 * The kinds without a fingerprint that need one. Reports may be stored under another fingerprint: the rules of
 * grouping changed since, and a repeat makes no new issue.
 */
async function withoutStored(
  tx: Transaction,
  { reports, kinds }: Batch,
  found: Fingerprints,
): Promise<Kind[]> {
  const unknown = reports.filter(({ kind }) => !found.has(kind));
  const { rows } = await tx.query<{ place: number }>({
    name: 'report-events-stored',
    text: `
      SELECT k."place"::int - 1 AS "place" FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS k("projectId", "id", "place")
      JOIN "ErrorEvent" e ON e."projectId" = k."projectId" AND e."id" = k."id"`,
    values: [
      uuidArray(unknown.map(({ source }) => source.projectId)),
      uuidArray(unknown.map(({ prepared }) => prepared.id)),
    ],
  });
  const stored = new Set(rows.map(({ place }) => place));
  const wanted = new Set<Kind>();
  unknown.forEach((report, place) => {
    if (stored.has(place)) return;
    const { kind } = report;
    if (!wanted.has(kind) || report.prepared.occurredAt < kind.first.prepared.occurredAt)
      kind.first = report;
    wanted.add(kind);
  });
  return kinds.filter((kind) => wanted.has(kind));
}
