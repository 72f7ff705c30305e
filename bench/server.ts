import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findEmbeddedPostgres } from '../src/platform/postgres.ts';

/** A server of ours in a process of its own, as it runs in production. */
export type BenchServer = {
  pid: number;
  /** Where it listens, without a path. */
  url: string;
  /** Its first key, good for everything. */
  key: string;
  databaseUrl: string;
  /** Lets it end by itself and removes its data. */
  stop(): Promise<void>;
};

const startTimeoutMs = 180_000; // a first start makes a database, on a busy machine
const stopTimeoutMs = 60_000;

/**
 * Starts the API alone, with an embedded, durable Postgres in a folder of its own. Limits that
 * protect it from too many requests are raised, nothing else differs from its defaults.
 *
 * @param database an empty database to use instead
 * @param profile folder for its CPU profile, written when it stops
 */
export async function startServer({
  database,
  profile,
  env = {},
}: {
  database?: string | undefined;
  profile?: string | undefined;
  env?: Record<string, string>;
}): Promise<BenchServer> {
  const flags = profile
    ? ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${resolve(profile)}`]
    : [];
  const { child, dir, stop } = await startDoor(
    'serve',
    {
      DATABASE_URL: database,
      PORT: '0',
      RATE_LIMIT_MAX_REQUESTS: '10000000',
      MAX_SESSIONS_PER_USER: '10000',
      MAX_EVENT_LOOP_DELAY_MS: '60000',
      MAX_POOL_WAIT_MS: '60000',
      ...env,
    },
    flags,
  );

  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const giveUpAt = performance.now() + startTimeoutMs;
  for (;;) {
    const url = /(http:\S+)\/graphql\n/.exec(said)?.[1];
    const key = /key, shown this once: (\S+)\n/.exec(said)?.[1];
    if (child.pid && url && key) {
      const databaseUrl = database ?? (await findEmbeddedPostgres(join(dir, 'data', 'postgres')));
      if (databaseUrl) return { pid: child.pid, url, key, databaseUrl, stop };
    }
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    const isKnown = url !== undefined && /More keys:.*\n/.test(said) && !key;
    if (hasEnded || isKnown || performance.now() > giveUpAt) {
      await stop();
      const why = isKnown ? 'the database is not empty' : said || 'nothing';
      throw new Error(`Expected a server with a first key, got: ${why}`);
    }
    await delay(50);
  }
}

/** Starts a worker beside the server, in a process of its own, as replicas run; it is ready when this answers. */
export async function startWorker(
  { databaseUrl }: BenchServer,
  env: Record<string, string>,
): Promise<{ stop(): Promise<void> }> {
  const { child, exited, stop } = await startDoor('work', { DATABASE_URL: databaseUrl, ...env });
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('Working on jobs.')) resolve();
    });
  });
  const isReady = await Promise.race([
    ready.then(() => true),
    exited.then(() => false),
    delay(startTimeoutMs, false, { ref: false }),
  ]);
  if (isReady) return { stop };
  await stop();
  throw new Error('Expected a worker, it did not start.');
}

/** A process of the product with a folder of its own, below `dir`, which goes with it. */
async function startDoor(
  door: 'serve' | 'work',
  env: Record<string, string | undefined>,
  flags: string[] = [],
) {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-bench-'));
  await chmod(dir, 0o711); // for root, whose Postgres runs as another user
  const script = fileURLToPath(new URL(`../src/${door}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...flags, script], {
    env: { PATH: process.env.PATH, DATA_DIR: join(dir, 'data'), LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await Promise.race([exited, delay(stopTimeoutMs, null, { ref: false })]);
    child.kill('SIGKILL');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  return { child, dir, exited, stop };
}
