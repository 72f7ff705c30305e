import { HttpRefusal, type ObjectAction } from '../sessions/http-refusal.ts';
import { openOwnKey } from './job-key.ts';
import { readBundle } from './trainers/bundle.ts';
import { externalOf } from './trainers/external.ts';

/** Download of a training bundle by its signed URL: streamed, one part is in memory at a time. */
export const readBundleAction: ObjectAction = {
  method: 'GET',
  async run(app, id) {
    const job = await app.db.trainingJob.findUnique({ where: { id } });
    const parts = job ? externalOf({ job }).bundle : undefined;
    if (!job || !parts) throw new HttpRefusal(404, 'The bundle is gone.');
    return {
      type: 'application/gzip',
      bytes: Number(job.bundleBytes ?? 0),
      body: readBundle({ app, key: openOwnKey(app, job) }, parts),
      headers: { 'content-disposition': `attachment; filename="codesight-${id}.tar.gz"` },
    };
  },
};
