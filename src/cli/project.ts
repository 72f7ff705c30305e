import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allScopes, createKey, ensureFirstKey, isLive, revokeKey } from '../accounts/keys.ts';
import type { ApiScope } from '../contract/accounts.ts';
import { newId } from '../lib/ids.ts';
import type { Desk } from './database.ts';
import { CommandError } from './failure.ts';

/**
 * The project that a command is about: the one asked for, else the only one; made when there is none.
 *
 * @throws {CommandError} there is no such project, or more than one to choose from
 */
export async function findProject(desk: Desk, asked?: string): Promise<string> {
  await ensureProject(desk);
  const projects = await desk.db.project.findMany({
    orderBy: [{ createdAt: 'asc' }],
    select: { id: true, name: true },
    take: 50,
  });
  const found = asked
    ? projects.find(({ id, name }) => id === asked || name === asked)
    : projects.length === 1 && projects[0];
  if (found) return found.id;
  const list = projects.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
  throw new CommandError(
    `Expected ${asked ? `a project ${asked}` : 'one project'}, found ${projects.length}. Name one with --project:\n${list}`,
  );
}

/** Makes the first project where there is none. */
export async function ensureProject(desk: Desk): Promise<void> {
  const first = await ensureFirstKey(desk, new Date());
  // The key of all scopes is for whoever starts a server; here nobody would see it.
  if (first)
    await revokeKey(desk, { projectId: first.projectId, keyId: first.id, now: new Date() });
}

/**
 * A key of this machine's commands, kept in a file that only its owner reads; made when there is none
 * that is good.
 */
export async function localKey(
  desk: Desk,
  {
    file,
    label,
    project,
    scopes = ['CAPTURE', 'READ'],
  }: { file: string; label: string; project?: string; scopes?: ApiScope[] },
): Promise<string> {
  const path = join(desk.config.dataDir, file);
  const kept = await readKept(path);
  if (kept) {
    const row = await desk.db.apiKey.findUnique({
      where: { id: kept.keyId },
      select: { revokedAt: true, expiresAt: true },
    });
    if (row && isLive(row, new Date())) return kept.secret;
  }
  const projectId = await findProject(desk, project);
  const { id, secret } = await createKey(
    desk,
    { projectId, scopes: allScopes },
    {
      id: newId(),
      name: label,
      scopes,
      participantLabel: label,
      now: new Date(),
    },
  );
  await writeFile(path, `${JSON.stringify({ keyId: id, secret }, null, 2)}\n`, { mode: 0o600 });
  return secret;
}

async function readKept(path: string): Promise<{ keyId: string; secret: string } | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as { keyId: string; secret: string });
  } catch {
    return undefined;
  }
}
