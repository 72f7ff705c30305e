import type { App } from '../platform/app.ts';
import { chosenBy, type DatasetFilter } from './filter.ts';
import { pricedModels, priceOf } from './prices.ts';

/** What a filter would choose now. */
export type Preview = {
  sessions: number;
  examples: number;
  bySite: Count[];
  byOperation: Count[];
  /** How evenly examples are spread, 0 (all in one) to 1 (the same everywhere). */
  siteBalance: number;
  operationBalance: number;
  /** Of one pass over the training file: a quarter of its characters, as a rule of thumb. */
  estimatedTokens: number;
  costs: { model: string; costUsd: number }[];
};

export type Count = { name: string; sessions: number; examples: number };

const listed = 200;
const charsPerToken = 4; // platform.openai.com/docs, "Managing tokens": about 4 characters of English

/**
 * Counts what a filter would choose.
 *
 * @param epochs passes over the data that the costs are for
 */
export async function previewDataset(
  { db }: Pick<App, 'db'>,
  projectId: string,
  { filter, epochs }: { filter: DatasetFilter; epochs: number },
): Promise<Preview> {
  const chosen = await db.session.findMany({
    where: chosenBy(projectId, filter),
    select: { id: true },
  });
  const ids = chosen.map(({ id }) => id);
  const bySite = await db.$queryRaw<Count[]>`
    SELECT s."site" AS "name", count(DISTINCT s."id")::int AS "sessions", count(*)::int AS "examples"
    FROM unnest(${ids}::uuid[]) AS chosen("id") JOIN "Session" s USING ("id") JOIN "Example" e ON e."sessionId" = s."id"
    GROUP BY 1 ORDER BY 3 DESC, 1`;
  const byOperation = await db.$queryRaw<Count[]>`
    SELECT e."operation" AS "name", count(DISTINCT e."sessionId")::int AS "sessions", count(*)::int AS "examples"
    FROM unnest(${ids}::uuid[]) AS chosen("id") JOIN "Example" e ON e."sessionId" = chosen."id"
    GROUP BY 1 ORDER BY 3 DESC, 1`;
  const [size] = await db.$queryRaw<{ bytes: number }[]>`
    SELECT coalesce(sum(x."bytes"), 0)::float8 AS "bytes"
    FROM unnest(${ids}::uuid[]) AS chosen("id") JOIN "SessionExport" x ON x."sessionId" = chosen."id"
    WHERE x."format" = 'OPENAI_CHAT'`;
  const estimatedTokens = Math.round((size?.bytes ?? 0) / charsPerToken);
  return {
    sessions: ids.length,
    examples: byOperation.reduce((sum, { examples }) => sum + examples, 0),
    bySite: bySite.slice(0, listed),
    byOperation,
    siteBalance: evenness(bySite),
    operationBalance: evenness(byOperation),
    estimatedTokens,
    costs: pricedModels.map((model) => ({
      model,
      costUsd: ((priceOf(model)?.training ?? 0) * estimatedTokens * epochs) / 1_000_000,
    })),
  };
}

/** Shannon entropy over its highest possible value (Pielou's evenness). */
function evenness(counts: readonly Count[]): number {
  if (counts.length < 2) return counts.length;
  const total = counts.reduce((sum, { examples }) => sum + examples, 0);
  const entropy = counts.reduce((sum, { examples }) => {
    const share = examples / total;
    return sum - share * Math.log(share);
  }, 0);
  return entropy / Math.log(counts.length);
}
