import { LRUCache } from 'lru-cache';
import type { App } from '../../platform/app.ts';
import { type GroupingRule, parseRules } from '../grouping/rules.ts';
import { type Filters, makeFilters } from './filters.ts';

/** How a project takes and groups reports, ready for use. */
export type Settings = { filters: Filters; rules: GroupingRule[] };

const ttlMs = 5_000;
const memories = new WeakMap<App['config'], LRUCache<string, Promise<Settings>>>();

/** The project's settings as of at most five seconds ago. */
export async function settingsOf(
  app: Pick<App, 'config' | 'db'>,
  projectId: string,
): Promise<Settings> {
  const memory = memoryOf(app);
  const known = memory.get(projectId);
  if (known) return known;
  const asked = read(app, projectId);
  memory.set(projectId, asked);
  try {
    return await asked;
  } catch (error) {
    memory.delete(projectId);
    throw error;
  }
}

/** Drops what this process remembers of changed settings. Other processes do within five seconds. */
export function forgetSettings(app: Pick<App, 'config'>, projectId: string): void {
  memoryOf(app).delete(projectId);
}

async function read({ db }: Pick<App, 'db'>, projectId: string): Promise<Settings> {
  const row = await db.reportSettings.findUnique({ where: { projectId } });
  return {
    filters: makeFilters({
      categories: row?.filteredCategories ?? [],
      releases: row?.filteredReleases ?? [],
      messages: row?.filteredMessages ?? [],
      foreignScripts: row?.filtersForeignScripts ?? true,
    }),
    rules: parseRules(row?.groupingRules ?? ''),
  };
}

function memoryOf({ config }: Pick<App, 'config'>): LRUCache<string, Promise<Settings>> {
  let memory = memories.get(config);
  if (!memory) {
    memory = new LRUCache({ max: 1_000, ttl: ttlMs });
    memories.set(config, memory);
  }
  return memory;
}
