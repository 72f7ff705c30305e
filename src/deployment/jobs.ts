import { EvaluationIds } from '../evaluation/events.ts';
import { defineJob } from '../platform/queue.ts';
import { requestData } from './requests.ts';

export const requestDataJob = defineJob({
  name: 'deployment.requestData',
  payload: EvaluationIds,
  timeoutSeconds: 3_600,
  run: requestData,
});
