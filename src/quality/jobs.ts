import { defineJob } from '../platform/queue.ts';
import { failStage } from '../processing/stage.ts';
import { SessionIds } from '../sessions/events.ts';
import { continueReleased, judgeSession } from './judge.ts';

export const scoreJob = defineJob({
  name: 'quality.score',
  payload: SessionIds,
  priority: 20,
  run: judgeSession,
  failed: (app, ids, reason) => failStage(app, ids, 'SCORE', reason),
});

export const continueReleasedJob = defineJob({
  name: 'quality.continueReleased',
  payload: SessionIds,
  priority: 20,
  run: continueReleased,
  // It stands before EXAMPLES; a session that nobody takes further must say so.
  failed: (app, ids, reason) => failStage(app, ids, 'EXAMPLES', reason),
});
