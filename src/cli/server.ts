import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { type Connection, openConnection } from '../client/connection.ts';
import type { ApiScope } from '../contract/accounts.ts';
import type { Opened } from '../door.ts';
import { type Config, loadProcessConfig } from '../platform/config.ts';
import { findServer } from '../platform/server-file.ts';
import { withDatabase } from './database.ts';
import { CommandError } from './failure.ts';
import { localKey } from './project.ts';

/** How a command is told which server to speak to; empty for the one of this machine. */
export type ServerOptions = { url?: string; key?: string; verbose?: boolean };

/** A server to speak to, and a key for it. */
export type Reached = {
  url: string;
  key: string;
  config: Config;
  /** `REMOTE` by its address, `FOUND` running here, `STARTED` by this command. */
  how: 'REMOTE' | 'FOUND' | 'STARTED';
  /** What was started, to be run on or closed. */
  opened: Opened | null;
  /** Closes what was started; otherwise nothing. */
  close(): Promise<void>;
};

const connectTimeoutMs = 15_000;

/** Where a server that a command started writes what it does. */
export function logFileIn(dataDir: string): string {
  return join(dataDir, 'server.log');
}

/**
 * Finds the server: by `--url`, else the one that runs on the data folder, else one that is started in
 * this process, jobs included.
 *
 * @param keyFile where the key of this machine is kept, in the data folder
 * @param isForGood whether a started server takes the configured port, because it will stay
 */
export async function reachServer(
  options: ServerOptions,
  {
    keyFile,
    label,
    isForGood,
    scopes,
  }: { keyFile: string; label: string; isForGood: boolean; scopes?: ApiScope[] },
): Promise<Reached> {
  const config = loadProcessConfig();
  const close = async (): Promise<void> => {};
  const found = options.url ? undefined : await findServer(config.dataDir);
  if (options.url) {
    if (!options.key)
      throw new CommandError('Expected --key (or CODESIGHT_KEY) together with --url, got none.');
    return { url: options.url, key: options.key, config, how: 'REMOTE', opened: null, close };
  }
  const kept = { file: keyFile, label, ...(scopes ? { scopes } : {}) };
  if (found) {
    const key = options.key ?? (await withDatabase(config, (desk) => localKey(desk, kept)));
    return { url: found.url, key, config, how: 'FOUND', opened: null, close };
  }
  // Loaded only here: the whole server takes two seconds to load, and other commands need none of it.
  const { startServer } = await import('./start.ts');
  const { opened, url } = await startServer(config, {
    isVerbose: Boolean(options.verbose),
    isForGood,
    logFile: logFileIn(config.dataDir),
  });
  const closeAll = async (): Promise<void> => {
    for (const door of [...opened.doors].reverse()) await door.close();
    await opened.app.close();
  };
  try {
    const key = options.key ?? (await localKey(opened.app, kept));
    return { url, key, config, how: 'STARTED', opened, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/**
 * Runs `use` with a connection to the server, and closes in order what was opened.
 *
 * @param scopes what the command needs beside CAPTURE and READ; a key of its own is made and kept
 */
export async function withServer<T>(
  options: ServerOptions,
  signal: AbortSignal,
  use: (connection: Connection, server: Reached) => Promise<T>,
  scopes?: ApiScope[],
): Promise<T> {
  const server = await reachServer(options, {
    keyFile: scopes ? `cli-${scopes.join('-').toLowerCase()}.json` : 'cli.json',
    label: 'cli',
    isForGood: false,
    scopes,
  });
  try {
    return await withConnection(server, signal, (connection) => use(connection, server));
  } finally {
    await server.close();
  }
}

/** Runs `use` with a connection that is closed at the end. */
export async function withConnection<T>(
  { url, key, how }: Pick<Reached, 'url' | 'key' | 'how'>,
  signal: AbortSignal,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const watcher = { service: 'codesight-cli', release: packageJson.version };
  // A server that this command started is of its own making.
  const connection = openConnection({
    url,
    token: key,
    ...(how === 'STARTED' ? {} : { watcher }),
  });
  try {
    await connection.ready(connectTimeoutMs);
    return await use(connection);
  } finally {
    await connection.close();
  }
}
