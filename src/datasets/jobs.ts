import { defineJob } from '../platform/queue.ts';
import { failStage } from '../processing/stage.ts';
import { SessionIds } from '../sessions/events.ts';
import { buildExamples } from './build-examples.ts';
import { exportSession } from './export-session.ts';

export const buildExamplesJob = defineJob({
  name: 'datasets.examples',
  payload: SessionIds,
  run: buildExamples,
  priority: 10,
  failed: (app, ids, reason) => failStage(app, ids, 'EXAMPLES', reason),
});

export const exportSessionJob = defineJob({
  name: 'datasets.export',
  payload: SessionIds,
  run: exportSession,
  failed: (app, ids, reason) => failStage(app, ids, 'EXPORT', reason),
});
