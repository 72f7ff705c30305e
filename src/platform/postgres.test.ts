import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DataDirInUseError, lockDataDir, startOf } from './lock.ts';
import { type EmbeddedPostgres, findEmbeddedPostgres, openEmbeddedPostgres } from './postgres.ts';
import { DataDirClosedError, findPostgresUser } from './postgres-program.ts';

const isRoot = process.getuid?.() === 0;
const log = { info: () => undefined, warn: () => undefined };

let home: string;
/** One for the whole file: a new cluster takes a second of CPU, a restart a tenth. */
let dir: string;
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'codesight-postgres-'));
  await chmod(home, 0o711);
  dir = join(home, 'postgres');
});

afterEach(async () => {
  for (const postgres of running.splice(0)) await postgres.stop();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

afterAll(() => rm(home, { recursive: true, force: true }));

test('a restart keeps the data, the port and the password', async () => {
  const first = await start();
  await query(first.url, 'CREATE TABLE restarted ()');
  await first.stop();

  const second = await start();

  expect(second.url).toBe(first.url);
  await query(second.url, 'SELECT FROM restarted');
});

test('nothing but loopback is listened on, and writes are synchronous', async () => {
  const { url } = await start(true);

  expect(await setting(url, 'listen_addresses')).toBe('127.0.0.1');
  expect(await setting(url, 'unix_socket_directories')).toBe('');
  expect(await setting(url, 'synchronous_commit')).toBe('on');
  expect(await setting(url, 'fsync')).toBe('on');
  expect(await setting(url, 'timezone')).toBe('UTC');
});

test('nobody gets in without the password', async () => {
  const { url } = await start();
  const wrong = new URL(url);
  wrong.password = 'guess';

  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
});

test('another program on the remembered port makes the next start choose a new one', async () => {
  const first = await start();
  await first.stop();
  const squatter = createServer().listen(first.port, '127.0.0.1');
  await once(squatter, 'listening');

  const second = await start();

  expect(second.port).not.toBe(first.port);
  await query(second.url, 'SELECT 1');
  squatter.close();
});

test('a second start on the folder is refused, naming the process and the folder', async () => {
  await start();

  const refusal = await start().catch((error: unknown) => error);

  expect(refusal).toBeInstanceOf(DataDirInUseError);
  expect(refusal).toMatchObject({ pid: process.pid, dir });
});

test('a command beside the server finds its database', async () => {
  expect(await findEmbeddedPostgres(dir)).toBeUndefined();
  const { url, stop } = await start();

  expect(await findEmbeddedPostgres(dir)).toBe(url);

  await stop();
  expect(await findEmbeddedPostgres(dir)).toBeUndefined();
});

test('Postgres ends when its owner is killed, and the next start has the data', async () => {
  const owner = await startElsewhere();
  await query(owner.url, 'CREATE TABLE owned ()');

  owner.child.kill('SIGKILL');

  await expect.poll(() => startOf(owner.pid), { timeout: 10_000 }).toBeUndefined();
  await query((await start()).url, 'SELECT FROM owned');
});

test('Ctrl-C reaches the owner only, who may still use the database', async () => {
  const owner = await startElsewhere();
  const open = new Client(owner.url);
  await open.connect();

  process.kill(-(owner.child.pid ?? 0), 'SIGINT'); // as a terminal does, to the whole group

  await expect.poll(() => owner.said()).toContain('interrupted');
  await open.query('CREATE TABLE interrupted ()');
  await open.end();
});

test('a server that outlived its owner is stopped by the next start', async () => {
  const owner = await startElsewhere();
  await query(owner.url, 'CREATE TABLE outlived ()');
  const watcher = await watcherOf(owner.pid);
  if (watcher) process.kill(watcher, 'SIGKILL');
  owner.child.kill('SIGKILL');
  await once(owner.child, 'exit');
  const outlived = process.platform === 'linux' ? await startOf(owner.pid) : 'unknown';

  const next = await start();

  expect(outlived).toBeDefined();
  expect(await startOf(owner.pid)).toBeUndefined();
  await query(next.url, 'SELECT FROM outlived');
});

test('a killed server starts again over its stale postmaster.pid', async () => {
  const first = await start(true);
  await query(first.url, 'CREATE TABLE crashed ()');
  process.kill(await postmasterPid(), 'SIGKILL');
  await expect.poll(() => findEmbeddedPostgres(dir)).toBeUndefined();
  await first.stop();

  const second = await start();

  await query(second.url, 'SELECT FROM crashed');
});

test('a stale postmaster.pid whose pid another program has taken is no obstacle', async () => {
  const first = await start();
  process.kill(await postmasterPid(), 'SIGKILL');
  await expect.poll(() => findEmbeddedPostgres(dir)).toBeUndefined();
  await first.stop();
  // Of the same user as Postgres, as it otherwise takes the pid for somebody else's by itself.
  const other = spawn('sleep', ['60'], { ...(await findPostgresUser()), cwd: '/' });
  children.push(other);
  const path = join(dir, 'cluster', 'postmaster.pid');
  const [, ...lines] = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, [other.pid, ...lines].join('\n'));

  const second = await start();

  await query(second.url, 'SELECT 1');
  expect(other.exitCode).toBeNull();
});

test('a start that fails says what Postgres said, and frees the folder', async () => {
  const first = await start();
  await first.stop();
  const version = join(dir, 'cluster', 'PG_VERSION');
  await writeFile(version, '9.6\n');

  await expect(start()).rejects.toThrow(/incompatible with server/);

  await writeFile(version, '18\n');
  await query((await start()).url, 'SELECT 1');
});

test.runIf(isRoot)('root is told which folder is closed to postgres, before anything', async () => {
  const closed = await mkdtemp(join(home, 'closed-'));

  const refusal = await openEmbeddedPostgres({ dir: join(closed, 'postgres'), log }).catch(
    (error: unknown) => error,
  );

  expect(refusal).toBeInstanceOf(DataDirClosedError);
  expect(String(refusal)).toContain(closed);
  expect(String(refusal)).toContain('DATA_DIR');
  expect(await readdir(closed)).toEqual([]);
});

test('the lock of a process that is gone is taken over, also when its pid lives on', async () => {
  const folder = await mkdtemp(join(home, 'lock-'));
  const stale = { pid: process.pid, startedAt: 'in another life', token: 'stale' };
  await writeFile(join(folder, 'lock'), JSON.stringify(stale));

  const unlock = await lockDataDir(folder);

  await expect(lockDataDir(folder)).rejects.toThrow(DataDirInUseError);
  await unlock();
  expect(await readdir(folder)).toEqual([]);
});

test('of many takers of a stale lock one gets it', async () => {
  const folder = await mkdtemp(join(home, 'lock-'));
  const stale = { pid: 1, startedAt: 'never', token: 'stale' };
  await writeFile(join(folder, 'lock'), JSON.stringify(stale));

  const takers = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDir(folder)));

  expect(takers.filter((taker) => taker.status === 'fulfilled')).toHaveLength(1);
});

