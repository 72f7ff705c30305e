import * as z from 'zod';
import { defineJob } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';
import { cleanUp, removeSession } from './cleanup.ts';
import { stateThresholds } from './thresholds.ts';

export const removeSessionJob = defineJob({
  name: 'ops.removeSession',
  payload: SessionIds,
  run: removeSession,
});

export const cleanUpJob = defineJob({
  name: 'ops.cleanUp',
  payload: z.record(z.string(), z.string()),
  schedule: {
    rule: ({ retention }) => `FREQ=HOURLY;INTERVAL=${retention.cleanupHours}`,
    payload: {},
  },
  async run(app, _payload, { signal }) {
    app.log.info(await cleanUp(app, signal), 'cleaned up');
  },
});

export const stateThresholdsJob = defineJob({
  name: 'ops.stateThresholds',
  payload: z.record(z.string(), z.string()),
  schedule: { rule: () => '*/5 * * * *', payload: {} },
  run: (app) => stateThresholds(app, new Date()),
});
