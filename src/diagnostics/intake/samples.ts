import { LRUCache } from 'lru-cache';
import type { App } from '../../platform/app.ts';
import type { PreparedReport } from './prepare.ts';

/** Bodies that are kept of one fingerprint in one hour by each process; later equal reports only count. */
export const bodiesPerHour = 100;

const memories = new WeakMap<App['config'], LRUCache<string, number>>();

/** The body of a report that is kept; `null` when enough equal ones of its hour are. */
export function sampleOf(
  { config }: Pick<App, 'config'>,
  projectId: string,
  { grouping, body }: Pick<PreparedReport, 'grouping'> & { body: string },
  nowMs = Date.now(),
): string | null {
  let memory = memories.get(config);
  if (!memory) {
    memory = new LRUCache({ max: 50_000 });
    memories.set(config, memory);
  }
  const key = `${projectId} ${Math.floor(nowMs / 3_600_000)} ${grouping.hash.toString('base64')}`;
  const kept = memory.get(key) ?? 0;
  if (kept >= bodiesPerHour) return null;
  memory.set(key, kept + 1);
  return body;
}
