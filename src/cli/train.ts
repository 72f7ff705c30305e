import { type Command, Option } from 'commander';
import type { Connection } from '../client/connection.ts';
import {
  StartTrainingDocument,
  TrainingStepsDocument,
  type TrainingStepsQuery,
} from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { addServerOptions, allOptions } from './options.ts';
import { paint, print, printable, printJson, seconds } from './print.ts';
import { type Line, openBoard } from './progress.ts';
import { withServer } from './server.ts';
import { until } from './until.ts';

type TrainOptions = {
  trainer: 'LOCAL' | 'OPENAI' | 'EXTERNAL';
  name?: string;
  base?: string;
  dpo?: boolean;
  pictures?: boolean;
  set?: string[];
  seed?: string;
  acceptUnknownCost?: boolean;
  wait: boolean;
  json?: boolean;
};
type Job = NonNullable<TrainingStepsQuery['trainingJob']>;
type Point = NonNullable<Job['metrics']['nodes'][number]>;

const ends = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED', 'PAUSED']);

/** `codesight train DATASET` */
export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .argument('<dataset>', 'id of a frozen dataset')
    .summary('train a model on a frozen dataset, and watch its loss')
    .description(
      'Starts a training and draws its loss as it goes. LOCAL learns on the server and costs nothing; OPENAI asks the budget of the project first; EXTERNAL prints where to download the bundle. Ctrl-C stops watching, not the training; where the command has started the server itself, the training goes on with the next server.',
    )
    .addOption(
      new Option('--trainer <who>', 'who trains')
        .choices(['LOCAL', 'OPENAI', 'EXTERNAL'])
        .default('LOCAL'),
    )
    .option('--name <name>', 'what the model is called; else the trainer and the time')
    .option('--base <model>', 'model to start from, for OPENAI and EXTERNAL')
    .option('--dpo', 'learn from preferences')
    .option('--pictures', 'learn from the pictures, too (OPENAI, a base model that sees)')
    .addOption(new Option('--set <name=value...>', 'hyperparameters in place of those proposed'))
    .option('--seed <text>', 'the same seed gives the same LOCAL model')
    .option('--accept-unknown-cost', 'train though no price is known')
    .option('--no-wait', 'do not wait for its end')
    .option('--json', 'the job as JSON, and nothing else');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  codesight train 0199…
  codesight train 0199… --set epochs=30 l2=0.002
  codesight train 0199… --trainer OPENAI --base gpt-4.1-mini-2025-04-14 --name shops
  codesight train 0199… --trainer EXTERNAL --base Qwen/Qwen3-4B-Instruct-2507`,
    )
    .action(async (datasetId: string, _options: unknown, self: Command) => {
      const options = allOptions<TrainOptions>(self);
      const interrupt = openInterrupt();
      const { signal } = interrupt;
      try {
        const use = (connection: Connection) => train(connection, datasetId, options, signal);
        await withServer(options, signal, use, ['READ', 'TRAIN']);
      } finally {
        interrupt.close();
      }
    });
}

async function train(
  connection: Connection,
  datasetId: string,
  options: TrainOptions,
  signal: AbortSignal,
): Promise<void> {
  const { trainer, base, dpo, pictures, seed, set = [], acceptUnknownCost, wait, json } = options;
  const id = newId();
  const input = {
    id,
    datasetId,
    name: options.name ?? `${trainer} ${new Date().toISOString().slice(0, 16)}`,
    trainer,
    ...(base ? { baseModel: base } : {}),
    ...(dpo ? { method: 'DPO' as const } : {}),
    ...(pictures ? { pictures } : {}),
    ...(seed ? { seed } : {}),
    ...(acceptUnknownCost ? { acceptUnknownCost } : {}),
    hyperparameters: Object.fromEntries(set.map(readSetting)),
  };
  const { startTraining } = await connection.run(StartTrainingDocument, { input }, signal);
  if ('message' in startTraining) throw new CommandError(startTraining.message);
  if (!json) print(`Training ${id}.`);
  if (!wait) {
    if (json) printJson({ id });
    return;
  }
  const { job, points } = await watchTraining(connection, id, trainer, signal, Boolean(json));
  if (json) printJson({ id, ...job, points });
  else printEnd(job, points, trainer);
  if (job.state === 'FAILED') throw new CommandError(`${job.error} ${job.advice}`);
}

/** Follows a training and draws a line of its loss; an EXTERNAL one until its bundle is there. */
export async function watchTraining(
  connection: Connection,
  id: string,
  trainer: string,
  signal: AbortSignal,
  isQuiet: boolean,
): Promise<{ job: Job; points: Point[] }> {
  const board = isQuiet ? null : openBoard();
  const line: Line | undefined = board?.line('Training');
  const points: Point[] = [];
  let after: string | null = null;
  try {
    return await until(signal, async () => {
      const { trainingJob: job }: TrainingStepsQuery = await connection.run(
        TrainingStepsDocument,
        { id, after },
        signal,
      );
      if (!job) throw new CommandError(`Expected a training job ${id}, found none.`);
      points.push(...job.metrics.nodes.filter((point) => point !== null));
      after = job.metrics.pageInfo.endCursor ?? after;
      if (job.metrics.nodes.length === 100) return null; // there are more
      line?.set(job.progress, detailOf(job, points));
      const isOver = ends.has(job.state) || (trainer === 'EXTERNAL' && job.bundleUrl !== null);
      if (!isOver) return null;
      line?.end(detailOf(job, points), { isBad: job.state === 'FAILED' });
      return { job, points };
    });
  } finally {
    board?.close();
  }
}

function detailOf({ state, message, remainingSeconds }: Job, points: Point[]): string {
  const loss = points.flatMap(({ trainLoss }) => trainLoss ?? []);
  const left = remainingSeconds === null ? '' : `, ${seconds(remainingSeconds * 1_000)} left`;
  const said = printable(message ?? '');
  return loss.length > 0 ? `${sparkline(loss)} ${said}${left}` : `${state.toLowerCase()}: ${said}`;
}

/** A curve of at most 24 signs, the highest value on top. */
export function sparkline(values: readonly number[], columns = 24): string {
  const size = Math.min(columns, values.length);
  const means = Array.from({ length: size }, (_, column) => {
    const from = Math.floor((column * values.length) / size);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / size));
    const part = values.slice(from, to);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const signs = '▁▂▃▄▅▆▇█';
  return means
    .map((mean) => signs[high > low ? Math.round(((mean - low) / (high - low)) * 7) : 0])
    .join('');
}

function printEnd(job: Job, points: Point[], trainer: string): void {
  print(
    `  ${paint.faint(`Hyperparameters ${JSON.stringify(job.hyperparameters)}: ${printable(job.reason)}`)}`,
  );
  for (const warning of job.warnings) print(paint.warn(`  ${printable(warning)}`));
  const checked = points.findLast(({ validationLoss }) => validationLoss !== null);
  if (checked)
    print(
      `  On sessions it has not learned from: loss ${checked.validationLoss?.toFixed(3)}, right ${percent(checked.validationAccuracy)}.`,
    );
  if (job.costUsd !== null && job.costUsd > 0) print(`  It cost $${job.costUsd.toFixed(2)}.`);
  if (job.model)
    print(paint.good(`  Model ${job.model.id} (${printable(job.model.name)}) is ready.`));
  else if (trainer === 'EXTERNAL' && job.bundleUrl)
    print(
      `  The bundle, for an hour: ${job.bundleUrl}\n  Its README says how to train and how to report back.`,
    );
  else print(`  It is ${job.state}.`);
}

function percent(share: number | null): string {
  return share === null ? 'unknown' : `${(share * 100).toFixed(1)} %`;
}

function readSetting(text: string): [string, number] {
  const [, name, value] = /^(\w+)=([-+.\deE]+)$/.exec(text) ?? [];
  if (!name || !Number.isFinite(Number(value)))
    throw new CommandError(`Expected --set name=number, got ${text}.`);
  return [name, Number(value)];
}
