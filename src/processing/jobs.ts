import { defineJob } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';
import { compressSession } from './compress.ts';
import { redactPixels } from './redact.ts';
import { failStage } from './stage.ts';

export const redactPixelsJob = defineJob({
  name: 'processing.redact',
  payload: SessionIds,
  priority: 40,
  run: redactPixels,
  failed: (app, ids, reason) => failStage(app, ids, 'REDACT', reason),
});

export const compressJob = defineJob({
  name: 'processing.compress',
  payload: SessionIds,
  priority: 30,
  run: compressSession,
  failed: (app, ids, reason) => failStage(app, ids, 'COMPRESS', reason),
});
