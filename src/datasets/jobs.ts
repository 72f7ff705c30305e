import { defineJob } from '../platform/queue.ts';
import { failStage } from '../processing/stage.ts';
import { SessionIds } from '../sessions/events.ts';
import { buildExamples } from './build-examples.ts';
import { DatasetIds, ExportIds } from './events.ts';
import { exportSession } from './export-session.ts';
import { failFreeze, runFreeze } from './freeze.ts';
import { failExport, runExport } from './run-export.ts';
import { withdrawDatasets } from './withdraw.ts';

/** A million examples take hours: each is read, checked and checked again. */
const longSeconds = 24 * 3_600;

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

export const freezeDatasetJob = defineJob({
  name: 'datasets.freeze',
  payload: DatasetIds,
  run: runFreeze,
  timeoutSeconds: longSeconds,
  failed: failFreeze,
});

export const withdrawDatasetsJob = defineJob({
  name: 'datasets.withdraw',
  payload: SessionIds,
  run: withdrawDatasets,
  priority: 10,
});

export const exportFilesJob = defineJob({
  name: 'datasets.exportFiles',
  payload: ExportIds,
  run: runExport,
  timeoutSeconds: longSeconds,
  failed: failExport,
});
