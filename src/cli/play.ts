import type { Command } from 'commander';
import { renewed } from '../client/renew.ts';
import { sizeOf } from '../client/source.ts';
import { newId } from '../lib/ids.ts';
import { readRecording } from '../record/recording.ts';
import { openInterrupt } from './failure.ts';
import { finish, requireProcessed } from './finish.ts';
import { addServerOptions, allOptions } from './options.ts';
import { print, printJson } from './print.ts';
import { describeSize, send } from './sending.ts';
import { withServer } from './server.ts';

type PlayOptions = { fresh?: boolean; json?: boolean; wait: boolean };

/** `codesight play DIR` */
export function addPlay(program: Command): void {
  const command = program
    .command('play')
    .argument('<dir>', 'folder of a recording, as `record --out` writes it')
    .summary('send a recorded session to the server')
    .description(
      'Sends a recorded session to the server, as the extension would. Can be repeated after any interruption: it goes on where it was, and nothing is stored twice.',
    )
    .option('--fresh', 'as a new session, under other ids')
    .option('--no-wait', 'do not wait for processing')
    .option('--json', 'the outcome as JSON, and nothing else');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  codesight play examples/shop/recording
  codesight play ./recording --url https://codesight.example --key cs_…`,
    )
    .action((dir: string, _options: unknown, self: Command) => playFolder(dir, self));
}

async function playFolder(dir: string, command: Command): Promise<void> {
  const options = allOptions<PlayOptions>(command);
  const { fresh, wait, json: isQuiet = false } = options;
  const recording = await readRecording(dir);
  const source = fresh ? renewed(recording, newId()) : recording;
  const size = await sizeOf(source);
  if (!isQuiet) print(`Playing ${describeSize(size)}.`);
  const interrupt = openInterrupt();
  const { signal } = interrupt;
  try {
    await withServer(options, signal, async (connection, server) => {
      const played = await send(connection, source, size, { signal, isQuiet });
      const outcome = await finish(connection, played, { wait, signal, isQuiet, server });
      if (isQuiet) printJson(outcome);
      requireProcessed([outcome]);
    });
  } finally {
    interrupt.close();
  }
}
