import type { ProcessingStep, Session } from '../generated/prisma/client.ts';
import type { Stage } from '../generated/prisma/enums.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { JobLostError, type JobRun } from '../platform/queue.ts';
import { redactWords } from '../privacy/redact.ts';
import { applyChange, lockSession } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';

/** Stages in the order in which a session meets them. */
export const stages = [
  'REDACT',
  'COMPRESS',
  'SCORE',
  'EXAMPLES',
  'EXPORT',
] as const satisfies Stage[];

/** Says how far a stage is: 0 to 1, with words. Written at most every 200 ms. */
export type Report = (progress: number, message: string) => Promise<void>;

/** Stores the effects of a stage; answers with what was done, in words. */
export type Commit = (tx: Tx, session: Session) => Promise<string>;

const reportEveryMs = 200;

/**
 * Runs one stage of a session: keeps its `ProcessingStep`, tells subscribers, and stores the effects
 * together with the end of the job, so that they are stored once however often the work is repeated.
 * A session that was removed meanwhile is skipped.
 *
 * @param work does what can be repeated, and answers with what must happen once
 */
export async function runStage(
  app: App,
  ids: SessionIds,
  job: JobRun,
  stage: Stage,
  work: (session: Session, report: Report) => Promise<Commit>,
): Promise<void> {
  const begun = await beginStage(app, ids, stage);
  if (!begun) return leaveRemoved(app, ids, job); // an earlier attempt may have written something
  const { session, attempt } = begun;
  try {
    const commit = await work(session, reporter(app, ids, attempt));
    const isStored = await app.db.$transaction(async (tx) => {
      const locked = await lockSession(tx, ids.sessionId);
      if (!locked || isRemoved(locked)) return false;
      const message = await commit(tx, locked);
      await setStep(app, tx, ids, attempt, {
        state: 'DONE',
        progress: 1,
        message,
        error: null,
        finishedAt: new Date(),
      });
      await job.finish(tx);
      return true;
    });
    if (!isStored) await leaveRemoved(app, ids, job);
  } catch (error) {
    if (error instanceof JobLostError) throw error;
    if (await isGone(app, ids)) return leaveRemoved(app, ids, job);
    const reason = redactWords(error instanceof Error ? error.message : String(error));
    const state = job.isLastAttempt ? 'FAILED' : 'RETRYING';
    await app.db.$transaction((tx) =>
      setStep(app, tx, ids, attempt, { state, error: reason, finishedAt: new Date() }),
    );
    throw error;
  }
}

/** The last attempt of a stage has failed: the session says so, and how to go on. */
export async function failStage(
  app: App,
  ids: SessionIds,
  stage: Stage,
  reason: string,
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, ids.sessionId);
    if (!session || isRemoved(session)) return;
    await createSteps(tx, ids); // no attempt may have come so far
    const step = await tx.processingStep.findUniqueOrThrow({
      where: { sessionId_stage: { sessionId: ids.sessionId, stage } },
    });
    if (step.state === 'DONE') return;
    await setStep(app, tx, ids, step, {
      state: 'FAILED',
      error: reason,
      finishedAt: new Date(),
    });
    await applyChange(app, tx, session, {
      state: 'FAILED',
      reason: `Stage ${stage} failed: ${reason} Run it again with reprocessSession.`,
    });
  });
}

/** Sets every step from `first` on to waiting, for a run that begins there. */
export async function resetSteps(
  tx: Tx,
  { projectId, sessionId }: SessionIds,
  first: Stage,
): Promise<void> {
  const from = stages.slice(stages.indexOf(first));
  await createSteps(tx, { projectId, sessionId });
  await tx.processingStep.updateMany({
    where: { sessionId, stage: { in: from } },
    data: {
      state: 'WAITING',
      attempt: 0,
      progress: 0,
      message: null,
      error: null,
      startedAt: null,
      finishedAt: null,
      updatedAt: new Date(),
    },
  });
}

async function beginStage(
  app: App,
  ids: SessionIds,
  stage: Stage,
): Promise<{ session: Session; attempt: Attempt } | null> {
  return app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, ids.sessionId);
    if (!session || isRemoved(session)) return null;
    await createSteps(tx, ids);
    const attempt = await tx.processingStep.update({
      where: { sessionId_stage: { sessionId: ids.sessionId, stage } },
      data: {
        state: 'RUNNING',
        attempt: { increment: 1 },
        progress: 0,
        message: null,
        error: null,
        startedAt: new Date(),
        finishedAt: null,
        updatedAt: new Date(),
      },
      select: { id: true, attempt: true, state: true },
    });
    await notify(app, tx, ids, attempt.id);
    if (session.state !== 'PROCESSING')
      await applyChange(app, tx, session, { state: 'PROCESSING', reason: null });
    return { session, attempt };
  });
}

async function createSteps(tx: Tx, { projectId, sessionId }: SessionIds): Promise<void> {
  await tx.processingStep.createMany({
    skipDuplicates: true,
    data: stages.map((stage) => ({ id: newId(), projectId, sessionId, stage })),
  });
}

function reporter(app: App, ids: SessionIds, attempt: Attempt): Report {
  let last = 0;
  return async (progress, message) => {
    const now = performance.now();
    if (now - last < reportEveryMs) return;
    last = now;
    await app.db.$transaction((tx) => setStep(app, tx, ids, attempt, { progress, message }));
  };
}

/** The step as an attempt left it at its beginning; the next attempt has another number. */
type Attempt = Pick<ProcessingStep, 'id' | 'attempt' | 'state'>;

type StepChange = {
  state?: 'DONE' | 'FAILED' | 'RETRYING';
  progress?: number;
  message?: string;
  error?: string | null;
  finishedAt?: Date;
};

/** Does nothing for an attempt that was overtaken: the step tells of the newer one. */
async function setStep(
  app: Pick<App, 'pubsub'>,
  tx: Tx,
  ids: SessionIds,
  { id, attempt, state }: Attempt,
  change: StepChange,
): Promise<void> {
  const { count } = await tx.processingStep.updateMany({
    where: { id, attempt, state },
    data: { ...change, updatedAt: new Date() },
  });
  if (count > 0) await notify(app, tx, ids, id);
}

async function notify(
  { pubsub }: Pick<App, 'pubsub'>,
  tx: Tx,
  { projectId, sessionId }: SessionIds,
  stepId: string,
): Promise<void> {
  await pubsub.notify(tx, { topic: 'processing', projectId, subjectId: stepId, sessionId });
}

async function isGone(app: Pick<App, 'db'>, { sessionId }: SessionIds): Promise<boolean> {
  const session = await app.db.session.findUnique({
    where: { id: sessionId },
    select: { state: true },
  });
  return !session || isRemoved(session);
}

/** Ends quietly; objects that were written after the session's were deleted go, too. */
async function leaveRemoved(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await app.storage.removeAll(`${ids.projectId}/${ids.sessionId}/`);
  await app.db.$transaction((tx) => job.finish(tx));
}

function isRemoved({ state }: Pick<Session, 'state'>): boolean {
  return state === 'DISCARDED' || state === 'ERASED';
}
