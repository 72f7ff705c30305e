import { HttpRefusal, type ObjectAction } from '../sessions/http-refusal.ts';
import { openOwnKey } from './job-key.ts';
import { readBundle } from './trainers/bundle.ts';
import { externalOf } from './trainers/external.ts';

/** Download of a training bundle by its signed URL. */
export const readBundleAction: ObjectAction = {
  method: 'GET',
  async run(app, id) {
    const job = await app.db.trainingJob.findUnique({ where: { id } });
    const parts = job ? externalOf({ job }).bundle : undefined;
    if (!job || !parts) throw new HttpRefusal(404, 'The bundle is gone.');
    const chunks: Buffer[] = [];
    for await (const chunk of readBundle({ app, key: openOwnKey(app, job) }, parts))
      chunks.push(chunk);
    return { body: Buffer.concat(chunks), type: 'application/gzip' };
  },
};
