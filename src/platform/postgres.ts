import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { lockDataDir, startOf } from './lock.ts';
import {
  expectReachable,
  findPostgresProgram,
  findPostgresUser,
  POSTGRES_ENV,
  type PostgresProgram,
  type PostgresUser,
} from './postgres-program.ts';

export type EmbeddedPostgres = {
  url: string;
  port: number;
  /** Ends open connections, writes everything down and frees the folder. May be called twice. */
  stop(): Promise<void>;
};

type Access = { port: number; password: string };
type Log = { info(message: string): void; warn(message: string): void };
type Cluster = { dir: string; data: string; logFile: string; user: PostgresUser };

const DATABASE = 'codesight';
const LOG_KEPT_BYTES = 10_000_000;
/** Crash recovery of a large database takes minutes. */
const START_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 60_000;
/** How long the workers of a killed server may take to notice, and to free its shared memory. */
const LEFTOVER_TIMEOUT_MS = 10_000;
/** Above every limit for pids, so that no process has it. */
const NO_PID = 2_147_483_647;

/**
 * Starts the Postgres 18 that npm installed, on loopback, with its data in `dir`.
 *
 * The first start creates the cluster, the database `codesight`, a password and a port; later
 * starts keep all of them, but change the port when another program has taken it. Postgres runs in a session
 * of its own, so that Ctrl-C reaches only us and we can drain first. It shuts itself down when we
 * die without `stop()`; if it is still there at the next start, that start stops it.
 *
 * @param dir nothing else may be in it; its parents must be open to the user `postgres` for root
 * @param durable `false` gives up safety at a power cut for speed; for tests
 * @throws {DataDirInUseError} another process runs a database on this folder
 * @throws {DataDirClosedError} we are root, and the user `postgres` cannot enter the folder
 */
