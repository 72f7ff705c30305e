import type { Report } from '../../contract/report.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../lib/ids.ts';
import type { Tx } from '../../platform/db.ts';
import type { Signal } from '../signals.ts';
import { lockContracts } from './known.ts';

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

/**
 * Keeps in which ways accepted reports say that contracts are broken, in the transaction that accepts them.
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
    ON CONFLICT ("contractId", "hour") DO UPDATE SET "violations" = h."violations" + EXCLUDED."violations"`;
}

function violationStatement(projectId: string, rows: Row[]): Prisma.Sql {
  const values = rows.map(
    (
      row,
    ) => Prisma.sql`(${newId()}::uuid, ${projectId}::uuid, ${row.contractId}::uuid, ${row.kind}::"ContractViolationKind",
      ${row.pointer}, ${row.keyword}, ${row.expected}, ${row.actual}, ${row.seen}::int, ${row.late}::int, ${row.correlationId})`,
  );
  return Prisma.sql`
    INSERT INTO "ContractViolation" AS v ("id", "projectId", "contractId", "kind", "pointer", "keyword", "expected", "actual", "seenCount", "lateCount", "correlationId")
    SELECT * FROM (VALUES ${Prisma.join(values)}) AS told ORDER BY 3, 4, 5, 6, 7, 8
    ON CONFLICT ("contractId", "kind", "pointer", "keyword", "expected", "actual") DO UPDATE SET
      "seenCount" = v."seenCount" + EXCLUDED."seenCount", "lateCount" = v."lateCount" + EXCLUDED."lateCount",
      "correlationId" = COALESCE(EXCLUDED."correlationId", v."correlationId"), "lastSeenAt" = now()`;
}
