import * as z from 'zod';
import { defineJob } from '../../platform/queue.ts';
import { findGaps } from './sequences.ts';
import { findStalls } from './stalls.ts';

export const findStallsJob = defineJob({
  name: 'diagnostics.findStalls',
  payload: z.record(z.string(), z.string()),
  schedule: { rule: () => '* * * * *', payload: {} },
  async run(app) {
    const found = await findStalls(app);
    if (found > 0) app.log.info({ found }, 'queues of sync clients stand still');
    const gaps = await findGaps(app);
    if (gaps > 0) app.log.info({ gaps }, 'sequences of sync clients do not go on');
  },
});
