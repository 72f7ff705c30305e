import { newId } from '../../src/lib/ids.ts';
import type { ConnectionTest } from '../messages.ts';
import { readLocal, removeLocal, writeLocal } from './local.ts';
import { type Probed, probe } from './probe.ts';

/** The server that everything goes to. */
export type SavedConnection = {
  /** Another one each time it is saved. */
  id: string;
  /** Without `/graphql` and a slash at the end. */
  url: string;
  /** Secret: nothing but requests to this server may contain it. */
  key: string;
  projectId: string;
  project: string;
  participant: string | null;
  /** The key may send the extension's own faults, too; absent in what an older version saved. */
  mayReport?: boolean;
};

export async function loadConnection(): Promise<SavedConnection | null> {
  return (await readLocal('connection')) ?? null;
}

/** Tries the connection without keeping it. */
export async function testConnection(ask: { url: string; key: string }): Promise<ConnectionTest> {
  const found = await probe(ask);
  return found.ok ? accepted(found) : refused(found);
}

/** Tries the connection and keeps it if it is good. */
export async function saveConnection(ask: { url: string; key: string }): Promise<ConnectionTest> {
  const found = await probe(ask);
  if (!found.ok) return refused(found);
  const { url, key, projectId, project, participant, mayReport } = found;
  const about = { url, key, projectId, project, participant, mayReport };
  await writeLocal('connection', { id: newId(), ...about });
  return accepted(found);
}

/** What waits stays on this device. */
export async function forgetConnection(): Promise<void> {
  await removeLocal('connection');
}

/** Where a session belongs once something of it was sent. */
export function homeOf({ url, projectId }: SavedConnection): string {
  return `${url} ${projectId}`;
}

type Found<T extends boolean> = Extract<Probed, { ok: T }>;

function accepted({ project, participant }: Found<true>): ConnectionTest {
  return { ok: true, project, participant };
}

function refused({ message, advice, about }: Found<false>): ConnectionTest {
  return { ok: false, message, advice, ...(about ? { about } : {}) };
}
