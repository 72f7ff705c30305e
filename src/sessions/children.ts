import DataLoader from 'dataloader';
import { Prisma } from '../generated/prisma/client.ts';
import { type Context, onceFor } from '../graphql/context.ts';
import { refusal } from '../graphql/errors.ts';

/** Rows that belong to sessions: their table, and the columns that order those of one session. */
export type Children = { table: string; order: readonly [string, ...string[]] };

type Session = { id: string; projectId: string };

/** What Pothos says of a page: `take` is one more than asked for, and negative for a page from the end. */
type PageQuery = { take?: number; skip?: number; cursor?: object };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * A page of what belongs to a session; two statements for all sessions of an operation. Prisma's own
 * nested pages read everything that belongs to them, and its counts read the whole table.
 *
 * @param find gets rows of the project by their ids, in any order
 */
export async function pageOf<Row extends { id: string }>(
  context: Context,
  { table, order }: Children,
  { id, projectId }: Session,
  query: PageQuery,
  filters: Prisma.Sql[],
  find: (where: { projectId: string; id: { in: string[] } }) => Promise<Row[]>,
): Promise<Row[]> {
  const { take = 1, skip = 0, cursor } = query;
  const direction = Prisma.raw(take < 0 ? 'DESC' : 'ASC');
  const from = Prisma.raw(`"${table}"`);
  const columns = (alias: string) => order.map((name) => Prisma.raw(`${alias}."${name}"`));
  const place = Prisma.join(columns('t').map((column) => Prisma.sql`${column} ${direction}`));
  const begin = cursor
    ? Prisma.sql`AND (${Prisma.join(columns('t'))}) ${Prisma.raw(take < 0 ? '<=' : '>=')} (
        SELECT ${Prisma.join(columns('b'))} FROM ${from} b WHERE ${conditionsOf(cursor)})`
    : Prisma.empty;
  const load = loaderOf<Row[]>(context, ['page', table, projectId, query, filters], async (ids) => {
    const keys = await context.app.db.$queryRaw<{ sessionId: string; id: string }[]>`
      SELECT s."id"::text AS "sessionId", c."id"::text AS "id"
      FROM unnest(${ids}::uuid[]) AS s("id") CROSS JOIN LATERAL (
        SELECT t."id", row_number() OVER (ORDER BY ${place}) AS "place" FROM ${from} t
        WHERE t."projectId" = ${projectId}::uuid AND t."sessionId" = s."id" ${allOf(filters)} ${begin}
        ORDER BY ${place} LIMIT ${Math.abs(take)} OFFSET ${skip}) c
      ORDER BY 1, c."place"`;
    const found = await find({ projectId, id: { in: keys.map((key) => key.id) } });
    const rows = new Map(found.map((row) => [row.id, row]));
    const pages = Map.groupBy(keys, ({ sessionId }) => sessionId);
    return ids.map((session) => {
      const page = (pages.get(session) ?? []).flatMap((key) => rows.get(key.id) ?? []);
      return take < 0 ? page.reverse() : page;
    });
  });
  return load(id);
}

/** How many belong to a session; one statement for all sessions of an operation. */
export async function countOf(
  context: Context,
  { table }: Children,
  { id, projectId }: Session,
  filters: Prisma.Sql[] = [],
): Promise<number> {
  const load = loaderOf<number>(context, ['count', table, projectId, filters], async (ids) => {
    const rows = await context.app.db.$queryRaw<{ sessionId: string; count: number }[]>`
      SELECT t."sessionId"::text AS "sessionId", count(*)::int AS "count" FROM ${Prisma.raw(`"${table}"`)} t
      WHERE t."projectId" = ${projectId}::uuid AND t."sessionId" = ANY(${ids}::uuid[]) ${allOf(filters)}
      GROUP BY 1`;
    const counts = new Map(rows.map(({ sessionId, count }) => [sessionId, count]));
    return ids.map((session) => counts.get(session) ?? 0);
  });
  return load(id);
}

/** An id as a value of SQL. @throws {GraphQLError} BAD_USER_INPUT */
export function uuidSql(id: string): Prisma.Sql {
  if (!uuid.test(id)) throw refusal('BAD_USER_INPUT', 'Expected a UUID, got something else.');
  return Prisma.sql`${id}::uuid`;
}

function allOf(filters: Prisma.Sql[]): Prisma.Sql {
  return filters.length > 0 ? Prisma.sql`AND ${Prisma.join(filters, ' AND ')}` : Prisma.empty;
}

/** What names the row of a cursor: `{ id }`, or the columns of a key together. */
function conditionsOf(cursor: object): Prisma.Sql {
  const columns = Object.values(cursor).some((value) => value instanceof Object)
    ? Object.assign({}, ...Object.values(cursor))
    : cursor;
  const conditions = Object.entries(columns).map(
    ([name, value]) =>
      Prisma.sql`b.${Prisma.raw(`"${name}"`)} = ${typeof value === 'string' ? uuidSql(value) : value}`,
  );
  return Prisma.join(conditions, ' AND ');
}

function makeLoaders(): Map<string, DataLoader<string, unknown>> {
  return new Map();
}

/** The loader of an operation for one question; all who ask the same share it. */
function loaderOf<T>(
  context: Context,
  question: unknown,
  batch: (ids: string[]) => Promise<T[]>,
): (id: string) => Promise<T> {
  const loaders = onceFor(context, makeLoaders);
  const key = JSON.stringify(question);
  const loader = loaders.get(key) ?? new DataLoader<string, unknown>((ids) => batch([...ids]));
  loaders.set(key, loader);
  return (id) => loader.load(id) as Promise<T>;
}
