import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Connection } from '../client/connection.ts';
import { DeployModelDocument, PredictActionDocument } from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { addServerOptions, allOptions } from './options.ts';
import { bar, paint, print, printable, printJson, width, wrap } from './print.ts';
import { withServer } from './server.ts';

type PredictOptions = { task: string; address: string; did?: string[]; json?: boolean };
type Question = { task: string; url: string; html: string; history: string[] };

/** `codesight predict FILE` */
export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .argument('<file>', 'HTML of a page; a snapshot of the recorder is one')
    .summary('ask the deployed model what to do next on a page')
    .description(
      'Asks the deployed model what to do next: elements ranked, each with its selectors, the most reliable first.',
    )
    .requiredOption('--task <words>', 'what is to be done, in words')
    .requiredOption('--address <url>', 'address of the page')
    .option('--did <words...>', 'what was done before, oldest first: click link "Lamps"')
    .option('--json', 'as JSON, and nothing else');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Example:
  codesight predict page.html --address https://shop.example/lamp --task "Buy the desk lamp"`,
    )
    .action(async (file: string, _options: unknown, self: Command) => {
      const options = allOptions<PredictOptions>(self);
      const html = await readFile(file, 'utf8');
      const { task, address: url, did: history = [] } = options;
      const interrupt = openInterrupt();
      try {
        await withServer(options, interrupt.signal, async (connection) => {
          const question = { task, url, html, history };
          if (options.json) {
            const found = await connection.run(
              PredictActionDocument,
              { input: question },
              interrupt.signal,
            );
            printJson(found.predictAction);
          } else await printPrediction(connection, question, interrupt.signal);
        });
      } finally {
        interrupt.close();
      }
    });
}

/** Deploys a model and prints what the gate measured. @throws {CommandError} the gate is shut */
export async function deploy(
  connection: Connection,
  input: { modelId: string; evaluationId: string; share: number },
  signal: AbortSignal,
): Promise<void> {
  const { deployModel } = await connection.run(
    DeployModelDocument,
    { input: { id: newId(), ...input } },
    signal,
  );
  print(`\n${paint.strong('Gate')}`);
  const conditions =
    deployModel.__typename === 'Deployment'
      ? deployModel.gate
      : deployModel.__typename === 'GateRefused'
        ? deployModel.conditions
        : [];
  for (const { passed, message } of conditions) {
    const [first = '', ...others] = wrap(printable(message), width() - 6);
    print(`  ${passed ? paint.good('✓') : paint.bad('✗')} ${first}`);
    for (const other of others) print(`    ${other}`);
  }
  if (deployModel.__typename !== 'Deployment') throw new CommandError(deployModel.message);
  print(`  ${paint.good(`It is deployed and ${deployModel.state}.`)}`);
}

/** Asks the deployed model, and prints the answer for a person. */
export async function printPrediction(
  connection: Connection,
  input: Question,
  signal: AbortSignal,
): Promise<void> {
  const { predictAction } = await connection.run(PredictActionDocument, { input }, signal);
  const { modelName, operation, value, candidates, latencyMs, problem } = predictAction;
  print(
    `\n${paint.strong('Prediction')}  of ${printable(modelName)}, in ${latencyMs.toFixed(0)} ms`,
  );
  for (const text of wrap(`“${printable(input.task)}”`, width() - 4))
    print(`  ${paint.faint(text)}`);
  print(`  ${paint.faint(`on ${printable(input.url)}, after ${input.history.length} steps`)}`);
  if (problem) print(`  ${paint.warn(printable(problem))}`);
  for (const [at, { text, within, confidence, selectors }] of candidates.slice(0, 4).entries()) {
    const said = value === null ? operation : `${operation} ${JSON.stringify(value)}`;
    const what = `${at === 0 ? `${said}: ` : ''}${text}${within ? ` in ${within}` : ''}`;
    print(
      `  ${bar(confidence ?? 0, 10)} ${confidence === null ? '  ? %' : `${(confidence * 100).toFixed(0).padStart(3)} %`}  ${printable(what)}`,
    );
    if (at > 0) continue;
    for (const { strategy, value: selector } of selectors.slice(0, 3))
      print(`${' '.repeat(20)}${paint.faint(`${strategy}  ${printable(selector)}`)}`);
  }
}
