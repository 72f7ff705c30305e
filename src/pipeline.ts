import {
  datasetSubmitted,
  examplesBuilt,
  exportRequested,
  sessionReady,
} from './datasets/events.ts';
import {
  buildExamplesJob,
  exportFilesJob,
  exportSessionJob,
  freezeDatasetJob,
  withdrawDatasetsJob,
} from './datasets/jobs.ts';
import { fulfilRequestsJob, requestDataJob } from './deployment/jobs.ts';
import { deliverJob } from './diagnostics/alerts/jobs.ts';
import { forecastIssuesJob, turnAgedIssuesJob } from './diagnostics/issues/jobs.ts';
import { trimRingJob } from './diagnostics/stream/jobs.ts';
import { findStallsJob } from './diagnostics/sync/jobs.ts';
import { evaluationFinished } from './evaluation/events.ts';
import { evaluateJob, evaluateTrainedJob } from './evaluation/jobs.ts';
import { cleanUpJob, removeSessionJob, stateThresholdsJob } from './ops/jobs.ts';
import { on } from './platform/queue.ts';
import { pixelsRedacted, sessionCompressed } from './processing/events.ts';
import { compressJob, redactPixelsJob } from './processing/jobs.ts';
import { sessionScored } from './quality/events.ts';
import { continueReleasedJob, scoreJob } from './quality/jobs.ts';
import { sessionEnded, sessionReleased, sessionRemoved } from './sessions/events.ts';
import { pauseIdleJob } from './sessions/jobs.ts';
import { modelTrained, trainingEnded } from './training/events.ts';
import { advanceJob, considerRulesJob, tidyTrainingJob } from './training/jobs.ts';

/** What happens after what. Read top to bottom: this is the product. */
export const pipeline = [
  on(sessionEnded, redactPixelsJob),
  on(pixelsRedacted, compressJob),
  on(sessionCompressed, scoreJob),
  on(sessionReleased, continueReleasedJob), // a session that its participant held back goes on
  on(sessionScored, buildExamplesJob), // unless it is held back or not good enough
  on(examplesBuilt, exportSessionJob), // → READY
  on(sessionReady, considerRulesJob, fulfilRequestsJob), // enough good ones: a dataset and a training by themselves; requests are met
  on(datasetSubmitted, freezeDatasetJob), // → FROZEN, or FAILED with what its proof found
  on(trainingEnded, tidyTrainingJob), // nothing of it stays at its provider
  on(modelTrained, evaluateTrainedJob), // beside the baselines, on what was held out
  on(evaluationFinished, requestDataJob), // what is weak becomes requests for data
  on(exportRequested, exportFilesJob), // → files to download
  on(sessionRemoved, removeSessionJob, withdrawDatasetsJob), // frozen datasets go on without it
];

/** Jobs that no fact causes: they run by the clock, or go on by themselves. */
export const others = [
  evaluateJob,
  pauseIdleJob,
  findStallsJob,
  cleanUpJob,
  trimRingJob,
  advanceJob,
  turnAgedIssuesJob,
  forecastIssuesJob,
  deliverJob,
  stateThresholdsJob,
];
