import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startOf } from './lock.ts';

/** A server that runs on a data folder. */
export type RunningServer = { url: string; pid: number };

type Entry = RunningServer & { startedAt: string | null; token: string };

const answerTimeoutMs = 3_000;

/**
 * Tells other processes of this machine where the server of a data folder listens, until the returned
 * function is called. The last one that starts is the one that is found.
 */
export async function announceServer(dataDir: string, url: string): Promise<() => Promise<void>> {
  const startedAt = (await startOf(process.pid)) ?? null;
  const entry: Entry = { url, pid: process.pid, startedAt, token: randomUUID() };
  const path = pathIn(dataDir);
  await mkdir(dataDir, { recursive: true });
  await writeFile(`${path}.${entry.token}`, `${JSON.stringify(entry)}\n`);
  await rename(`${path}.${entry.token}`, path);
  return async () => {
    if ((await readEntry(dataDir))?.token === entry.token) await rm(path, { force: true });
  };
}

/** The server that runs on a data folder and answers; `undefined` when there is none. */
export async function findServer(dataDir: string): Promise<RunningServer | undefined> {
  const entry = await readEntry(dataDir);
  if (!entry) return undefined;
  const { url, pid } = entry;
  const startedAt = await startOf(pid);
  if (!startedAt || (entry.startedAt && entry.startedAt !== startedAt)) return undefined;
  try {
    const { ok } = await fetch(`${url}/health/live`, {
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    return ok ? { url, pid } : undefined;
  } catch {
    return undefined;
  }
}

async function readEntry(dataDir: string): Promise<Entry | undefined> {
  const text = await readFile(pathIn(dataDir), 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Entry);
  } catch {
    return undefined;
  }
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'server.json');
}
