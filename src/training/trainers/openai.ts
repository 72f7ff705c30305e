import { priceOf } from '../../datasets/prices.ts';
import { type ModelServer, modelServerOf, type ProviderJob } from '../../platform/model.ts';
import { ModelServerError } from '../../platform/model-errors.ts';
import { askBudget } from '../budget.ts';
import { BudgetExceededError, CostUnknownError, TrainingFailedError } from '../errors.ts';
import { explain, explainJob, openaiTrainingEnds } from '../explain.ts';
import type { Hyperparameters } from '../hyperparameters.ts';
import { readObject } from '../job-key.ts';
import { costOf, isOpenai, trainingPrice } from '../survey.ts';
import type { Followed, Point, Run, Trainer } from '../trainer.ts';
import { requireGoodDataset } from './preflight.ts';
import { pointsOf } from './provider-points.ts';
import { type BuiltFile, rememberSent, type Sent, sentOf, type Which } from './sent.ts';
import { buildFile } from './training-file.ts';

const dayMs = 86_400_000;
/** A base model that is shut down sooner is not worth a training: its tunes end with it. */
const fewestDaysLeft = 14;
const warnDaysLeft = 90;

/**
 * OpenAI, or any server with its API. Everything that was done there is written down before the next step,
 * and looked for by name before it is done: a restart anywhere sends and starts nothing twice.
 */
export const openaiTrainer: Trainer = {
  name: 'OPENAI',
  preflight,
  upload,
  start,
  follow,
  cancel,
  pause,
  resume,
  result,
};

async function preflight(run: Run): Promise<void> {
  const { app, job } = run;
  const { models } = app.config;
  if (!models.apiKey)
    throw new TrainingFailedError('KEY_MISSING', 'Expected a key of the provider, there is none.', {
      advice:
        'Set OPENAI_API_KEY and start the server again; or train with LOCAL, which needs none.',
    });
  const warnings: string[] = [];
  if (isOpenai(models.baseUrl)) warnings.push(requireStillOffered(new Date()));
  const { examples, validationExamples, ...weak } = await requireGoodDataset(run);
  warnings.push(...weak.warnings);
  if (job.pictures) await requirePictures(run);
  const server = serverOf(run);
  const base = await server.model(job.baseModel ?? '');
  if (!base)
    throw new TrainingFailedError(
      'BASE_MODEL_UNKNOWN',
      `Expected a base model that the provider offers, it knows no ${job.baseModel}.`,
      { advice: 'Name one of its list of models, with the date in its name.' },
    );
  if (base.shutdownDate) warnings.push(...requireAlive(base.id, base.shutdownDate, new Date()));
  try {
    await server.mayTrain();
  } catch (error) {
    if (error instanceof ModelServerError && error.status === 403) throw explain(error);
    throw error;
  }
  await run.report({
    examples,
    validationExamples,
    warnings: warnings.filter(Boolean),
    message: 'The provider would train it.',
  });
}

async function upload(run: Run): Promise<void> {
  let sent = sentOf(run);
  if (!sent.files) {
    const train = await buildFile(run, 'TRAIN');
    if (!train) throw new Error('Expected lines of the training split, got none.');
    const validation = await buildFile(run, 'VALIDATION');
    sent = await rememberSent(run, { files: { train, validation } });
  }
  const { files } = sent;
  if (!files) throw new Error('Expected files that were built.');
  await askAgain(run, files.train, sent);
  await uploadFile(run, 'train', files.train);
  if (files.validation) await uploadFile(run, 'validation', files.validation);
}

async function start(run: Run): Promise<void> {
  const { job } = run;
  const server = serverOf(run);
  if (job.providerJobId) return;
  const number = job.starts + 1;
  // Under this name the start is found again when its answer was lost.
  const metadata = { codesight_job: job.id, codesight_start: String(number) };
  const { fileIds } = sentOf(run);
  if (!fileIds.train) throw new Error('Expected a training file that was uploaded.');
  const found = await server.findJob(metadata);
  run.signal.throwIfAborted();
  const begun =
    found ??
    (await server.startJob({
      model: job.baseModel ?? '',
      trainingFile: fileIds.train,
      validationFile: fileIds.validation ?? null,
      method: job.method === 'DPO' ? 'dpo' : 'supervised',
      hyperparameters: forProvider(job.hyperparameters as Hyperparameters),
      suffix: suffixOf(job.name),
      seed: seedOf(job.seed),
      metadata,
    }));
  await run.remember({ providerJobId: begun.id, starts: number });
  await rememberSent(run, { lastEventId: null });
}

