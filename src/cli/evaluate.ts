import { type Command, Option } from 'commander';
import type { Connection } from '../client/connection.ts';
import {
  type Baseline,
  ComparisonDocument,
  type EvaluatedFragment,
  EvaluateModelDocument,
  EvaluationDocument,
  EvaluationsOfDocument,
} from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { addServerOptions, allOptions } from './options.ts';
import { paint, print, printable, printJson } from './print.ts';
import { openBoard } from './progress.ts';
import { withServer } from './server.ts';
import { until } from './until.ts';

type EvaluateOptions = { model?: string[]; concurrency: string; json?: boolean };
export type Asked = { modelId: string } | { baseline: Baseline };

/** `codesight evaluate DATASET` */
export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .argument('<dataset>', 'id of a frozen dataset, whose test split is asked')
    .summary('compare models and baselines on steps they have not seen')
    .description(
      'Has models and both baselines answer the test split of a frozen dataset, and prints them side by side with intervals of 95 %.',
    )
    .addOption(new Option('--model <id...>', 'models to compare with the baselines'))
    .option('--concurrency <number>', 'questions asked at once', '4')
    .option('--json', 'as JSON, and nothing else');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  codesight evaluate 0199… --model 0199… --model 0199…
  codesight evaluate 0199… --json              the baselines alone`,
    )
    .action(async (datasetId: string, _options: unknown, self: Command) => {
      const options = allOptions<EvaluateOptions>(self);
      const interrupt = openInterrupt();
      const { signal } = interrupt;
      try {
        await withServer(
          options,
          signal,
          async (connection) => {
            const contestants: Asked[] = [
              ...(options.model ?? []).map((modelId) => ({ modelId })),
              { baseline: 'MAJORITY' },
              { baseline: 'RANDOM' },
            ];
            const asked = { datasetId, contestants, concurrency: Number(options.concurrency) };
            const done = await evaluateAll(connection, asked, signal, Boolean(options.json));
            if (options.json) printJson(done);
            else await printComparison(connection, done, signal);
          },
          ['READ', 'TRAIN'],
        );
      } finally {
        interrupt.close();
      }
    });
}

/** Has contestants answer one suite, one after the other, and draws how far each is. */
export async function evaluateAll(
  connection: Connection,
  {
    datasetId,
    contestants,
    concurrency = 4,
  }: { datasetId: string; contestants: Asked[]; concurrency?: number },
  signal: AbortSignal,
  isQuiet = false,
): Promise<EvaluatedFragment[]> {
  const board = isQuiet ? null : openBoard();
  const done: EvaluatedFragment[] = [];
  try {
    for (const contestant of contestants) {
      const id = newId();
      const input = { id, datasetId, concurrency, ...contestant };
      const { evaluateModel } = await connection.run(EvaluateModelDocument, { input }, signal);
      if (evaluateModel.__typename !== 'Evaluation') throw new CommandError(evaluateModel.message);
      const line = board?.line(
        'baseline' in contestant ? contestant.baseline.toLowerCase() : 'model',
      );
      const ended = await until(signal, async () => {
        const { evaluation } = await connection.run(EvaluationDocument, { id }, signal);
        line?.set(evaluation?.progress ?? 0, `${evaluation?.answered} of ${evaluation?.steps}`);
        return evaluation && !/^(QUEUED|RUNNING)$/.test(evaluation.state) ? evaluation : null;
      });
      if (ended.state !== 'SUCCEEDED')
        throw new CommandError(`The evaluation of ${ended.name} ${ended.state}: ${ended.error}`);
      line?.end(`${ended.answered} steps answered`);
      done.push(ended);
    }
  } finally {
    board?.close();
  }
  return done;
}

/**
 * Waits for what begins by itself when a model is trained: its evaluation and those of both baselines, and
 * draws how far each is.
 */
export async function followEvaluations(
  connection: Connection,
  { datasetId, modelId }: { datasetId: string; modelId: string },
  signal: AbortSignal,
): Promise<EvaluatedFragment[]> {
  const board = openBoard();
  const lines = (['MODEL', 'MAJORITY', 'RANDOM'] as const).map((contestant) => ({
    contestant,
    line: board.line(contestant.toLowerCase()),
    isTold: false,
  }));
  try {
    return await until(signal, async () => {
      const { evaluations } = await connection.run(EvaluationsOfDocument, { datasetId }, signal);
      const nodes = evaluations.nodes.flatMap((node) => node ?? []);
      const done = lines.flatMap((one) => {
        const { contestant, line } = one;
        const modelIdOf = contestant === 'MODEL' ? modelId : null;
        const found = nodes.findLast((n) => n.contestant === contestant && n.modelId === modelIdOf);
        if (found?.state === 'FAILED' || found?.state === 'CANCELLED')
          throw new CommandError(`The evaluation of ${found.name} ${found.state}: ${found.error}`);
        if (!found || one.isTold) return found ?? [];
        line.set(found.progress, `${found.answered} of ${found.steps ?? '?'}`);
        if (found.state !== 'SUCCEEDED') return [];
        line.end(`${found.answered} steps answered`);
        one.isTold = true;
        return found;
      });
      return done.length === lines.length ? done : null;
    });
  } finally {
    board.close();
  }
}

/** Prints contestants side by side, and how sure the differences are. */
export async function printComparison(
  connection: Connection,
  evaluations: readonly EvaluatedFragment[],
  signal: AbortSignal,
): Promise<void> {
  const head = ['', 'element', 'operation F1', 'step', 'task', 'progress', 'ms/step'];
  const rows = evaluations.map(({ name, measures }) => [
    printable(name),
    interval(measures?.element),
    interval(measures?.operation),
    interval(measures?.step),
    interval(measures?.task),
    interval(measures?.progress),
    (measures?.medianLatencyMs ?? 0).toFixed(1),
  ]);
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const lineOf = (row: string[]) =>
    `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`;
  print(`\n${paint.strong(lineOf(head))}`);
  for (const row of rows) print(lineOf(row));
  const [first] = evaluations;
  print(
    `  ${paint.faint(`% of ${first?.measures?.steps} steps in ${first?.measures?.sessions} sessions; intervals of 95 %, whole sessions drawn 2,000 times.`)}`,
  );
  for (const { key, steps, step } of first?.measures?.bySite ?? [])
    print(`  ${paint.faint(`${key.padEnd(24)} ${interval(step)} of ${steps} steps`)}`);
  if (evaluations.length < 2) return;
  const ids = evaluations.map(({ id }) => id);
  const { evaluationComparison } = await connection.run(ComparisonDocument, { ids }, signal);
  for (const { a, b, measure, difference, isSure } of evaluationComparison.differences) {
    if (measure !== 'step' || a.name !== first?.name) continue;
    const { value, low, high } = difference;
    const text = `${printable(a.name)} − ${printable(b.name)}: ${points(value)} points of step success (${points(low)} to ${points(high)})`;
    print(`  ${isSure ? paint.good(`${text}, sure`) : paint.warn(`${text}, not sure`)}`);
  }
}

function interval(estimate?: { value: number; low: number; high: number } | null): string {
  if (!estimate) return '–';
  const { value, low, high } = estimate;
  return `${(value * 100).toFixed(1)} (${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})`;
}

function points(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)}`;
}
