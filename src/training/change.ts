import { createHash } from 'node:crypto';
import type { TrainingJob } from '../generated/prisma/client.ts';
import type { TrainingState } from '../generated/prisma/enums.ts';
import { canonicalJson } from '../lib/canonical.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { sameBytes } from '../platform/keys.ts';
import { OperationReusedError } from '../sessions/errors.ts';
import { TrainerRefusedError, TrainingJobNotFoundError, TrainingStateError } from './errors.ts';
import { sendTurn } from './jobs.ts';

/** What every change of a training job carries. */
export type TrainingChange = { projectId: string; trainingJobId: string; operationId: string };

const running: readonly TrainingState[] = ['QUEUED', 'PREFLIGHT', 'UPLOADING', 'RUNNING'];

/**
 * Ends a training without a model. What a provider began is cancelled there, too; the state follows when
 * that is done.
 *
 * @throws {TrainingJobNotFoundError} @throws {OperationReusedError}
 * @throws {TrainingStateError} it has ended
 */
export async function cancelTraining(app: Needs, input: TrainingChange): Promise<void> {
  await changeJob(app, { ...input, change: 'cancel' }, async (tx, job) => {
    if (job.wish === 'CANCEL' || job.state === 'CANCELLED') return;
    requireState(job, [...running, 'PAUSED'], 'not over');
    await wish(app, tx, job, 'CANCEL');
  });
}

/**
 * Lets a training stand still; LOCAL goes on later from its last epoch.
 *
 * @throws {TrainingJobNotFoundError} @throws {OperationReusedError} @throws {TrainingStateError}
 * @throws {TrainerRefusedError} an EXTERNAL trainer is not in our hands
 */
export async function pauseTraining(app: Needs, input: TrainingChange): Promise<void> {
  await changeJob(app, { ...input, change: 'pause' }, async (tx, job) => {
    if (job.trainer === 'EXTERNAL')
      throw new TrainerRefusedError(
        'Expected a trainer that can be paused from here, an EXTERNAL one cannot.',
        'Pause it where it runs; it goes on from its own checkpoints.',
      );
    if (job.wish === 'PAUSE') return;
    requireState(job, running, 'going on');
    await wish(app, tx, job, 'PAUSE');
  });
}

/** @throws {TrainingJobNotFoundError} @throws {OperationReusedError} @throws {TrainingStateError} */
export async function resumeTraining(app: Needs, input: TrainingChange): Promise<void> {
  await changeJob(app, { ...input, change: 'resume' }, async (tx, job) => {
    if (job.wish === 'RUN' && running.includes(job.state)) return;
    if (job.wish !== 'PAUSE') throw new TrainingStateError(job.state, 'PAUSED');
    await wish(app, tx, job, 'RUN');
  });
}

type Needs = Pick<App, 'db' | 'queue' | 'pubsub'>;

/**
 * Changes a job once for an operation: a repeat does nothing more.
 *
 * @param decide gets the locked row, and refuses by throwing
 */
export async function changeJob(
  { db }: Pick<App, 'db'>,
  { projectId, trainingJobId, operationId, ...what }: TrainingChange & Record<string, unknown>,
  decide: (tx: Tx, job: TrainingJob) => Promise<void>,
): Promise<void> {
  const inputHash = new Uint8Array(
    createHash('sha256')
      .update(canonicalJson({ trainingJobId, ...what }))
      .digest(),
  );
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "TrainingJob" WHERE "id" = ${trainingJobId}::uuid FOR UPDATE`;
    const job = await tx.trainingJob.findFirst({ where: { id: trainingJobId, projectId } });
    if (!job) throw new TrainingJobNotFoundError(trainingJobId);
    const key = { trainingJobId, operationId };
    const before = await tx.trainingOperation.findUnique({
      where: { trainingJobId_operationId: key },
    });
    if (before) {
      if (!sameBytes(before.inputHash, inputHash)) throw new OperationReusedError(operationId);
      return;
    }
    await decide(tx, job);
    await tx.trainingOperation.create({ data: { ...key, inputHash } });
  });
}

/** Changes what is wished and lets the job go on at once, in a turn of its own: the present run stops. */
async function wish(
  app: Needs,
  tx: Tx,
  job: TrainingJob,
  wished: TrainingJob['wish'],
): Promise<void> {
  await nudge(app, tx, job, { wish: wished });
}

/** Gives a locked job another turn, now. */
export async function nudge(
  app: Needs,
  tx: Tx,
  { id, projectId, turn }: Pick<TrainingJob, 'id' | 'projectId' | 'turn'>,
  data: Partial<Pick<TrainingJob, 'wish'>> = {},
): Promise<void> {
  const next = turn + 1;
  await tx.trainingJob.update({
    where: { id },
    data: { ...data, turn: next, updatedAt: new Date() },
    select: { id: true },
  });
  await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: id });
  await sendTurn(app, tx, { projectId, trainingJobId: id, turn: String(next) });
}

export function requireState(
  { state }: TrainingJob,
  allowed: readonly TrainingState[],
  expected: string,
): void {
  if (!allowed.includes(state)) throw new TrainingStateError(state, expected);
}