async function follow(run: Run): Promise<Followed> {
  const server = serverOf(run);
  const id = idOf(run);
  const found = await server.job(id); // before its events, so that none of the end is missed
  const sent = sentOf(run);
  const events = await server.events(id, sent.lastEventId);
  const isOver = found.status === 'succeeded';
  const checkpoints = isOver ? await server.checkpoints(id) : [];
  const { points, total } = pointsOf(events, checkpoints);
  const last = events.findLast(({ type }) => type !== 'metrics') ?? null;
  await run.report(
    {
      ...progressOf(points, total),
      remainingSeconds: remainingOf(found),
      ...(last ? { message: last.message } : {}),
    },
    points,
  );
  const newest = events.at(-1)?.id;
  if (newest) await rememberSent(run, { lastEventId: newest });
  if (found.status === 'failed') throw explainJob(found);
  if (found.status === 'cancelled')
    throw new TrainingFailedError(
      'CANCELLED_THERE',
      'The training was cancelled at the provider.',
      {
        advice: 'Start it again if that was not meant.',
      },
    );
  if (!isOver) return { isDone: false, lookAgainMs: run.app.config.models.pollMs };
  if (!found.fine_tuned_model) throw new Error('Expected the name of the tuned model, got none.');
  await rememberSent(run, { tunedModel: found.fine_tuned_model });
  await run.report(costReport(run, found));
  return { isDone: true };
}

async function cancel(run: Run): Promise<void> {
  const server = serverOf(run);
  const { job } = run;
  // A start whose answer was lost must not go on behind our back.
  const started =
    job.providerJobId ??
    (sentOf(run).fileIds.train
      ? (
          await server.findJob({
            codesight_job: job.id,
            codesight_start: String(job.starts + 1),
          })
        )?.id
      : null);
  if (!started) return;
  const found = await server.job(started);
  if (!isEnded(found)) await server.cancelJob(started);
}

async function pause(run: Run): Promise<'STILL' | 'LATER' | 'ENDED'> {
  if (!run.job.providerJobId) return 'STILL';
  const server = serverOf(run);
  const found = await server.job(idOf(run));
  if (found.status === 'paused') return 'STILL';
  if (isEnded(found)) return 'ENDED';
  if (found.status !== 'running') return 'LATER'; // providers only pause what runs
  await server.pauseJob(found.id);
  return 'STILL';
}

async function resume(run: Run): Promise<void> {
  if (!run.job.providerJobId) return;
  const server = serverOf(run);
  const found = await server.job(idOf(run));
  if (found.status === 'paused') await server.resumeJob(found.id);
}

async function result(run: Run) {
  const { tunedModel } = sentOf(run);
  if (!tunedModel) throw new Error('Expected the name of the tuned model.');
  const price = isOpenai(run.app.config.models.baseUrl) ? priceOf(run.job.baseModel ?? '') : null;
  return {
    providerModel: tunedModel,
    ...(price ? { inputPrice: price.input, outputPrice: price.output } : {}),
  };
}

function serverOf({ app }: Run): ModelServer {
  const { baseUrl, apiKey = null } = app.config.models;
  return modelServerOf(app.config, { baseUrl, apiKey });
}

function idOf({ job }: Run): string {
  if (job.providerJobId) return job.providerJobId;
  throw new Error('Expected a job that was started at the provider.');
}

/** Whether a job of the provider goes on no more. */
export function isEnded({ status }: ProviderJob): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** One file goes up once: whole when it is small, else part by part, each written down. */
async function uploadFile(run: Run, which: Which, file: BuiltFile): Promise<void> {
  const server = serverOf(run);
  let sent = sentOf(run);
  if (sent.fileIds[which]) return;
  const { name, bytes, parts, md5 } = file;
  const done = async (fileId: string) => {
    await rememberSent(run, { fileIds: { ...sentOf(run).fileIds, [which]: fileId } });
  };
  const known = await server.findFile(name, bytes);
  if (known) return done(known);
  const [only] = parts;
  if (parts.length === 1 && only) {
    await run.report({ message: `Sending ${name}, ${bytes.toLocaleString('en')} bytes.` });
    return done(await server.sendFile(name, await readObject(run, only), run.signal));
  }
  let open = sent.uploads[which] ?? {
    uploadId: await server.startUpload(name, bytes),
    partIds: [],
  };
  const keep = async () => {
    sent = await rememberSent(run, { uploads: { ...sentOf(run).uploads, [which]: open } });
  };
  await keep();
  try {
    for (const [at, part] of parts.entries()) {
      if (at < open.partIds.length) continue;
      await run.report({
        progress: at / parts.length,
        message: `Sending ${name}: part ${at + 1} of ${parts.length}.`,
      });
      const id = await server.sendPart(open.uploadId, await readObject(run, part), run.signal);
      open = { ...open, partIds: [...open.partIds, id] };
      await keep();
    }
    await done(await server.finishUpload(open.uploadId, open.partIds, md5));
  } catch (error) {
    // An upload lives for an hour; what is left of an older one is begun anew.
    if (!(error instanceof ModelServerError && (error.status === 404 || error.status === 400)))
      throw error;
    await rememberSent(run, { uploads: { ...sentOf(run).uploads, [which]: undefined } });
    throw new ModelServerError(`The upload had ended; it is begun anew. ${error.message}`, {
      isRetryable: true,
      cause: error,
    });
  }
}

