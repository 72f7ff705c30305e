import type { Report } from '../../contract/report.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import type { Tx } from '../../platform/db.ts';
import type { Signal } from '../signals.ts';
import { lockContracts, maxCount } from './known.ts';

type Told = {
  projectId: string;
  contract: Report['contract'];
  correlationId: string | null;
  occurredAt: Date;
};
type Row = {
  contractId: string;
  kind: string;
  pointer: string;
  keyword: string;
  expected: string;
  actual: string;
  seen: number;
  late: number;
  correlationId: string | null;
};

/** Ways in which one contract is broken, about: a client that makes them up fills no table. */
const mostWays = 1_000;

/**
 * Keeps in which ways accepted reports say that contracts are broken, in the transaction that counts them.
 * Reports of contracts that are not known here change nothing. Three statements for the reports of a
 * project, in the order of the contracts, so that concurrent calls do not wait for each other in a circle.
 *
 * @returns what was found out, one signal a contract
 */
export async function noteViolations(
  tx: Pick<Tx, 'contract' | '$queryRaw' | '$executeRaw'>,
  reports: Told[],
): Promise<Signal[]> {
  const broken = reports.filter(({ contract }) => contract?.hash && contract.violation);
  const signals: Signal[] = [];
  for (const projectId of [...new Set(broken.map((report) => report.projectId))].sort())
    signals.push(
      ...(await noteOfProject(
        tx,
        projectId,
        broken.filter((report) => report.projectId === projectId),
      )),
    );
  return signals;
}

async function noteOfProject(
  tx: Pick<Tx, 'contract' | '$queryRaw' | '$executeRaw'>,
  projectId: string,
  broken: Told[],
): Promise<Signal[]> {
  const hashes = broken.map(({ contract }) => contract?.hash ?? '');
  const contracts = await lockContracts(tx, projectId, hashes);
  if (contracts.length === 0) return [];
  const rows = new Map<string, Row>();
  const signals: Signal[] = [];
  const counts: { id: string; count: number }[] = [];
  for (const { id, hash, service, operation } of contracts) {
    const told = broken.filter(({ contract }) => contract?.hash === hash);
    for (const report of told) for (const row of rowsOf(id, report)) addRow(rows, row);
    const latest = told.at(-1);
    counts.push({ id, count: told.length });
    signals.push({
      projectId,
      kind: 'contract.broken',
      subjectId: id,
      title:
        `${service} ${operation}: ${latest?.contract?.violation?.toLowerCase().replaceAll('_', ' ')}`.slice(
          0,
          200,
        ),
      severity: 'HIGH',
      category: 'CONTRACT_VIOLATION',
      source: service,
      correlationId: latest?.correlationId ?? null,
      detail: {
        operation,
        violation: latest?.contract?.violation ?? null,
        pointer: latest?.contract?.pointer ?? null,
        violations: told.length,
        lastViolation: latest?.occurredAt.toISOString() ?? null,
      },
    });
  }
  await tx.$executeRaw(countStatement(counts));
  await tx.$executeRaw(violationStatement(projectId, [...rows.values()]));
  return signals;
}

/** A report without deviations is one of the whole. */
function rowsOf(contractId: string, { contract, correlationId }: Told): Row[] {
  const whole = { pointer: contract?.pointer ?? '', keyword: '', expected: '', actual: '' };
  const deviations = contract?.deviations?.length ? contract.deviations : [whole];
  return deviations.map(({ pointer, keyword, expected, actual }) => ({
    contractId,
    kind: contract?.violation ?? '',
    pointer,
    keyword,
    expected,
    actual,
    seen: 1,
    late: contract?.isLate ? 1 : 0,
    correlationId,
  }));
}

function addRow(rows: Map<string, Row>, row: Row): void {
  const key = [row.contractId, row.kind, row.pointer, row.keyword, row.expected, row.actual].join(
    '\0',
  );
  const known = rows.get(key);
  rows.set(key, known ? { ...row, seen: known.seen + row.seen, late: known.late + row.late } : row);
}

