import { Command, CommanderError } from 'commander';
import { addConfig } from './config.ts';
import { addDataset } from './dataset.ts';
import { addDemo } from './demo.ts';
import { addEvaluate } from './evaluate.ts';
import { addExport } from './export.ts';
import { explainFailure, InterruptedError } from './failure.ts';
import { addImport } from './import.ts';
import { addKey } from './key.ts';
import { addPlay } from './play.ts';
import { addPredict } from './predict.ts';
import { note } from './print.ts';
import { addRecord } from './record.ts';
import { addTrain } from './train.ts';
import { addWatch } from './watch.ts';

/**
 * Runs one command and says what went wrong, if anything.
 *
 * @param args without the program's own name
 * @returns the code to end with: 0 when all is well, 1 when something failed, 2 when the command was not
 *   understood, 130 when it was interrupted
 */
export async function runCommand(args: string[]): Promise<number> {
  const program = makeProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    note(explainFailure(error, Boolean(program.opts().verbose)));
    return error instanceof InterruptedError ? 130 : 1;
  }
}

/** The commands, ready to parse. */
export function makeProgram(): Command {
  const program = new Command('codesight')
    .description(
      'CodeSight records what people do in a browser and turns it into training data for web agents.',
    )
    .option('--verbose', 'show stacks of errors and what the server logs')
    .showHelpAfterError('Run it with --help for examples.')
    .exitOverride()
    .addHelpText(
      'after',
      `
Start here:
  codesight demo                            see the main job done, in half a minute
  codesight key create --scope CAPTURE,READ --participant anna
  codesight config                          every environment variable

From a checkout: npm run -s codesight -- COMMAND. The server: npm start.
Ends with 0 when all is well, 1 when something failed, 2 when the command was not understood.`,
    );
  for (const add of [
    addDemo,
    addRecord,
    addPlay,
    addImport,
    addExport,
    addDataset,
    addTrain,
    addEvaluate,
    addPredict,
    addWatch,
    addKey,
    addConfig,
  ])
    add(program);
  return program;
}
