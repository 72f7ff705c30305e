import { LRUCache } from 'lru-cache';
import type { App } from '../../platform/app.ts';

/** Users of hours that this process has written and committed: they are there, so they are not written again. */
export type SeenUsers = Pick<LRUCache<string, true>, 'has'>;

const remembered = 50_000;

const memories = new WeakMap<App['database'], LRUCache<string, true>>();

export function seenUsersOf({ database }: Pick<App, 'database'>): SeenUsers {
  return memoryOf(database);
}

/** @param keys of rows that are committed */
export function rememberUsers({ database }: Pick<App, 'database'>, keys: Iterable<string>): void {
  const memory = memoryOf(database);
  for (const key of keys) memory.set(key, true);
}

function memoryOf(database: App['database']): LRUCache<string, true> {
  let memory = memories.get(database);
  if (!memory) {
    memory = new LRUCache({ max: remembered });
    memories.set(database, memory);
  }
  return memory;
}
