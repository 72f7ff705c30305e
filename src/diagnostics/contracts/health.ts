import { Prisma } from '../../generated/prisma/client.ts';
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
  return await db.$queryRaw<ContractHealth[]>(Prisma.sql`
    SELECT c."service",
      (count(DISTINCT c."id") FILTER (WHERE h."hour" > s."since"))::int AS "contracts",
      coalesce(sum(h."checks") FILTER (WHERE h."hour" > s."since"), 0)::float8 AS "checks",
      coalesce(sum(h."violations") FILTER (WHERE h."hour" > s."since"), 0)::float8 AS "violations",
      coalesce(sum(h."violations") FILTER (WHERE h."hour" <= s."since"), 0)::float8 AS "violationsBefore",
      max(c."lastViolationAt") AS "lastViolationAt"
    FROM "Contract" c
      CROSS JOIN (SELECT now() - make_interval(days => ${days}::int) AS "since") s
      JOIN "ContractHour" h ON h."contractId" = c."id" AND h."hour" > s."since" - make_interval(days => ${days}::int)
    WHERE c."projectId" = ${projectId}::uuid
    GROUP BY c."service" ORDER BY "violations" DESC, c."service" LIMIT 200`);
}
