import { randomInt } from 'node:crypto';
import { DatasetStateError, MemberGoneError } from '../datasets/errors.ts';
import type { TrainingJob } from '../generated/prisma/client.ts';
import type { Trainer as TrainerName, TrainingState } from '../generated/prisma/enums.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { ModelServerError } from '../platform/model-errors.ts';
import { JobLostError, type JobRun } from '../platform/queue.ts';
import { currentTrace } from '../platform/trace.ts';
import { redactWords } from '../privacy/redact.ts';
import { OvertakenError, TrainingFailedError } from './errors.ts';
import { modelTrained, trainingEnded } from './events.ts';
import { explain } from './explain.ts';
import { openOwnKey } from './job-key.ts';
import { sendTurn, type Turn } from './jobs.ts';
import { holdLease, type Lease, takeLease } from './lease.ts';
import { createTrainedModel } from './models.ts';
import { addPoints } from './points.ts';
import { propose } from './start.ts';
import type { Run, Trainer } from './trainer.ts';
import { externalTrainer } from './trainers/external.ts';
import { localTrainer } from './trainers/local.ts';
import { openaiTrainer } from './trainers/openai.ts';

const trainers: Record<TrainerName, Trainer> = {
  LOCAL: localTrainer,
  OPENAI: openaiTrainer,
  EXTERNAL: externalTrainer,
};

export const endedStates: readonly TrainingState[] = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

const busyRetryMs = 1_000;
const longestWaitMs = 300_000;
/** Outages in a row before a job is given up: with waits up to five minutes, about four hours. */
const mostTroubles = 60;
/** Starts at a provider whose own failure was the reason that one failed. */
const mostStarts = 3;

/**
 * Brings a training job as far as it goes without waiting, and leaves a job in the queue for the rest. Any
 * number of processes may try: one has the lease. A crash anywhere is made good by the next run.
 */
export async function advance(app: App, turn: Turn, jobRun: JobRun): Promise<void> {
  const lease = await takeLease(app, turn);
  if (lease === 'OVER') return app.db.$transaction((tx) => jobRun.finish(tx));
  if (lease === 'BUSY')
    return app.db.$transaction(async (tx) => {
      await sendTurn(app, tx, turn, { afterMs: busyRetryMs });
      await jobRun.finish(tx);
    });
  const held = holdLease(app, lease, jobRun.signal);
  try {
    await work(app, lease, held.signal, turn, jobRun);
  } catch (error) {
    if (error instanceof JobLostError) throw error;
    if (error instanceof OvertakenError || held.isOvertaken())
      await app.db.$transaction((tx) => jobRun.finish(tx)); // whoever overtook has a job of their own
    else throw error;
  } finally {
    await held.release();
  }
}

async function work(
  app: App,
  lease: Lease,
  signal: AbortSignal,
  turn: Turn,
  jobRun: JobRun,
): Promise<void> {
  const run = openRun(app, lease, signal);
  const settle = (
    change: JobChange,
    lookAgainMs: number | null,
    more?: (tx: Tx) => Promise<void>,
  ) => commit(run, lease, turn, jobRun, change, lookAgainMs, more);
  try {
    await goOn(run, lease, settle);
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(error);
    if (error instanceof ModelServerError && error.isRetryable && run.job.troubles < mostTroubles) {
      app.faults.report({
        place: 'provider',
        error,
        name: 'training',
        projectId: run.job.projectId,
        correlationId: currentTrace()?.traceId ?? null,
      });
      const waitMs = Math.max(error.retryAfterMs ?? 0, waitAfter(app, run.job.troubles));
      await settle(
        {
          troubles: run.job.troubles + 1,
          message: `${redactWords(error.message)} Trying again in ${Math.ceil(waitMs / 1000)} s.`,
        },
        waitMs,
      );
    } else if (failure instanceof TrainingFailedError && isWorthAnother(run.job, failure)) {
      await run.remember({ providerJobId: null });
      await settle(
        {
          state: 'UPLOADING',
          progress: 0,
          message: `${redactWords(failure.message)} Starting it again, time ${run.job.starts + 1} of ${mostStarts}.`,
        },
        waitAfter(app, run.job.starts),
      );
    } else if (failure instanceof TrainingFailedError) {
      const { code: errorCode, message, advice } = failure;
      await settle({ ...ended('FAILED'), errorCode, error: redactWords(message), advice }, null);
    } else throw error;
  }
}

