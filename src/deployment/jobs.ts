import { EvaluationIds } from '../evaluation/events.ts';
import { defineJob } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';
import { fulfilRequests } from './fulfil.ts';
import { requestData } from './requests.ts';

export const requestDataJob = defineJob({
  name: 'deployment.requestData',
  payload: EvaluationIds,
  timeoutSeconds: 3_600,
  run: requestData,
});

/** Whether a session that became READY is the one that requests for data have waited for. */
export const fulfilRequestsJob = defineJob({
  name: 'deployment.fulfil',
  payload: SessionIds,
  run: fulfilRequests,
});
