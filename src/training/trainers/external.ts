import * as z from 'zod';
import { unseal } from '../../platform/keys.ts';
import type { Hyperparameters } from '../hyperparameters.ts';
import type { Run, Trainer } from '../trainer.ts';
import { buildBundle } from './bundle.ts';
import { requireGoodDataset } from './preflight.ts';

/** What an EXTERNAL trainer has told, and what was made for it. */
const External = z.looseObject({
  /** Keys of the sealed parts of the bundle, in order. */
  bundle: z.array(z.string()).optional(),
  finished: z
    .object({
      endpoint: z.string(),
      model: z.string(),
      /** Sealed with the job's key, in base64. */
      secret: z.string().nullable(),
      inputPrice: z.number().nullable(),
      outputPrice: z.number().nullable(),
    })
    .optional(),
});

export type External = z.infer<typeof External>;

export function externalOf({ job }: Pick<Run, 'job'>): External {
  return External.parse(job.provider);
}

/** What the endpoint's key is sealed as until the model is made. */
export function externalSecretContext(jobId: string): string {
  return `external-secret/${jobId}`;
}

/** Somebody else's hardware: we make a bundle, they train and tell. Pausing is in their hands. */
export const externalTrainer: Trainer = {
  name: 'EXTERNAL',
  async preflight(run) {
    const { examples, validationExamples, warnings } = await requireGoodDataset(run);
    const message = 'The bundle can be made.';
    await run.report({ examples, validationExamples, warnings, message });
  },
  async upload(run) {
    const { app, job } = run;
    if (externalOf(run).bundle) return;
    await run.report({ message: 'Making the bundle.' });
    const dataset = await app.db.dataset.findUniqueOrThrow({
      where: { id: job.datasetId },
      select: { sha256: true },
    });
    const { parts, bytes } = await buildBundle(run, {
      jobId: job.id,
      name: job.name,
      baseModel: job.baseModel ?? '',
      method: job.method,
      hyperparameters: job.hyperparameters as Hyperparameters,
      examples: job.examples ?? 0,
      validationExamples: job.validationExamples ?? 0,
      datasetId: job.datasetId,
      datasetSha256: dataset.sha256 ? Buffer.from(dataset.sha256).toString('hex') : null,
      serverUrl: app.config.publicUrl ?? `http://${app.config.host}:${app.config.port}`,
    });
    await run.remember({ provider: { ...externalOf(run), bundle: parts } });
    await run.report({ bundleKey: parts[0] ?? null, bundleBytes: BigInt(bytes) });
  },
  start: async () => undefined,
  async follow(run) {
    if (externalOf(run).finished) return { isDone: true };
    const message = 'The bundle waits for its trainer; this goes on when the trainer reports.';
    if (run.job.progress === 0) await run.report({ message });
    return { isDone: false, lookAgainMs: null };
  },
  cancel: async () => undefined,
  pause: async () => 'STILL',
  resume: async () => undefined,
  async result(run) {
    const { finished } = externalOf(run);
    if (!finished) throw new Error('Expected a trainer that has told of its model.');
    const { endpoint, model, secret, inputPrice, outputPrice } = finished;
    return {
      endpoint,
      providerModel: model,
      ...(secret
        ? {
            apiKey: unseal(
              run.key,
              Buffer.from(secret, 'base64'),
              externalSecretContext(run.job.id),
            ).toString('utf8'),
          }
        : {}),
      ...(inputPrice !== null ? { inputPrice } : {}),
      ...(outputPrice !== null ? { outputPrice } : {}),
    };
  },
};
