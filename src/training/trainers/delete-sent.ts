import type { TrainingJob } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { type ModelServer, modelServerOf } from '../../platform/model.ts';
import { isEnded } from './openai.ts';
import { type Sent, sentOf, type Which } from './sent.ts';

/**
 * Deletes the files of an ended training at its provider, those whose upload lost its answer among them, and
 * ends what still goes on there. A repeat finds nothing more to do.
 *
 * @returns whether anything had been sent
 * @throws {ModelServerError}
 */
export async function deleteSent(
  { config }: Pick<App, 'config'>,
  job: TrainingJob,
): Promise<boolean> {
  const sent = sentOf({ job });
  if (!sent.files) return false;
  const { baseUrl, apiKey = null } = config.models;
  const server = modelServerOf(config, { baseUrl, apiKey });
  await endThere(server, job);
  for (const which of ['train', 'validation'] as const) {
    const fileId = await fileOf(server, sent, which);
    if (fileId) await server.deleteFile(fileId);
    else {
      const open = sent.uploads[which];
      if (open) await server.cancelUpload(open.uploadId);
    }
  }
  return true;
}

/** A job that we gave up must not go on, and cost, behind our back. */
async function endThere(server: ModelServer, { id, providerJobId, starts }: TrainingJob) {
  const metadata = { codesight_job: id, codesight_start: String(starts + 1) };
  const found = providerJobId ? await server.job(providerJobId) : await server.findJob(metadata);
  if (found && !isEnded(found)) await server.cancelJob(found.id);
}

async function fileOf(
  server: ModelServer,
  { files, fileIds }: Sent,
  which: Which,
): Promise<string | null> {
  const file = files?.[which];
  return fileIds[which] ?? (file ? server.findFile(file.name, file.bytes) : null);
}
