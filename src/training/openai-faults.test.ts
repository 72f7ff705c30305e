import { expect, test } from 'vitest';
import {
  begin,
  countOf,
  filePost,
  jobPost,
  openai,
  prepareLoop,
  untilDeleted,
  untilState,
} from '../../test/training.ts';

test.each([
  ['a 429 with Retry-After', { how: 'status', status: 429, retryAfterSeconds: 1 }],
  ['a 500', { how: 'status', status: 500 }],
  ['a hang', { how: 'hang' }],
  ['a cut connection', { how: 'cut' }],
  ['half an answer', { how: 'bad-json' }],
  ['a hang after it was done', { how: 'hang', after: true }],
  ['a cut after it was done', { how: 'cut', after: true }],
] as const)(
  '%s at every kind of request keeps no training from its end, and starts and sends nothing twice',
  async (_name, fault) => {
    const { fake, app, projectId, datasetId } = await prepareLoop({ OPENAI_RETRIES: '1' });
    for (const request of [
      /^GET .*\/models\//,
      filePost,
      jobPost,
      /^GET .*\/jobs\/[^/]+$/,
      /\/events$/,
      /\/checkpoints$/,
      /^DELETE .*\/files\/[^/]+$/,
    ])
      fake.fail(request, fault, 2);

    const id = await begin(app, projectId, datasetId, openai);
    const job = await untilState(app, id, 'SUCCEEDED', 60_000);

    expect(job.starts).toBe(1);
    expect(fake.jobs.size).toBe(1);
    await untilDeleted(app, fake, id);
    expect(countOf(fake.requests, /^DELETE .*\/files\/[^/]+$/)).toBeGreaterThan(1);
  },
);
