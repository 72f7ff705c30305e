import { LRUCache } from 'lru-cache';
import type { App } from '../../platform/app.ts';
import type { Grouping } from '../grouping/group.ts';

/** Bodies that are kept of one fingerprint in one hour by each process; later equal reports only count. */
export const bodiesPerHour = 100;

const memories = new WeakMap<App['config'], LRUCache<string, number>>();

/** Gives a body back that was not stored after all. */
export function forgetSample(
  { config }: Pick<App, 'config'>,
  projectId: string,
  grouping: Grouping,
  nowMs = Date.now(),
): void {
  const memory = memories.get(config);
  const key = keyOf(projectId, grouping, nowMs);
  const kept = memory?.get(key);
  if (kept) memory?.set(key, kept - 1);
}

/** Whether the body of a report is kept: not when enough equal ones of its hour are. Counts it. */
export function isSample(
  { config }: Pick<App, 'config'>,
  projectId: string,
  grouping: Grouping,
  nowMs = Date.now(),
): boolean {
  let memory = memories.get(config);
  if (!memory) {
    memory = new LRUCache({ max: 50_000 });
    memories.set(config, memory);
  }
  const key = keyOf(projectId, grouping, nowMs);
  const kept = memory.get(key) ?? 0;
  if (kept >= bodiesPerHour) return false;
  memory.set(key, kept + 1);
  return true;
}

function keyOf(projectId: string, { name }: Grouping, nowMs: number): string {
  return `${projectId} ${Math.floor(nowMs / 3_600_000)} ${name}`;
}
