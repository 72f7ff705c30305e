import * as z from 'zod';
import { defineJob } from '../../platform/queue.ts';
import { trimRing } from './ring.ts';

export const trimRingJob = defineJob({
  name: 'diagnostics.trimRing',
  payload: z.record(z.string(), z.string()),
  schedule: { rule: () => '* * * * *', payload: {} },
  async run(app) {
    await trimRing(app, new Date());
  },
});
