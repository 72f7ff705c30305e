import { pictureOf } from '../datasets/pictures.ts';
import { type DatasetExample, readDataset } from '../datasets/read.ts';
import type { Evaluation } from '../generated/prisma/client.ts';
import { atOnce } from '../lib/at-once.ts';
import { DomainError } from '../lib/errors.ts';
import type { App } from '../platform/app.ts';
import type { JobRun } from '../platform/queue.ts';
import { openContestant } from './contestants.ts';
import { type EvaluationIds, evaluationFinished } from './events.ts';
import { openWriter, rowOf } from './record.ts';
import { tallyOf } from './tally.ts';

/** Subscribers hear at most so often. */
const tellEveryMs = 200;

/**
 * Asks the contestant every step of the suite that has no answer yet, keeps each answer as soon as it comes,
 * and measures them all at the end. After an interruption it goes on: what was answered is not asked again.
 */
export async function runEvaluation(
  app: App,
  { projectId, evaluationId }: EvaluationIds,
  job: JobRun,
): Promise<void> {
  const evaluation = await begin(app, evaluationId);
  if (!evaluation) return app.db.$transaction((tx) => job.finish(tx));
  const { datasetId, concurrency } = evaluation;
  try {
    const contestant = await openContestant(app, evaluation);
    const cancelled = new AbortController();
    const signal = AbortSignal.any([job.signal, cancelled.signal]);
    const writer = openWriter(async (rows) => {
      const isWanted = await store(app, evaluation, rows);
      if (!isWanted) cancelled.abort();
    });
    const suite = readDataset(app, { projectId, datasetId, split: 'TEST' });
    await atOnce(unanswered(app, evaluationId, suite, signal), concurrency, async (example) => {
      const { answer: _, ...question } = example.example;
      const image = contestant.seesPictures ? await pictureOf(app, example) : null;
      const answer = await contestant.answer(image ? { ...question, image } : question, signal);
      const row = await rowOf(app, evaluation, example, answer);
      if (row) await writer.add(row);
    });
    job.signal.throwIfAborted();
    await finish(app, evaluation, job);
  } catch (error) {
    if (await isOver(app, evaluationId)) return app.db.$transaction((tx) => job.finish(tx));
    // What a repeat cannot mend ends it now.
    if (!(error instanceof DomainError)) throw error;
    await failEvaluation(app, { projectId, evaluationId }, error.message);
    await app.db.$transaction((tx) => job.finish(tx));
  }
}

/** The last attempt has failed: the evaluation says so, and how to go on. */
export async function failEvaluation(
  app: App,
  { projectId, evaluationId }: EvaluationIds,
  reason: string,
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const { count } = await tx.evaluation.updateMany({
      where: { id: evaluationId, state: { in: ['QUEUED', 'RUNNING'] } },
      data: {
        state: 'FAILED',
        error: `${reason} The answers so far are kept; evaluateModel with a new id asks again.`,
        finishedAt: new Date(),
      },
    });
    if (count > 0)
      await app.pubsub.notify(tx, { topic: 'evaluation', projectId, subjectId: evaluationId });
  });
}

async function begin(app: App, id: string): Promise<Evaluation | null> {
  return app.db.$transaction(async (tx) => {
    const found = await tx.evaluation.findUnique({ where: { id } });
    if (found?.state !== 'QUEUED' && found?.state !== 'RUNNING') return null;
    const { projectId, datasetId } = found;
    const { _sum } = await tx.datasetMember.aggregate({
      where: { datasetId, split: 'TEST' },
      _sum: { examples: true },
    });
    const answered = await tx.evaluationResult.count({ where: { evaluationId: id } });
    await app.pubsub.notify(tx, { topic: 'evaluation', projectId, subjectId: id });
    return tx.evaluation.update({
      where: { id },
      data: {
        state: 'RUNNING',
        startedAt: found.startedAt ?? new Date(),
        steps: _sum.examples ?? 0,
        answered,
        message: answered > 0 ? `goes on after ${answered} answers` : 'begins',
      },
    });
  });
}

/** The steps without an answer; one look-up for each session. */
async function* unanswered(
  { db }: Pick<App, 'db'>,
  evaluationId: string,
  suite: AsyncIterable<DatasetExample>,
  signal: AbortSignal,
): AsyncGenerator<DatasetExample> {
  let sessionId = '';
  let done = new Set<number>();
  for await (const example of suite) {
    if (signal.aborted) return;
    if (example.sessionId !== sessionId) {
      sessionId = example.sessionId;
      const rows = await db.evaluationResult.findMany({
        where: { evaluationId, sessionId },
        select: { sequence: true },
      });
      done = new Set(rows.map(({ sequence }) => sequence));
    }
    if (!done.has(example.sequence)) yield example;
  }
}

const toldAt = new WeakMap<Evaluation, number>();

/** Answers with whether more answers are wanted. */
async function store(
  app: Pick<App, 'db' | 'pubsub'>,
  evaluation: Evaluation,
  rows: Awaited<ReturnType<typeof rowOf>>[],
): Promise<boolean> {
  const { id, projectId } = evaluation;
  const data = rows.filter((row) => row !== null);
  const now = performance.now();
  const isTold = now - (toldAt.get(evaluation) ?? 0) >= tellEveryMs;
  if (isTold) toldAt.set(evaluation, now);
  return app.db.$transaction(async (tx) => {
    const { count } = await tx.evaluationResult.createMany({ data, skipDuplicates: true });
    const updated = await tx.evaluation.updateMany({
      where: { id, state: 'RUNNING' },
      data: { answered: { increment: count } },
    });
    if (isTold) await app.pubsub.notify(tx, { topic: 'evaluation', projectId, subjectId: id });
    return updated.count > 0;
  });
}

async function finish(app: App, evaluation: Evaluation, job: JobRun): Promise<void> {
  const { id, projectId, seed } = evaluation;
  const tally = await tallyOf(app, id);
  const measures = tally.measures(seed);
  await app.db.$transaction(async (tx) => {
    const { count } = await tx.evaluation.updateMany({
      where: { id, state: 'RUNNING' },
      data: {
        state: tally.steps > 0 ? 'SUCCEEDED' : 'FAILED',
        error: tally.steps > 0 ? null : 'The dataset has no test split: there is nothing to ask.',
        measures,
        steps: tally.steps,
        answered: tally.steps,
        costUsd: tally.costUsd,
        message: `${tally.steps} steps of ${measures.sessions} sessions are answered`,
        finishedAt: new Date(),
      },
    });
    if (count > 0) {
      await app.pubsub.notify(tx, { topic: 'evaluation', projectId, subjectId: id });
      if (tally.steps > 0)
        await app.queue.emit(tx, evaluationFinished, { projectId, evaluationId: id });
    }
    await job.finish(tx);
  });
}

async function isOver({ db }: Pick<App, 'db'>, id: string): Promise<boolean> {
  const found = await db.evaluation.findUnique({ where: { id }, select: { state: true } });
  return found?.state !== 'QUEUED' && found?.state !== 'RUNNING';
}
