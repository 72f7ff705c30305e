import type { App } from '../../platform/app.ts';

/** How well a service kept its contracts. */
export type ContractHealth = {
  service: string;
  /** Contracts that were checked or broken in the time. */
  contracts: number;
  checks: number;
  violations: number;
  /** The same number of days before. */
  violationsBefore: number;
  lastViolationAt: Date | null;
};

/**
 * Health of contracts by service over the last days, most broken first. Read from the counts by hour.
 *
 * @param days 1 to 90
 */
export async function contractHealth(
  { db }: Pick<App, 'db'>,
  projectId: string,
  days: number,
): Promise<ContractHealth[]> {
  return await db.$queryRaw<ContractHealth[]>`
    WITH "span" AS (SELECT now() - make_interval(days => ${days}::int) AS "since"),
      "contract" AS (
        SELECT h."contractId" AS "id", bool_or(h."hour" > s."since") AS "isRecent",
          sum(CASE WHEN h."hour" > s."since" THEN h."checks" ELSE 0 END) AS "checks",
          sum(CASE WHEN h."hour" > s."since" THEN h."violations" ELSE 0 END) AS "violations",
          sum(CASE WHEN h."hour" > s."since" THEN 0 ELSE h."violations" END) AS "violationsBefore"
        FROM "span" s CROSS JOIN "ContractHour" h JOIN "Contract" o ON o."id" = h."contractId"
        WHERE o."projectId" = ${projectId}::uuid AND h."hour" > now() - make_interval(days => ${2 * days}::int)
        GROUP BY 1
      )
    SELECT c."service", (count(*) FILTER (WHERE h."isRecent"))::int AS "contracts", sum(h."checks")::float8 AS "checks",
      sum(h."violations")::float8 AS "violations", sum(h."violationsBefore")::float8 AS "violationsBefore",
      max(c."lastViolationAt") AS "lastViolationAt"
    FROM "contract" h JOIN "Contract" c USING ("id")
    GROUP BY c."service" ORDER BY "violations" DESC, c."service" LIMIT 200`;
}
