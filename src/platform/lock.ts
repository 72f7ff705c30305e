import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

type Owner = { pid: number; startedAt: string | null; token: string };

/** Another process, still alive, works in the data folder. */
export class DataDirInUseError extends Error {
  override name = 'DataDirInUseError';
  readonly dir: string;
  readonly pid: number;

  constructor(dir: string, pid: number) {
    super(
      `Expected ${dir} to be free, got a folder in use by process ${pid}. Stop that process first.`,
    );
    this.dir = dir;
    this.pid = pid;
  }
}

/**
 * Takes the folder for this process until the returned function is called, which may be twice.
 *
 * The lock of a process that is gone is taken over. The start time tells a process from a later one
 * with its pid. Processes in other containers cannot be seen: mount a folder into one at a time.
 *
 * @throws {DataDirInUseError} another process, or this one, holds the folder
 */
export async function lockDataDir(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, 'lock');
  const owner: Owner = {
    pid: process.pid,
    startedAt: (await startOf(process.pid)) ?? null,
    token: randomUUID(),
  };
  await mkdir(dir, { recursive: true });

  while (!(await createLock(path, owner))) {
    const holder = await readOwner(path);
    if (holder && (await isAlive(holder))) throw new DataDirInUseError(dir, holder.pid);
    await removeStale(path, holder);
  }

  return async () => {
    if ((await readOwner(path))?.token === owner.token) await rm(path, { force: true });
  };
}

/**
 * When a process started, in words that only its own machine and boot understand; `undefined` when
 * there is no such process, or it has ended and only waits to be collected.
 */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // Fields are counted after the name, which may hold spaces and brackets: proc_pid_stat(5).
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    return `${boot.trim()} ${fields[19]}`;
  }
  if (process.platform === 'win32') return canSignal(pid) ? 'running' : undefined;
  const listed = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(
    () => undefined,
  );
  const [state = 'Z', ...start] = listed?.stdout.trim().split(/\s+/) ?? [];
  return state.startsWith('Z') ? undefined : start.join(' ');
}

async function isAlive(owner: Owner): Promise<boolean> {
  const startedAt = await startOf(owner.pid);
  return startedAt !== undefined && (owner.startedAt === null || startedAt === owner.startedAt);
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Writes first and links then, so that nobody ever reads half a lock. */
async function createLock(path: string, owner: Owner): Promise<boolean> {
  const draft = `${path}.${owner.token}`;
  await writeFile(draft, `${JSON.stringify(owner)}\n`, { mode: 0o644 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Moves the lock aside and looks again: two processes may find the same stale lock. */
async function removeStale(path: string, stale: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    const moved = await readOwner(aside);
    if (moved && moved.token !== stale?.token) await link(aside, path).catch(() => undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Owner);
  } catch {
    return undefined;
  }
}