async function start(durable = false): Promise<EmbeddedPostgres> {
  const postgres = await openEmbeddedPostgres({ dir, log, durable });
  running.push(postgres);
  return postgres;
}

/** Another Node with the database of `dir`, in a process group of its own, deaf to Ctrl-C. */
async function startElsewhere() {
  const module = new URL('./postgres.ts', import.meta.url).href;
  const code = `
    import { openEmbeddedPostgres } from ${JSON.stringify(module)};
    process.on('SIGINT', () => console.log('interrupted'));
    const log = { info() {}, warn() {} };
    console.log((await openEmbeddedPostgres({ dir: ${JSON.stringify(dir)}, log })).url);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { detached: true });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += text;
    });
  }
  await expect.poll(() => said, { timeout: 20_000 }).toContain('postgres://');
  return { child, url: said.trim(), said: () => said, pid: await postmasterPid() };
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dir, 'cluster', 'postmaster.pid'), 'utf8'), 10);
}

/** The shell that waits for the owner's death: alone in the server's session besides Postgres. */
async function watcherOf(postmaster: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (const entry of await readdir('/proc')) {
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (stat.includes('(sh)') && Number(session) === postmaster) return Number(entry);
  }
  return undefined;
}

async function setting(url: string, name: string): Promise<string | undefined> {
  return (await query(url, `SELECT current_setting('${name}') AS value`))[0]?.value;
}

async function query(url: string, sql: string): Promise<Record<string, string>[]> {
  const client = new Client(url);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