export async function openEmbeddedPostgres({
  dir: relativeDir,
  log,
  durable = true,
}: {
  dir: string;
  log: Log;
  durable?: boolean;
}): Promise<EmbeddedPostgres> {
  const dir = resolve(relativeDir);
  const user = await findPostgresUser();
  await expectReachable(dir, user);
  await mkdir(dir, { recursive: true, mode: user ? 0o711 : 0o700 });

  const unlock = await lockDataDir(dir);
  try {
    const program = await findPostgresProgram(dir, user);
    const cluster = { dir, data: join(dir, 'cluster'), logFile: join(dir, 'server.log'), user };
    const remembered = await readAccess(cluster);
    if (remembered) await stopLeftover(cluster, log);
    const access = await chooseAccess(cluster, remembered);
    await createCluster(program, cluster, access.password, durable, log);

    const child = await startServer(program, cluster, access, durable);
    await createDatabase(access).catch(async (error) => {
      await stopServer(program, cluster, child);
      throw error;
    });
    log.info(`Postgres listens on 127.0.0.1:${access.port}, its data are in ${dir}.`);

    let stopping = false;
    child.once('exit', (code, signal) => {
      if (!stopping)
        log.warn(`Postgres ended by itself (${signal ?? code}); see ${cluster.logFile}.`);
    });
    return {
      url: urlOf(access, DATABASE),
      port: access.port,
      async stop() {
        stopping = true;
        await stopServer(program, cluster, child);
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/**
 * The address of the database that another process runs on `dir`, for commands beside a server;
 * `undefined` when none answers.
 */
export async function findEmbeddedPostgres(dir: string): Promise<string | undefined> {
  const access = await readAccess({ dir: resolve(dir) });
  return access && (await answer(access)) === 'ready' ? urlOf(access, DATABASE) : undefined;
}

function urlOf({ port, password }: Access, database: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

async function readAccess({ dir }: { dir: string }): Promise<Access | undefined> {
  const text = await readFile(join(dir, 'server.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Access);
}

async function chooseAccess(
  { dir, data }: Cluster,
  remembered: Access | undefined,
): Promise<Access> {
  if (!remembered && (await exists(data))) {
    throw new Error(
      `Expected the password of ${data} in ${join(dir, 'server.json')}, got no file.`,
    );
  }
  const port = await freePort(remembered?.port ?? 0).catch(() => freePort(0));
  const access = { port, password: remembered?.password ?? randomBytes(24).toString('hex') };
  const path = join(dir, 'server.json');
  await writeFile(`${path}.new`, `${JSON.stringify(access)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return access;
}

async function freePort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('Expected a port, got none.');
  return address.port;
}

/** Fills a folder beside and renames it, so that a cut leaves no half cluster. */
async function createCluster(
  { initdb }: PostgresProgram,
  { dir, data, user }: Cluster,
  password: string,
  durable: boolean,
  log: Log,
): Promise<void> {
  if (await exists(data)) return;
  log.info(`Creating a database in ${dir} …`);
  const draft = `${data}.new`;
  const passwordFile = join(dir, 'password.new');
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) {
    await chown(draft, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    // The built-in locale sorts alike on every machine and survives upgrades of the system's own.
    await run(
      initdb,
      [
        `--pgdata=${draft}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
        ...(durable ? [] : ['--no-sync']),
      ],
      user,
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(draft, data);
}

async function startServer(
  program: PostgresProgram,
  cluster: Cluster,
  access: Access,
  durable: boolean,
): Promise<ChildProcess> {
  await rotateLog(cluster.logFile);
  for (const giveUpAt = Date.now() + LEFTOVER_TIMEOUT_MS; ; await delay(200)) {
    const logStart = await sizeOf(cluster.logFile); // before it starts: it may fail at once
    const child = await spawnServer(program, cluster, access, durable);
    if (await isReady(child, access)) return child;

    const said = (await readFile(cluster.logFile)).subarray(logStart).toString().trim();
    const isLeftover = /shared memory block .* still in use/.test(said);
    if (!isLeftover || Date.now() > giveUpAt) {
      throw new Error(`Expected Postgres to start on ${cluster.data}, got:\n${said}`);
    }
  }
}

/** 0 for a file that is not there yet. */
async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

async function spawnServer(
  { postgres }: PostgresProgram,
  { data, logFile, user }: Cluster,
  { port }: Access,
  durable: boolean,
): Promise<ChildProcess> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '256MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])];
  const logHandle = await open(logFile, 'a', 0o600);
  try {
    const options = { ...user, cwd: '/', env: POSTGRES_ENV, detached: true } as const;
    const [command, ...rest] = process.platform === 'win32' ? [postgres] : watched(postgres);
    const child = spawn(command, [...rest, ...args], {
      ...options,
      stdio: ['pipe', logHandle.fd, logHandle.fd],
    });
    await once(child, 'spawn');
    child.unref();
    return child;
  } finally {
    await logHandle.close();
  }
}

/**
 * Runs Postgres with a watcher beside it. Our end of the pipe closes when we die, however that
 * happens; the watcher then asks Postgres for a fast shutdown. A line on the pipe sends it home.
 */
function watched(postgres: string): [string, ...string[]] {
  const script =
    '( { read -r _ <&3 || kill -INT $$; } & ) 3<&0 >/dev/null 2>&1; exec "$0" "$@" </dev/null';
  return ['/bin/sh', '-c', script, postgres];
}

async function isReady(child: ChildProcess, access: Access): Promise<boolean> {
  for (const giveUpAt = Date.now() + START_TIMEOUT_MS; Date.now() < giveUpAt; await delay(20)) {
    if (hasEnded(child)) return false;
    if ((await answer(access)) === 'ready') return true;
  }
  child.kill('SIGINT');
  return false;
}

/** @throws what Postgres says, unless it only says "not yet" */
async function answer(access: Access): Promise<'ready' | 'not yet' | 'nobody'> {
  const client = new Client(urlOf(access, 'postgres'));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'ready';
  } catch (error) {
    if (!(error instanceof DatabaseError)) return 'nobody';
    if (error.code === '57P03') return 'not yet'; // cannot_connect_now
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(access: Access): Promise<void> {
  const client = new Client(urlOf(access, 'postgres'));
  await client.connect();
  try {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function stopServer(
  { pgCtl }: PostgresProgram,
  { data, user }: Cluster,
  child: ChildProcess,
): Promise<void> {
  if (!hasEnded(child)) {
    child.ref();
    const ended = once(child, 'exit');
    if (process.platform === 'win32') {
      await run(pgCtl, ['stop', '-D', data, '-m', 'fast'], user);
    } else {
      child.kill('SIGINT'); // fast shutdown
      const impatience = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
      await ended.finally(() => clearTimeout(impatience));
    }
  }
  child.stdin?.end('\n');
}

/**
 * Makes way after a start that was never stopped.
 *
 * We hold the folder's lock, so a server that still runs on it has lost its owner: it is stopped.
 * A `postmaster.pid` whose pid now belongs to another program would keep Postgres from starting.
 * It gets a pid that nobody has; the rest of it stays, with which Postgres finds leftover workers.
 */
async function stopLeftover({ data }: Cluster, log: Log): Promise<void> {
  const path = join(data, 'postmaster.pid');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const [first = '', ...lines] = text.split('\n');
  const pid = Number.parseInt(first, 10);

  if (await isServerOf(pid, data)) {
    log.warn(`Stopping the Postgres that an earlier run left behind, process ${pid}.`);
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      signalIfThere(pid, signal);
      const giveUpAt = Date.now() + STOP_TIMEOUT_MS;
      while ((await isServerOf(pid, data)) && Date.now() < giveUpAt) await delay(50);
      if (!(await isServerOf(pid, data))) break;
    }
  }
  if (await exists(path)) await writeFile(path, [NO_PID, ...lines].join('\n'));
}

/** Whether the process is a server on this folder: its command line names the folder. */
async function isServerOf(pid: number, data: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 1 || (await startOf(pid)) === undefined) return false;
  if (process.platform === 'linux') {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.split('\0').includes(data);
  }
  if (process.platform === 'win32') return false;
  return (
    await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)], undefined).catch(() => '')
  ).includes(` -D ${data} `);
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function rotateLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (file) => file.size,
    () => 0,
  );
  if (size > LOG_KEPT_BYTES) await rename(path, `${path}.old`);
  if (size > 0) await chmod(path, 0o600).catch(() => undefined);
}

/** @throws with what the program wrote, when it fails */
async function run(program: string, args: string[], user: PostgresUser): Promise<string> {
  const child = spawn(program, args, { ...user, cwd: '/', env: POSTGRES_ENV });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`Expected ${program} to succeed, got ${code}:\n${said.trim()}`);
  return said;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
