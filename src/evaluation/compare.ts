import type { Evaluation } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';
import { NotComparableError } from './errors.ts';
import { compare, type MeasureName, measureNames, type Tally } from './measures.ts';
import { tallyOf } from './tally.ts';

/** How much better one contestant is than another on the same sessions. */
export type Difference = {
  a: Evaluation;
  b: Evaluation;
  measure: MeasureName;
  /** `a − b`, −1 to 1, with its interval of 95 %. */
  value: number;
  low: number;
  high: number;
  /** Sessions that both were asked about. */
  sessions: number;
};

export const comparedMost = 8;

/**
 * Compares evaluations of one suite pair by pair, every earlier one with every later one.
 *
 * @throws {NotComparableError} they are of different suites, not finished, too many or too few
 */
export async function compareEvaluations(
  app: Pick<App, 'db'>,
  projectId: string,
  ids: readonly string[],
): Promise<{ evaluations: Evaluation[]; differences: Difference[] }> {
  if (ids.length < 2 || ids.length > comparedMost || new Set(ids).size < ids.length)
    throw new NotComparableError(
      `Expected 2 to ${comparedMost} different evaluations, got ${ids.length}.`,
    );
  const found = await app.db.evaluation.findMany({ where: { projectId, id: { in: [...ids] } } });
  const evaluations = ids.map((id) => {
    const one = found.find((evaluation) => evaluation.id === id);
    if (one?.state !== 'SUCCEEDED')
      throw new NotComparableError(
        `Expected evaluations of yours that have SUCCEEDED, ${id} is ${one?.state ?? 'none'}.`,
      );
    return one;
  });
  const [first] = evaluations;
  if (!first || evaluations.some(({ datasetId }) => datasetId !== first.datasetId))
    throw new NotComparableError('Expected evaluations of one suite, these are of several.');
  const tallies: Tally[] = [];
  for (const { id } of evaluations) tallies.push(await tallyOf(app, id));
  const differences: Difference[] = [];
  for (const [at, a] of evaluations.entries())
    for (const [other, b] of evaluations.entries()) {
      const [own, its] = [tallies[at], tallies[other]];
      if (other <= at || !own || !its) continue;
      for (const measure of measureNames)
        differences.push({ a, b, measure, ...compare(own, its, measure, { seed: first.seed }) });
    }
  return { evaluations, differences };
}
