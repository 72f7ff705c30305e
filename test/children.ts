import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import type { App } from '../src/platform/app.ts';

/** A process of the product, on the database and in the folder of a test's app. */
export type Child = {
  /** What it has printed so far. */
  said(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it has ended, with its exit code. */
  ended: Promise<number | null>;
  /** Ends it in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Lets it end by itself; under coverage it writes then what it ran. */
  stop(): Promise<void>;
};

/** Starts `src/serve.ts` or `src/work.ts`; resolves when it says that it is ready. */
export async function startChild(
  { config }: { config: Pick<App['config'], 'databaseUrl' | 'dataDir'> },
  door: 'serve' | 'work',
  env: Record<string, string> = {},
): Promise<Child> {
  // The environment of this process carries NODE_V8_COVERAGE where the run measures coverage.
  const child = spawn(process.execPath, [`src/${door}.ts`], {
    env: {
      ...process.env,
      DATABASE_URL: config.databaseUrl,
      DATA_DIR: config.dataDir,
      LOG_LEVEL: 'error',
      RETRY_DELAY_SECONDS: '1',
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said += String(data);
    });
  const exited = once(child, 'exit');
  const ended = exited.then(() => child.exitCode);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  onTestFinished(() => end('SIGKILL'));
  const ready = door === 'serve' ? 'More keys:' : 'Working on jobs';
  await expect.poll(() => isOver(child) || said.includes(ready), { timeout: 120_000 }).toBe(true);
  if (isOver(child)) throw new Error(`Expected ${door} to start, it said: ${said}`);
  return {
    said: () => said,
    signal: (signal) => void child.kill(signal),
    ended,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
