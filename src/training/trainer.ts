import type { TrainingJob, TrainingMetric } from '../generated/prisma/client.ts';
import type { Trainer as TrainerName } from '../generated/prisma/enums.ts';
import type { App } from '../platform/app.ts';
import type { DataKey } from '../platform/keys.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** A point of a learning curve; what was not measured is left out. */
export type Point = { step: number } & Partial<
  Pick<
    TrainingMetric,
    'epoch' | 'trainLoss' | 'validationLoss' | 'trainAccuracy' | 'validationAccuracy' | 'checkpoint'
  >
>;

export type JobReport = Partial<
  Pick<
    TrainingJob,
    | 'message'
    | 'progress'
    | 'remainingSeconds'
    | 'examples'
    | 'validationExamples'
    | 'estimatedCostUsd'
    | 'costUsd'
    | 'trainedTokens'
    | 'checkpointKey'
    | 'warnings'
    | 'bundleKey'
    | 'bundleBytes'
    | 'startedAt'
    | 'reason'
  >
> & { hyperparameters?: Hyperparameters };

/** One run of the machine on a job: it ends when something must be waited for, and another one goes on. */
export type Run = {
  app: App;
  /** As it is now; what a trainer reports is in it at once. */
  job: TrainingJob;
  /** Opens and seals what the job keeps. */
  key: DataKey;
  /** Aborts when the job goes on elsewhere or otherwise, or the process stops. */
  signal: AbortSignal;
  /** Until when the run should have come to a place where it can stop. `performance.now()` milliseconds. */
  endsAt: number;
  /**
   * Stores how far it is, and tells subscribers.
   * @throws {OvertakenError}
   */
  report(change: JobReport, points?: Point[]): Promise<void>;
  /** Stores what was done at the provider; never refused, because it was done. */
  remember(change: {
    provider?: object;
    providerJobId?: string | null;
    starts?: number;
  }): Promise<void>;
};

/** What comes out of a training: the columns of its `Model`. */
export type Result = {
  providerModel?: string;
  endpoint?: string;
  /** Key for the endpoint, to be sealed. */
  apiKey?: string;
  /** Weights that we serve ourselves, to be sealed. */
  weights?: Buffer;
  inputPrice?: number;
  outputPrice?: number;
};

/** `lookAgainMs` is `null` where somebody else will say when there is something to see. */
export type Followed = { isDone: true } | { isDone: false; lookAgainMs: number | null };

/**
 * Somebody who trains. Every function may be called again after a crash in its middle, and then finds what
 * was done. Throws `TrainingFailedError` for what no repeat helps, `ModelServerError` for an outage.
 */
export type Trainer = {
  name: TrainerName;
  /** Refuses in words what cannot work, before anything is sent or spent; may add warnings to the job. */
  preflight(run: Run): Promise<void>;
  /** Brings the data to where it is trained on. */
  upload(run: Run): Promise<void>;
  /** Begins the training, once. */
  start(run: Run): Promise<void>;
  /** Looks at the training, or does it for a while; reports points of its curve. */
  follow(run: Run): Promise<Followed>;
  /** Ends it without a result; nothing may go on or cost anything afterwards. */
  cancel(run: Run): Promise<void>;
  /** @returns `STILL` when nothing goes on now, `LATER` when it cannot stop yet, `ENDED` when it is over */
  pause(run: Run): Promise<'STILL' | 'LATER' | 'ENDED'>;
  resume(run: Run): Promise<void>;
  /** After the end of `follow`. */
  result(run: Run): Promise<Result>;
};