/** The budget is asked again with what the file really holds, before anything is sent. */
async function askAgain(
  run: Run,
  { tokens }: BuiltFile,
  { acceptUnknownCost }: Sent,
): Promise<void> {
  const { app, job } = run;
  if (job.startedAt) return;
  const price = trainingPrice(app, job.baseModel);
  const given = job.hyperparameters as Hyperparameters;
  const estimateUsd = price === null ? null : costOf(tokens, given, price);
  try {
    await app.db.$transaction((tx) =>
      askBudget(tx, {
        projectId: job.projectId,
        trainer: 'OPENAI',
        baseModel: job.baseModel,
        estimateUsd,
        acceptUnknownCost,
        now: new Date(),
        except: job.id,
      }),
    );
  } catch (error) {
    if (error instanceof BudgetExceededError || error instanceof CostUnknownError)
      throw new TrainingFailedError(error.code, error.message, {
        advice: 'Raise the budget of the project, choose a cheaper base model or fewer sessions.',
      });
    throw error;
  }
  await run.report({ estimatedCostUsd: estimateUsd });
}

/** Pictures that are asked for must be there: a training on text alone is another one. */
async function requirePictures({ app, job }: Run): Promise<void> {
  const [row] = await app.db.$queryRaw<{ images: number }[]>`
    SELECT coalesce(sum(f."images"), 0)::int AS "images" FROM "DatasetMember" m
    JOIN "FrozenSession" f ON f."id" = m."frozenId"
    WHERE m."datasetId" = ${job.datasetId}::uuid AND m."split" = 'TRAIN'`;
  if (!row?.images)
    throw new TrainingFailedError(
      'NO_PICTURES',
      'Expected pictures from before the actions in the training split, there are none.',
      { advice: 'Train without pictures, or record with them and freeze a new dataset.' },
    );
}

/** @returns a warning, empty while there is time */
function requireStillOffered(now: Date): string {
  const daysLeft = (Date.parse(openaiTrainingEnds) - now.getTime()) / dayMs;
  if (daysLeft <= 0)
    throw new TrainingFailedError(
      'TRAINING_NOT_AVAILABLE',
      `OpenAI ended its self-serve fine-tuning on ${openaiTrainingEnds}.`,
      {
        advice:
          'Train with LOCAL or EXTERNAL, or set OPENAI_BASE_URL to a server that still trains.',
      },
    );
  return daysLeft < warnDaysLeft
    ? `OpenAI ends its self-serve fine-tuning on ${openaiTrainingEnds}, in ${Math.ceil(daysLeft)} days.`
    : '';
}

/** @returns warnings about a shutdown that is near */
function requireAlive(model: string, shutdownDate: string, now: Date): string[] {
  const daysLeft = Math.floor((Date.parse(shutdownDate) - now.getTime()) / dayMs);
  if (Number.isNaN(daysLeft)) return [`The provider shuts ${model} down (${shutdownDate}).`];
  const day = shutdownDate.slice(0, 10);
  if (daysLeft < fewestDaysLeft)
    throw new TrainingFailedError(
      'BASE_MODEL_ENDS',
      daysLeft < 0
        ? `The provider shut ${model} down on ${day}.`
        : `The provider shuts ${model} down on ${day}, in ${daysLeft} days, and its tunes with it.`,
      { advice: 'Choose a base model that lives longer, or train with LOCAL or EXTERNAL.' },
    );
  return daysLeft < warnDaysLeft
    ? [`The provider shuts ${model} down on ${day}, in ${daysLeft} days; its tunes end with it.`]
    : [];
}

function progressOf(points: Point[], total: number | null) {
  const step = points.at(-1)?.step;
  return step && total ? { progress: Math.min(1, step / total) } : {};
}

function remainingOf({ estimated_finish }: ProviderJob): number | null {
  return estimated_finish ? Math.max(0, Math.round(estimated_finish - Date.now() / 1_000)) : null;
}

function costReport({ app, job }: Run, { trained_tokens }: ProviderJob) {
  const price = trainingPrice(app, job.baseModel);
  return {
    trainedTokens: trained_tokens ? BigInt(trained_tokens) : null,
    costUsd: trained_tokens && price !== null ? (trained_tokens * price) / 1e6 : null,
  };
}

function forProvider(given: Hyperparameters): Record<string, number> {
  const known = ['n_epochs', 'batch_size', 'learning_rate_multiplier', 'beta'];
  return Object.fromEntries(Object.entries(given).filter(([name]) => known.includes(name)));
}

/** The part of a model's name that is ours: 1 to 64 characters of a kind that every server takes. */
function suffixOf(name: string): string {
  const safe = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return safe || 'codesight';
}

function seedOf(seed: string): number {
  let word = 0;
  for (const char of seed) word = (Math.imul(word, 31) + char.charCodeAt(0)) >>> 1;
  return word % 2_147_483_647;
}
