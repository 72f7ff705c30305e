import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Connection } from '../client/connection.ts';
import { legacySource, sizeOf } from '../client/source.ts';
import { type LegacyImport, readLegacyFile } from '../lib/legacy/read.ts';
import { describeImport } from '../lib/legacy/report.ts';
import { CommandError, openInterrupt } from './failure.ts';
import { type Following, finish, type Outcome, requireProcessed } from './finish.ts';
import { addServerOptions, allOptions } from './options.ts';
import { print, printJson } from './print.ts';
import { send } from './sending.ts';
import { withServer } from './server.ts';

type ImportOptions = { json?: boolean; wait: boolean };

/** `codesight import FILE` */
export function addImport(program: Command): void {
  const command = program
    .command('import')
    .argument('<file>', 'JSON export of the legacy recorder: a session, or an array of them')
    .summary('bring sessions of the legacy recorder in, whole')
    .description(
      'Sends the sessions of a legacy export to the server and accounts for every event in it. Can be repeated: the same file makes the same sessions, and nothing is stored twice. Ends with 0 only if everything has arrived or is listed as left out.',
    )
    .option('--no-wait', 'do not wait for processing')
    .option('--json', 'the account and the outcome as JSON, and nothing else');
  addServerOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  codesight import session.json
  codesight import session.json --json > account.json`,
    )
    .action((file: string, _options: unknown, self: Command) => importFile(file, self));
}

async function importFile(file: string, command: Command): Promise<void> {
  const options = allOptions<ImportOptions>(command);
  const { wait, json: isQuiet = false } = options;
  const imports = await readLegacyFile(await readText(file));
  if (imports.length === 0) throw new CommandError(`Expected sessions in ${file}, found none.`);
  const interrupt = openInterrupt();
  const { signal } = interrupt;
  try {
    await withServer(options, signal, async (connection, server) => {
      const outcomes: { report: LegacyImport['report']; outcome: Outcome }[] = [];
      for (const one of imports) {
        if (!isQuiet) print(`${describeImport(one.report)}\n`);
        const outcome = await importOne(connection, one, { wait, signal, isQuiet, server });
        outcomes.push({ report: one.report, outcome });
        if (!isQuiet) print();
      }
      if (isQuiet) printJson(outcomes);
      requireProcessed(outcomes.map(({ outcome }) => outcome));
    });
  } finally {
    interrupt.close();
  }
}

/** @throws {CommandError} something has not arrived and is not listed */
async function importOne(
  connection: Connection,
  one: LegacyImport,
  how: Following,
): Promise<Outcome> {
  const source = legacySource(one);
  const played = await send(connection, source, await sizeOf(source), how);
  if (played.interactions.acknowledged !== one.records.length)
    throw new CommandError(
      `Expected ${one.records.length} interactions of session ${one.session.id} to arrive, ${played.interactions.acknowledged} did. Import the file again.`,
    );
  return finish(connection, played, how);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CommandError(`Expected a file at ${file}, found none.`);
    if (code === 'EISDIR') throw new CommandError(`Expected a file at ${file}, found a folder.`);
    throw error;
  }
}
