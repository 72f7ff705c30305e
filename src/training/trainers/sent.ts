import * as z from 'zod';
import type { Run } from '../trainer.ts';

const BuiltFile = z.object({
  /** Name at the provider; tells the file apart from those of other jobs. */
  name: z.string(),
  /** Keys of its sealed parts in our store, in order. */
  parts: z.array(z.string()),
  bytes: z.number(),
  lines: z.number(),
  /** A quarter of its characters. */
  tokens: z.number(),
  md5: z.string(),
});
const OneUpload = z.object({ uploadId: z.string(), partIds: z.array(z.string()) });

/** What a job has done towards its provider so far: each step is written down when it is done. */
const Sent = z.object({
  acceptUnknownCost: z.boolean().default(false),
  files: z.object({ train: BuiltFile, validation: BuiltFile.nullable() }).nullable().default(null),
  uploads: z.object({ train: OneUpload.optional(), validation: OneUpload.optional() }).default({}),
  fileIds: z
    .object({ train: z.string().optional(), validation: z.string().optional() })
    .default({}),
  /** The newest event that was read. */
  lastEventId: z.string().nullable().default(null),
  /** Name of the tuned model. */
  tunedModel: z.string().nullable().default(null),
});

export type BuiltFile = z.infer<typeof BuiltFile>;
export type Sent = z.infer<typeof Sent>;
export type Which = 'train' | 'validation';

export function sentOf({ job }: Pick<Run, 'job'>): Sent {
  return Sent.parse(job.provider);
}

export async function rememberSent(run: Run, change: Partial<Sent>): Promise<Sent> {
  const sent = { ...sentOf(run), ...change };
  await run.remember({ provider: sent });
  return sent;
}
