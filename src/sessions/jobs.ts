import * as z from 'zod';
import { defineJob } from '../platform/queue.ts';
import { pauseIdleSessions } from './idle.ts';

export const pauseIdleJob = defineJob({
  name: 'sessions.pauseIdle',
  payload: z.record(z.string(), z.string()),
  schedule: { rule: () => '* * * * *', payload: {} },
  async run(app) {
    const paused = await pauseIdleSessions(app);
    if (paused > 0) app.log.info({ paused }, 'idle sessions were paused');
  },
});
