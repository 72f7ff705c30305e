import { type Command, Option } from 'commander';
import type { ServerOptions } from './server.ts';

/** Options of every command that speaks to a server. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--url <url>',
        'address of the server; else the one of this machine, started if need be',
      ).env('CODESIGHT_URL'),
    )
    .addOption(
      new Option('--key <key>', 'API key with the scopes CAPTURE and READ; else one is made').env(
        'CODESIGHT_KEY',
      ),
    );
}

/** The options of a command with those of the program. Empty variables count as absent. */
export function allOptions<T extends object>(command: Command): T & ServerOptions {
  const given = command.optsWithGlobals<T & ServerOptions>();
  return { ...given, url: given.url || undefined, key: given.key || undefined };
}
