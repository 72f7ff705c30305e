import { defineJob } from '../platform/queue.ts';
import { ModelIds } from '../training/events.ts';
import { evaluateTrained } from './by-itself.ts';
import { failEvaluation, runEvaluation } from './evaluate.ts';
import { EvaluationIds } from './events.ts';

export const evaluateJob = defineJob({
  name: 'evaluation.evaluate',
  payload: EvaluationIds,
  timeoutSeconds: 3_600, // a longer suite goes on in the next attempt
  run: runEvaluation,
  failed: failEvaluation,
});

/** Has a model that was just trained, and the baselines beside it, evaluated without anybody asking. */
export const evaluateTrainedJob = defineJob({
  name: 'evaluation.trained',
  payload: ModelIds,
  run: evaluateTrained,
});