type JobChange = Partial<
  Pick<
    TrainingJob,
    | 'state'
    | 'wish'
    | 'message'
    | 'progress'
    | 'troubles'
    | 'errorCode'
    | 'error'
    | 'advice'
    | 'remainingSeconds'
    | 'finishedAt'
    | 'checkpointKey'
    | 'bundleKey'
  >
>;
type Settle = (
  change: JobChange,
  lookAgainMs: number | null,
  more?: (tx: Tx) => Promise<void>,
) => Promise<void>;

/** State after state, until one must be waited for. */
async function goOn(run: Run, lease: Lease, settle: Settle): Promise<void> {
  const { app, job } = run;
  const trainer = trainers[job.trainer];
  const enter = (change: JobChange) => store(run, lease, change);
  if (job.wish === 'CANCEL') {
    await trainer.cancel(run);
    return settle({ ...ended('CANCELLED'), message: 'Cancelled.' }, null);
  }
  if (job.wish === 'PAUSE') {
    if (job.state === 'PAUSED') return settle({}, null);
    const paused = await trainer.pause(run);
    if (paused === 'LATER')
      return settle(
        { message: 'It will pause at the next place where it can.' },
        app.config.models.pollMs,
      );
    if (paused === 'STILL')
      return settle({ state: 'PAUSED', remainingSeconds: null, message: 'Paused.' }, null);
    await enter({ wish: 'RUN', message: 'It had ended before it could be paused.' });
  }
  if (job.state === 'PAUSED') {
    await trainer.resume(run);
    await enter({ state: job.startedAt ? 'RUNNING' : 'PREFLIGHT', message: 'Resumed.' });
  }
  if (job.state === 'QUEUED')
    await enter({ state: 'PREFLIGHT', message: 'Looking whether it can work.' });
  if (job.state === 'PREFLIGHT') {
    const dataset = await app.db.dataset.findUnique({
      where: { id: job.datasetId },
      select: { state: true },
    });
    if (dataset?.state === 'DRAFT' || dataset?.state === 'FREEZING')
      return settle({ message: 'Waiting for the dataset to be frozen.' }, app.config.models.pollMs);
    if (
      job.ruleId &&
      dataset?.state === 'FROZEN' &&
      Object.keys(job.hyperparameters ?? {}).length === 0
    ) {
      const { values, reason, estimateUsd } = await propose(app, { ...job, hyperparameters: {} });
      await run.report({ hyperparameters: values, reason, estimatedCostUsd: estimateUsd });
    }
    await trainer.preflight(run);
    await enter({ state: 'UPLOADING', progress: 0 });
  }
  if (job.state === 'UPLOADING') {
    await trainer.upload(run);
    await trainer.start(run);
    await run.report({ startedAt: job.startedAt ?? new Date() });
    await enter({ state: 'RUNNING', progress: 0, message: 'Training has begun.' });
  }
  const followed = await trainer.follow(run);
  if (!followed.isDone) return settle({}, followed.lookAgainMs);
  const model = await createTrainedModel(run, await trainer.result(run));
  return settle(
    { ...ended('SUCCEEDED'), progress: 1, message: 'The model is ready.' },
    null,
    async (tx) => {
      await model.store(tx);
      await app.queue.emit(tx, modelTrained, { projectId: job.projectId, modelId: model.id });
    },
  );
}