function countStatement(counts: { id: string; count: number }[]): Prisma.Sql {
  const columns = Prisma.sql`unnest(${counts.map(({ id }) => id)}::uuid[], ${counts.map(({ count }) => count)}::int[]) AS n("id", "count")`;
  return Prisma.sql`
    WITH "told" AS (SELECT * FROM ${columns}),
    "raised" AS (
      UPDATE "Contract" c SET "violationCount" = c."violationCount" + t."count", "lastViolationAt" = now(), "lastSeenAt" = now()
      FROM "told" t WHERE c."id" = t."id"
    )
    INSERT INTO "ContractHour" AS h ("contractId", "hour", "violations")
    SELECT t."id", date_trunc('hour', now()), t."count" FROM "told" t ORDER BY t."id"
    ON CONFLICT ("contractId", "hour") DO UPDATE SET
      "violations" = least(h."violations"::bigint + EXCLUDED."violations", ${maxCount})::int`;
}

/** What is new is kept up to a thousand ways of a contract; what is known is counted ever on. */
function violationStatement(projectId: string, rows: Row[]): Prisma.Sql {
  const columns = [
    Prisma.sql`${rows.map(() => newId())}::uuid[]`,
    Prisma.sql`${rows.map(({ contractId }) => contractId)}::uuid[]`,
    Prisma.sql`${rows.map(({ kind }) => kind)}::text[]`,
    Prisma.sql`${rows.map(({ pointer }) => pointer)}::text[]`,
    Prisma.sql`${rows.map(({ keyword }) => keyword)}::text[]`,
    Prisma.sql`${rows.map(({ expected }) => expected)}::text[]`,
    Prisma.sql`${rows.map(({ actual }) => actual)}::text[]`,
    Prisma.sql`${rows.map(({ seen }) => seen)}::int[]`,
    Prisma.sql`${rows.map(({ late }) => late)}::int[]`,
    Prisma.sql`${rows.map(({ correlationId }) => correlationId)}::text[]`,
  ];
  return Prisma.sql`
    WITH "told" AS (
      SELECT n."id", n."contractId", n."kind"::"ContractViolationKind" AS "kind", n."pointer", n."keyword", n."expected",
        n."actual", n."seen", n."late", n."correlationId"
      FROM unnest(${Prisma.join(columns)})
        AS n("id", "contractId", "kind", "pointer", "keyword", "expected", "actual", "seen", "late", "correlationId")
    ), "held" AS (
      SELECT v."contractId", count(*) AS "ways" FROM "ContractViolation" v
      WHERE v."contractId" IN (SELECT t."contractId" FROM "told" t) GROUP BY v."contractId"
    )
    INSERT INTO "ContractViolation" AS v ("id", "projectId", "contractId", "kind", "pointer", "keyword", "expected", "actual", "seenCount", "lateCount", "correlationId")
    SELECT t."id", ${projectId}::uuid, t."contractId", t."kind", t."pointer", t."keyword", t."expected", t."actual", t."seen", t."late", t."correlationId"
    FROM "told" t LEFT JOIN "held" h ON h."contractId" = t."contractId"
    WHERE coalesce(h."ways", 0) < ${mostWays} OR EXISTS (
      SELECT 1 FROM "ContractViolation" k WHERE k."contractId" = t."contractId" AND k."kind" = t."kind" AND k."pointer" = t."pointer"
        AND k."keyword" = t."keyword" AND k."expected" = t."expected" AND k."actual" = t."actual")
    ORDER BY 3, 4, 5, 6, 7, 8
    ON CONFLICT ("contractId", "kind", "pointer", "keyword", "expected", "actual") DO UPDATE SET
      "seenCount" = least(v."seenCount"::bigint + EXCLUDED."seenCount", ${maxCount})::int,
      "lateCount" = least(v."lateCount"::bigint + EXCLUDED."lateCount", ${maxCount})::int,
      "correlationId" = COALESCE(EXCLUDED."correlationId", v."correlationId"), "lastSeenAt" = now()`;
}
