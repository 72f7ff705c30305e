#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addConfig } from './cli/config.ts';
import { addDemo } from './cli/demo.ts';
import { explainFailure, InterruptedError } from './cli/failure.ts';
import { addImport } from './cli/import.ts';
import { addKey } from './cli/key.ts';
import { addPlay } from './cli/play.ts';
import { note } from './cli/print.ts';
import { addRecord } from './cli/record.ts';

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
for (const add of [addDemo, addRecord, addPlay, addImport, addKey, addConfig]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    note(explainFailure(error, Boolean(program.opts().verbose)));
    process.exitCode = error instanceof InterruptedError ? 130 : 1;
  }
}
// Everything of ours is closed by now; the migration engine leaves a timer of ten seconds behind.
process.stdout.write('', () => process.exit());
