import * as z from 'zod';
import { defineJob } from '../../platform/queue.ts';
import { forecastLimits, turnAged } from './sweep.ts';

const nothing = z.record(z.string(), z.string());

export const turnAgedIssuesJob = defineJob({
  name: 'diagnostics.turnAgedIssues',
  payload: nothing,
  schedule: { rule: () => '*/5 * * * *', payload: {} },
  async run(app) {
    const turned = await turnAged(app);
    if (turned > 0) app.log.info({ turned }, 'issues were turned by time');
  },
});

export const forecastIssuesJob = defineJob({
  name: 'diagnostics.forecastIssues',
  payload: nothing,
  schedule: { rule: () => '1 * * * *', payload: {} },
  /** All at times, for what a missed run or a late backlog left. */
  async run(app) {
    const now = new Date();
    await forecastLimits(app, now, now.getUTCHours() % 6 === 0 ? 'ALL' : 'MOVED');
  },
});
