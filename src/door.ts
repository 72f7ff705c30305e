import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { App } from './platform/app.ts';
import { ConfigError } from './platform/config.ts';
import { WrongMasterKeyError } from './platform/keys.ts';
import { DataDirInUseError } from './platform/lock.ts';
import { DataDirClosedError } from './platform/postgres-program.ts';

export type Opened = {
  app: App;
  /** What is open beside it. Closed in reverse: first what lets work in, last the database. */
  doors: { close(): Promise<void> }[];
  /** Closed in this order when a fault that nobody handles ends the process: it is told first, in three seconds at most. */
  lastWords?: { close(): Promise<void> }[];
  /** For whoever started it. Printed when it is ready for everything, its own faults too. */
  greeting?: string;
};

const lastWordsMs = 3_000;

/**
 * Reads the command line of a door. Prints the help and ends the process when asked to, or when an
 * option is not one of them.
 */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(
  help: string,
  options: T,
) {
  try {
    const own = { help: { type: 'boolean', short: 'h', default: false } } as const;
    const { values } = parseArgs({ options: { ...options, ...own } });
    if (!('help' in values && values.help)) return values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${help}`);
    process.exit(1);
  }
  process.stdout.write(help);
  process.exit(0);
}

/**
 * Runs a process until it is told to stop. Mistakes of whoever starts it are said in a sentence, and
 * it ends with 1. `SIGINT` and `SIGTERM` let running work end; a second one, or the end of
 * `SHUTDOWN_TIMEOUT_SECONDS`, does not.
 *
 * @param open closes what it opened when it fails half-way
 */
export async function runProcess(open: () => Promise<Opened>): Promise<void> {
  const opening = open();
  let isStopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) {
      process.stderr.write(`${signal} again: stopping at once.\n`);
      process.exit(1);
    }
    isStopping = true;
    const { app, doors } = await opening; // a start that fails ends the process by itself
    app.log.info({ signal }, 'stopping; running work may end');
    const patienceMs = app.config.shutdownTimeoutSeconds * 1000 + 10_000; // for the database's own shutdown
    setTimeout(() => {
      process.stderr.write('Running work did not end in time: stopping at once.\n');
      process.exit(1);
    }, patienceMs).unref();
    try {
      for (const door of [...doors].reverse()) await door.close();
      await app.close();
      process.exit(0);
    } catch (error) {
      app.log.error({ err: error }, 'stopping met an error');
      app.log.flush();
      process.exit(1);
    }
  };
  // Before the start is done: whoever reads that it is may send a signal at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal));

  try {
    const { app, greeting, lastWords = [] } = await opening;
    process.on('unhandledRejection', (error) => {
      app.log.error({ err: error }, 'a rejection was not handled');
      app.faults.report({ place: 'process', error });
    });
    let isEnding = false;
    process.on('uncaughtException', (error) => {
      app.log.fatal({ err: error }, 'the process met an error that nobody handles, and ends');
      app.log.flush();
      if (isEnding) return; // another one of the last seconds
      isEnding = true;
      app.faults.report({ place: 'process', error }); // kept in a file before the call ends
      const end = () => process.exit(1);
      setTimeout(end, lastWordsMs);
      const speak = async () => {
        for (const door of lastWords) await door.close();
      };
      speak().then(end, end);
    });
    if (greeting) process.stdout.write(`${greeting}\n`);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

/** What went wrong at the start, without a stack where whoever started the process can help. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (
    error instanceof ConfigError ||
    error instanceof DataDirInUseError ||
    error instanceof DataDirClosedError ||
    error instanceof WrongMasterKeyError
  )
    return error.message;
  const { code, port, address, syscall } = error as NodeJS.ErrnoException & {
    port?: number;
    address?: string;
  };
  if (syscall === 'listen' && code === 'EADDRINUSE')
    return `Port ${port} of ${address} is taken by another program. Choose another, for example \`PORT=${Number(port) + 1}\`, or 0 for any.`;
  if (syscall === 'listen' && code === 'EACCES')
    return `Port ${port} of ${address} needs rights that this user does not have. Choose one above 1023 with \`PORT\`.`;
  if (code === 'ERR_SOCKET_BAD_PORT') return 'Expected a port from 0 to 65535.';
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ETIMEDOUT')
    return `Expected Postgres at the address in DATABASE_URL, got ${code}. Is it running, and is the address right?`;
  return error.stack ?? error.message;
}
