import { type DatasetExample, readDataset } from '../datasets/read.ts';
import { openAnswer } from '../evaluation/answers.ts';
import type { EvaluationIds } from '../evaluation/events.ts';
import { verdictOf } from '../evaluation/verdict.ts';
import type { Evaluation } from '../generated/prisma/client.ts';
import type { Estimate } from '../lib/bootstrap.ts';
import { newId } from '../lib/ids.ts';
import { type CurvePoint, fitCurve, promiseOf } from '../lib/learning-curve.ts';
import { wilson } from '../lib/statistics.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import type { JobRun } from '../platform/queue.ts';
import { openSession } from '../sessions/session-keys.ts';
import { answerWith } from '../training/ranker/answer.ts';
import { type Prepared, prepare, type RankerModel, training } from '../training/ranker/train.ts';

/** Sessions of a site that are added to the training, one curve point each. */
const addedSessions = [0, 1, 2, 4];
/** Examples of the training split that the curve is measured with at most: it is about differences. */
const trainMost = 1_500;
/** Sites, weakest first, for which a curve is measured. */
const sitesMost = 5;
/** A site and operation is weak when it fails more often than this, and at least so many steps show it. */
const weakError = 0.15;
const stepsLeast = 5;
/** What is asked for: the fewest sessions of these that should bring the wanted points, else the most. */
const asked = [5, 10, 20, 40];
const wantedPoints = 5;
const epochs = 4;

/**
 * Turns what an evaluation shows to be weak into requests for data. For each weak site a learning curve is
 * measured: LOCAL is trained on the training split with 0, 1, 2 and 4 sessions of the site added and asked
 * about the site's other sessions; a power law through these points says what more sessions should bring, with
 * an interval, since it is an extrapolation from three or four points.
 */
export async function requestData(
  app: App,
  { projectId, evaluationId }: EvaluationIds,
  job: JobRun,
): Promise<void> {
  const evaluation = await app.db.evaluation.findUnique({ where: { id: evaluationId } });
  if (evaluation?.state !== 'SUCCEEDED' || evaluation.contestant !== 'MODEL')
    return app.db.$transaction((tx) => job.finish(tx));
  const weak = await weakSpots(app, evaluation);
  const sites = [...new Set(weak.map(({ site }) => site))].slice(0, sitesMost);
  const curves = await measureCurves(app, evaluation, sites, job.signal);
  await app.db.$transaction(async (tx) => {
    const superseded = await tx.dataRequest.updateManyAndReturn({
      where: { projectId, state: 'OPEN', site: { in: sites }, evaluationId: { not: evaluationId } },
      data: { state: 'SUPERSEDED', closedAt: new Date() },
      select: { id: true },
    });
    for (const { id } of superseded) await tellRequest(app, tx, { id, projectId });
    await tx.dataRequest.deleteMany({ where: { evaluationId } });
    for (const { site, operation, steps, right, place } of weak) {
      const points = curves.get(site);
      if (!points) continue;
      const curve = fitCurve(points);
      const error = 1 - right / steps;
      const { sessions, ...promise } = wantedFrom(points, error, `${evaluationId}/${site}`);
      const { low, high } = wilson(right, steps);
      const id = newId();
      await tx.dataRequest.create({
        data: {
          id,
          projectId,
          evaluationId,
          site,
          operation,
          place,
          sessions,
          expectedPoints: promise.value,
          expectedLow: promise.low,
          expectedHigh: promise.high,
          measured: right / steps,
          low,
          high,
          steps,
          method: methodOf(points),
          curve: { points, ...curve },
        },
        select: { id: true },
      });
      await tellRequest(app, tx, { id, projectId });
    }
    await job.finish(tx);
  });
}

/** Tells subscribers to look at a request again. */
export function tellRequest(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  { id, projectId }: { id: string; projectId: string },
): Promise<void> {
  return pubsub.notify(tx, { topic: 'request', projectId, subjectId: id });
}

type Promised = Estimate & { sessions: number };

/** How many sessions to ask for, and what they promise. */
function wantedFrom(points: readonly CurvePoint[], error: number, seed: string): Promised {
  const promises = asked.map((sessions) => ({
    sessions,
    ...promiseOf(points, error, { sessions, seed }),
  }));
  const enough = promises.find(({ value }) => value >= wantedPoints);
  return enough ?? (promises.at(-1) as Promised);
}

type Weak = { site: string; operation: string; steps: number; right: number; place: string | null };

