import type { TrainingJob } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';
import { seal } from '../platform/keys.ts';
import { redactWords } from '../privacy/redact.ts';
import { changeJob, nudge, type TrainingChange } from './change.ts';
import { requireEndpoint } from './endpoint.ts';
import { TrainerRefusedError, TrainingJobNotFoundError, TrainingStateError } from './errors.ts';
import { trainingEnded } from './events.ts';
import { openOwnKey } from './job-key.ts';
import { addPoints } from './points.ts';
import type { Point } from './trainer.ts';
import { externalOf, externalSecretContext } from './trainers/external.ts';

/**
 * Takes points of the curve of an EXTERNAL training. A step that was told before is told better.
 *
 * @param totalSteps of the whole training, for the progress
 * @throws {TrainingJobNotFoundError} @throws {TrainerRefusedError} @throws {TrainingStateError}
 */
export async function reportTrainingMetrics(
  app: Pick<App, 'db' | 'pubsub'>,
  input: {
    projectId: string;
    trainingJobId: string;
    points: Point[];
    totalSteps?: number | undefined;
    remainingSeconds?: number | undefined;
  },
): Promise<void> {
  const { projectId, trainingJobId, points, totalSteps, remainingSeconds } = input;
  await app.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "TrainingJob" WHERE "id" = ${trainingJobId}::uuid FOR UPDATE`;
    const job = await tx.trainingJob.findFirst({ where: { id: trainingJobId, projectId } });
    if (!job) throw new TrainingJobNotFoundError(trainingJobId);
    requireReportable(job);
    await addPoints(tx, job, points);
    const last = points.reduce((a, b) => (b.step >= a.step ? b : a), { step: 0 } as Point);
    const loss = last.trainLoss ?? last.validationLoss;
    await tx.trainingJob.update({
      where: { id: job.id },
      data: {
        message: `Step ${last.step}${totalSteps ? ` of ${totalSteps}` : ''}${loss != null ? `: loss ${loss.toFixed(3)}` : ''}.`,
        ...(totalSteps ? { progress: Math.min(1, last.step / totalSteps) } : {}),
        ...(remainingSeconds === undefined ? {} : { remainingSeconds }),
        updatedAt: new Date(),
      },
      select: { id: true },
    });
    await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: job.id });
  });
}

/**
 * Takes the finished model of an EXTERNAL training: where it is served, with the API of OpenAI.
 *
 * @throws {TrainingJobNotFoundError} @throws {OperationReusedError}
 * @throws {TrainerRefusedError} @throws {TrainingStateError} @throws {EndpointRefusedError}
 */
export async function completeTraining(
  app: Pick<App, 'db' | 'pubsub' | 'queue' | 'config' | 'keys'>,
  input: TrainingChange & {
    endpoint: string;
    model: string;
    apiKey: string | null;
    inputPrice: number | null;
    outputPrice: number | null;
  },
): Promise<void> {
  const { apiKey, ...told } = input;
  const endpoint = input.endpoint.replace(/\/+$/, '');
  await requireEndpoint(app, endpoint);
  await changeJob(app, { ...told, change: 'complete' }, async (tx, job) => {
    requireReportable(job);
    const secret = apiKey
      ? seal(openOwnKey(app, job), Buffer.from(apiKey), externalSecretContext(job.id))
      : null;
    const { model, inputPrice, outputPrice } = input;
    const finished = {
      endpoint,
      model,
      secret: secret?.toString('base64') ?? null,
      inputPrice,
      outputPrice,
    };
    await tx.trainingJob.update({
      where: { id: job.id },
      data: { provider: { ...externalOf({ job }), finished } },
      select: { id: true },
    });
    await nudge(app, tx, job);
  });
}

/**
 * Ends an EXTERNAL training that did not work.
 *
 * @throws {TrainingJobNotFoundError} @throws {OperationReusedError}
 * @throws {TrainerRefusedError} @throws {TrainingStateError}
 */
export async function failTraining(
  app: Pick<App, 'db' | 'pubsub' | 'queue'>,
  input: TrainingChange & { reason: string },
): Promise<void> {
  await changeJob(app, { ...input, change: 'fail' }, async (tx, job) => {
    requireReportable(job);
    await tx.trainingJob.update({
      where: { id: job.id },
      data: {
        state: 'FAILED',
        errorCode: 'FAILED_THERE',
        error: redactWords(input.reason),
        advice: 'Look at the log of the trainer, then start it again.',
        finishedAt: new Date(),
        remainingSeconds: null,
        turn: { increment: 1 },
        updatedAt: new Date(),
      },
      select: { id: true },
    });
    const { projectId, id: trainingJobId } = job;
    await app.pubsub.notify(tx, { topic: 'training', projectId, subjectId: trainingJobId });
    await app.queue.emit(tx, trainingEnded, { projectId, trainingJobId });
  });
}

function requireReportable(job: TrainingJob): void {
  if (job.trainer !== 'EXTERNAL')
    throw new TrainerRefusedError(
      `Expected a training by EXTERNAL to be reported, this one is by ${job.trainer}.`,
      'Its progress is followed by itself.',
    );
  if (job.state !== 'RUNNING' || job.wish !== 'RUN')
    throw new TrainingStateError(job.state, 'RUNNING and not cancelled');
}
