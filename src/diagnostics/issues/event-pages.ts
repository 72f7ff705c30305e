import { Prisma } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';

/** Of which issue, fingerprint and trace; what is `null` does not restrict. */
export type EventFilter = {
  issueId: string | null;
  fingerprintId: string | null;
  correlationId: string | null;
};

/** What Pothos says of a page: `take` is one more than asked for, and negative for a page from the end. */
type PageQuery = {
  take?: number;
  skip?: number;
  cursor?: { projectId_id?: { projectId: string; id: string } };
};

type Begin = { occurredAt: Date; id: string };

/**
 * Ids of a page of reports, latest first. Prisma reads all that follows a cursor of several columns; this
 * reads no more of each fingerprint than the page holds, and of a project only fingerprints of issues that
 * were seen last.
 */
export async function pageOfEvents(
  { db }: Pick<App, 'db'>,
  projectId: string,
  filter: EventFilter,
  { take = 1, skip = 0, cursor }: PageQuery,
): Promise<string[]> {
  const begin = cursor
    ? await db.errorEvent.findFirst({
        where: { projectId, id: cursor.projectId_id?.id ?? '' },
        select: { occurredAt: true, id: true },
      })
    : null;
  if (cursor && !begin) return [];
  const size = Math.abs(take);
  const [direction, from] = take < 0 ? ['ASC', '>='] : ['DESC', '<='];
  const place = Prisma.raw(`e."occurredAt" ${direction}, e."id" ${direction}`);
  const after = begin
    ? Prisma.sql`AND (e."occurredAt", e."id") ${Prisma.raw(from)} (${begin.occurredAt}, ${begin.id}::uuid)`
    : Prisma.empty;
  const read = async (events: Prisma.Sql) => {
    const rows = await db.$queryRaw<{ id: string }[]>`
      SELECT e."id" FROM ${events} ORDER BY ${place} LIMIT ${size} OFFSET ${skip}`;
    const ids = rows.map(({ id }) => id);
    return take < 0 ? ids.reverse() : ids;
  };
  const ofEach = (fingerprints: Prisma.Sql) => Prisma.sql`(${fingerprints}) f CROSS JOIN LATERAL (
    SELECT e."id", e."occurredAt" FROM "ErrorEvent" e
    WHERE e."fingerprintId" = f."id" AND e."projectId" = ${projectId}::uuid ${after}
    ORDER BY ${place} LIMIT ${size + skip}) e`;

  const all = fingerprintsOf(projectId, filter);
  if (filter.correlationId)
    return read(Prisma.sql`"ErrorEvent" e WHERE e."projectId" = ${projectId}::uuid
      AND e."correlationId" = ${filter.correlationId} AND e."fingerprintId" IN (${all}) ${after}`);
  if (filter.issueId || filter.fingerprintId || take < 0) return read(ofEach(all));
  const page = await read(ofEach(fingerprintsSeenLast(projectId, begin, size + skip)));
  // Where reports are at their retention, issues that were seen last have none any more.
  return page.length < size ? read(ofEach(all)) : page;
}

function fingerprintsOf(projectId: string, { issueId, fingerprintId }: EventFilter): Prisma.Sql {
  const ofIssue = issueId ? Prisma.sql`AND f."issueId" = ${issueId}::uuid` : Prisma.empty;
  const itself = fingerprintId ? Prisma.sql`AND f."id" = ${fingerprintId}::uuid` : Prisma.empty;
  return Prisma.sql`SELECT f."id" FROM "Fingerprint" f WHERE f."projectId" = ${projectId}::uuid ${ofIssue} ${itself}`;
}

/**
 * Those that the latest so many reports belong to: each issue that was seen later than one of them has a later one.
 * What is stored and not counted yet is a moment late.
 *
 * @param begin the reports lie at or before it
 */
function fingerprintsSeenLast(projectId: string, begin: Begin | null, count: number): Prisma.Sql {
  const seen = (when: Prisma.Sql) =>
    Prisma.sql`SELECT i."id" FROM "ErrorIssue" i WHERE i."projectId" = ${projectId}::uuid
      AND i."mergedIntoId" IS NULL ${when}`;
  const last = Prisma.sql`ORDER BY i."lastSeenAt" DESC, i."id" DESC LIMIT ${count}`;
  const issues = begin
    ? Prisma.sql`${seen(Prisma.sql`AND i."lastSeenAt" > ${begin.occurredAt}`)}
      UNION ALL (${seen(Prisma.sql`AND i."lastSeenAt" <= ${begin.occurredAt} ${last}`)})`
    : seen(last);
  return Prisma.sql`SELECT f."id" FROM "Fingerprint" f WHERE f."issueId" IN (${issues})`;
}
