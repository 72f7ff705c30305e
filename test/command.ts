import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { runCommand } from '../src/cli/program.ts';
import type { Product } from './product.ts';

type Run = { code: number; out: string; err: string };

export const root = join(import.meta.dirname, '..');
const cleared = {
  DATABASE_URL: '',
  CODESIGHT_KEY: '',
  CODESIGHT_URL: '',
  PORT: '0',
  NO_COLOR: '1',
};

/** A data folder of the test's own. */
export async function makeDataDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-cli-'));
  await chmod(dir, 0o711); // for root, whose Postgres runs as another user
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs a command in this process. */
export async function run(args: string[], env: Record<string, string> = {}): Promise<Run> {
  const said = { out: '', err: '' };
  const hear = (stream: 'stdout' | 'stderr', key: keyof typeof said) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[key] += text;
      return true;
    });
  const spies = [hear('stdout', 'out'), hear('stderr', 'err')];
  for (const [name, value] of Object.entries({ ...cleared, ...env })) vi.stubEnv(name, value);
  try {
    return { code: await runCommand(args), ...said };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs a command as a process. */
export function start(args: string[], env: Record<string, string>) {
  const said = { out: '', err: '' };
  const child = spawn(process.execPath, ['src/cli.ts', ...args], {
    cwd: root,
    env: { ...process.env, ...cleared, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.on('data', (text) => {
    said.out += text;
  });
  child.stderr.on('data', (text) => {
    said.err += text;
  });
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  return { said, child, ended };
}

/** Variables that lead a command to the product's database. */
export const dataOf = ({ app: { config } }: Product) => ({
  DATABASE_URL: config.databaseUrl ?? '',
  DATA_DIR: config.dataDir,
});
