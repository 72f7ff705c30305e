import { defineJob } from '../platform/queue.ts';
import { failEvaluation, runEvaluation } from './evaluate.ts';
import { EvaluationIds } from './events.ts';

export const evaluateJob = defineJob({
  name: 'evaluation.evaluate',
  payload: EvaluationIds,
  timeoutSeconds: 3_600, // a longer suite goes on in the next attempt
  run: runEvaluation,
  failed: failEvaluation,
});
