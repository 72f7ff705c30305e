import type { App } from '../platform/app.ts';
import { Tally } from './measures.ts';

const pageSize = 5_000;

/** Adds up the answers of an evaluation, a page at a time; what they say stays sealed. */
export async function tallyOf({ db }: Pick<App, 'db'>, evaluationId: string): Promise<Tally> {
  const tally = new Tally();
  let after: { sessionId: string; sequence: number } | null = null;
  for (;;) {
    const rows: Awaited<ReturnType<typeof readPage>> = await readPage(db, evaluationId, after);
    for (const row of rows) tally.add(row);
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return tally;
    after = last;
  }
}

function readPage(
  db: App['db'],
  evaluationId: string,
  after: { sessionId: string; sequence: number } | null,
) {
  return db.evaluationResult.findMany({
    where: {
      evaluationId,
      ...(after
        ? {
            OR: [
              { sessionId: { gt: after.sessionId } },
              { sessionId: after.sessionId, sequence: { gt: after.sequence } },
            ],
          }
        : {}),
    },
    orderBy: [{ sessionId: 'asc' }, { sequence: 'asc' }],
    take: pageSize,
    select: {
      sessionId: true,
      sequence: true,
      site: true,
      operation: true,
      isElementRight: true,
      operationF1: true,
      isStepRight: true,
      latencyMs: true,
      costUsd: true,
    },
  });
}