/** Where the evaluated model fails, most failing steps first. */
async function weakSpots(app: App, { id }: Evaluation): Promise<Weak[]> {
  const groups = await app.db.evaluationResult.groupBy({
    by: ['site', 'operation', 'isStepRight'],
    where: { evaluationId: id },
    _count: true,
  });
  const spots = new Map<string, Weak>();
  for (const { site, operation, isStepRight, _count } of groups) {
    const key = `${site}/${operation}`;
    const spot = spots.get(key) ?? { site, operation, steps: 0, right: 0, place: null };
    spot.steps += _count;
    if (isStepRight) spot.right += _count;
    spots.set(key, spot);
  }
  const weak = [...spots.values()]
    .filter(({ steps, right }) => steps >= stepsLeast && 1 - right / steps > weakError)
    .sort((a, b) => b.steps - b.right - (a.steps - a.right));
  for (const spot of weak) spot.place = await placeOf(app, id, spot);
  return weak;
}

/** What the elements that were missed mostly stand in. */
async function placeOf(
  app: App,
  evaluationId: string,
  { site, operation }: Weak,
): Promise<string | null> {
  const missed = await app.db.evaluationResult.findMany({
    where: { evaluationId, site, operation, isStepRight: false },
    orderBy: { id: 'asc' },
    take: 50,
    select: { id: true, sessionId: true, sealed: true },
  });
  const counts = new Map<string, number>();
  for (const row of missed) {
    const access = await openSession(app, row.sessionId);
    const place = access && openAnswer(access.key, row).right.within;
    if (place) counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? null;
}

/** Points of the learning curve of each site. */
async function measureCurves(
  app: App,
  { projectId, datasetId }: Evaluation,
  sites: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, CurvePoint[]>> {
  const curves = new Map<string, CurvePoint[]>();
  if (sites.length === 0) return curves;
  const train: Prepared[] = [];
  for await (const { example } of readDataset(app, { projectId, datasetId, split: 'TRAIN' })) {
    if (train.length >= trainMost) break;
    train.push(prepare(example));
    await breathe(signal);
  }
  const bySite = await examplesBySite(app, { projectId, datasetId }, sites);
  for (const site of sites) {
    const sessions = [...(bySite.get(site) ?? new Map<string, DatasetExample[]>()).values()];
    const half = Math.floor(sessions.length / 2);
    const [added, heldOut] = [sessions.slice(0, half), sessions.slice(half).flat()];
    const points: CurvePoint[] = [];
    for (const count of addedSessions) {
      if (count > added.length || heldOut.length === 0 || train.length === 0) break;
      const more = added.slice(0, count).flat();
      const model = await learn([...train, ...more.map(({ example }) => prepare(example))], signal);
      points.push({ sessions: count, error: errorOf(model, heldOut), steps: heldOut.length });
    }
    if (points.length > 2) curves.set(site, points); // two points fit any curve
  }
  return curves;
}

async function examplesBySite(
  app: App,
  ids: { projectId: string; datasetId: string },
  sites: readonly string[],
): Promise<Map<string, Map<string, DatasetExample[]>>> {
  const found = new Map<string, Map<string, DatasetExample[]>>();
  for await (const example of readDataset(app, { ...ids, split: 'TEST' })) {
    if (!sites.includes(example.site)) continue;
    const sessions = found.get(example.site) ?? new Map<string, DatasetExample[]>();
    found.set(example.site, sessions);
    if (sessions.size >= 12 && !sessions.has(example.sessionId)) continue; // enough to tell
    sessions.set(example.sessionId, [...(sessions.get(example.sessionId) ?? []), example]);
  }
  return found;
}

async function learn(examples: Prepared[], signal: AbortSignal): Promise<RankerModel> {
  const run = training(examples, [], { seed: 'curve', epochs, learningRate: 0.1, l2: 0.0005 });
  for (;;) {
    const next = run.next();
    if (next.done) return next.value;
    await breathe(signal);
  }
}

function errorOf(model: RankerModel, examples: readonly DatasetExample[]): number {
  const wrong = examples.filter(({ example: { answer, ...question } }) => {
    const said = { ...answerWith(model, question), latencyMs: 0, costUsd: 0, problem: null };
    return !verdictOf(answer, said).isStepRight;
  });
  return wrong.length / examples.length;
}

function methodOf(points: readonly CurvePoint[]): string {
  const measured = points
    .map(({ sessions, error }) => `${sessions}: ${((1 - error) * 100).toFixed(0)} %`)
    .join(', ');
  return `LOCAL was trained with ${points.map(({ sessions }) => sessions).join(', ')} sessions of the site added and asked about the site's other sessions (step success ${measured}, of ${points[0]?.steps} steps each); a power law through these ${points.length} points, applied to the error measured here. The interval of 95 % is what so few steps allow; that the law goes on so far is an assumption.`;
}

/** Lets others run: this is arithmetic on the main thread. */
async function breathe(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise(setImmediate);
}
