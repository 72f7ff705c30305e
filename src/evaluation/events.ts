import * as z from 'zod';
import { defineEvent } from '../platform/queue.ts';

export const EvaluationIds = z.object({ projectId: z.uuid(), evaluationId: z.uuid() });
export type EvaluationIds = z.infer<typeof EvaluationIds>;

/** All steps of the suite are answered and measured. */
export const evaluationFinished = defineEvent({
  name: 'evaluation.finished',
  payload: EvaluationIds,
});