function openRun(app: App, lease: Lease, signal: AbortSignal): Run {
  const { job } = lease;
  const run: Run = {
    app,
    job,
    key: openOwnKey(app, job),
    signal,
    endsAt: performance.now() + app.config.jobs.timeoutMs / 2,
    async report(change, points = []) {
      signal.throwIfAborted();
      await app.db.$transaction(async (tx) => {
        await addPoints(tx, job, points);
        await write(app, tx, run, lease, { ...change, troubles: 0 });
      });
    },
    async remember({ provider, ...change }) {
      const data = { ...change, ...(provider ? { provider } : {}), updatedAt: new Date() };
      await app.db.trainingJob.update({ where: { id: job.id }, data, select: { id: true } });
      Object.assign(job, data);
    },
  };
  return run;
}

async function store(run: Run, lease: Lease, change: JobChange): Promise<void> {
  run.signal.throwIfAborted();
  await run.app.db.$transaction((tx) => write(run.app, tx, run, lease, change));
}

/** @throws {OvertakenError} */
async function write(
  app: App,
  tx: Tx,
  run: Run,
  { id: leaseId }: Lease,
  change: object,
): Promise<void> {
  const { id, projectId, turn } = run.job;
  const data = { ...change, updatedAt: new Date() };
  const { count } = await tx.trainingJob.updateMany({ where: { id, leaseId, turn }, data });
  if (count === 0) throw new OvertakenError(id);
  await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: id });
  Object.assign(run.job, data);
}

/** Stores the end of this run, the next one in the queue and the end of the queue's job in one. */
async function commit(
  run: Run,
  lease: Lease,
  turn: Turn,
  jobRun: JobRun,
  change: JobChange,
  lookAgainMs: number | null,
  more: (tx: Tx) => Promise<void> = async () => undefined,
): Promise<void> {
  const { app } = run;
  run.signal.throwIfAborted();
  const next = run.job.turn + 1;
  await app.db.$transaction(async (tx) => {
    await more(tx);
    await write(app, tx, run, lease, {
      ...(lookAgainMs === null || change.troubles ? {} : { troubles: 0 }),
      ...change,
      turn: next,
      leaseId: null,
      leaseUntil: null,
    });
    if (lookAgainMs !== null)
      await sendTurn(app, tx, { ...turn, turn: String(next) }, { afterMs: lookAgainMs });
    if (change.state && endedStates.includes(change.state)) {
      const { id: trainingJobId, projectId } = run.job;
      await app.queue.emit(tx, trainingEnded, { projectId, trainingJobId });
    }
    await jobRun.finish(tx);
  });
}

/** What it means for the training; a fault of ours stays what it is. */
function failureOf(error: unknown): unknown {
  if (error instanceof ModelServerError) return explain(error);
  if (error instanceof DatasetStateError || error instanceof MemberGoneError)
    return new TrainingFailedError('DATASET_WITHDRAWN', error.message, {
      advice: 'Train on the version that takes its place.',
    });
  return error;
}

function ended(state: TrainingState) {
  return {
    state,
    finishedAt: new Date(),
    remainingSeconds: null,
    checkpointKey: null,
    bundleKey: null,
  };
}

function isWorthAnother({ starts }: TrainingJob, failure: TrainingFailedError): boolean {
  return failure.isWorthAnother && starts < mostStarts;
}

/** Doubles from the poll time to five minutes, with jitter. */
function waitAfter({ config }: App, troubles: number): number {
  const waitMs = Math.min(longestWaitMs, config.models.pollMs * 2 ** Math.min(troubles, 12));
  return waitMs * (0.75 + randomInt(500) / 1000);
}

/** The queue has given up a run: something is wrong with us, not with the training. */
export async function giveUp(app: App, turn: Turn, reason: string): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const { count } = await tx.trainingJob.updateMany({
      where: {
        id: turn.trainingJobId,
        turn: Number(turn.turn),
        state: { notIn: [...endedStates] },
      },
      data: {
        ...ended('FAILED'),
        errorCode: 'UNEXPECTED',
        error: redactWords(reason),
        advice:
          'This is a fault of CodeSight: look into the log of the worker, then start it again.',
        turn: { increment: 1 },
        updatedAt: new Date(),
      },
    });
    if (count === 0) return;
    const { projectId, trainingJobId } = turn;
    await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: trainingJobId });
    await app.queue.emit(tx, trainingEnded, { projectId, trainingJobId });
  });
}
