import { LRUCache } from 'lru-cache';
import type { App } from '../../platform/app.ts';

/** How much more than its mean hour of the past week a project may send. */
const spikeFactor = 10;
const limitTtlMs = 600_000;
const hourMs = 3_600_000;

type Memory = { hour: number; accepted: number; limit: Promise<number>; limitAt: number };

/** What a project has sent in the present hour, against its own past. Each process counts for itself. */
export type Spike = {
  /** Whether it sends far more than it ever does: what is well known of it is refused then. */
  isOver(): boolean;
  /** Counts a report that is taken, or by -1 takes one back. */
  count(reports: 1 | -1): void;
};

const memories = new WeakMap<App['config'], LRUCache<string, Memory>>();

/**
 * Watches for spikes: more reports in an hour than ten times the project's mean hour of the past week,
 * and than the floor. A trouble that is not well known is taken all the same, so that a storm of one
 * hides no other.
 */
export async function spikeOf(
  app: Pick<App, 'config' | 'db'>,
  projectId: string,
  nowMs = Date.now(),
): Promise<Spike> {
  let known = memories.get(app.config);
  if (!known) {
    known = new LRUCache({ max: 10_000 });
    memories.set(app.config, known);
  }
  let memory = known.get(projectId);
  if (!memory || nowMs - memory.limitAt > limitTtlMs) {
    memory = {
      hour: memory?.hour ?? 0,
      accepted: memory?.accepted ?? 0,
      limit: readLimit(app, projectId, nowMs),
      limitAt: nowMs,
    };
    known.set(projectId, memory);
  }
  const present = memory;
  const hour = Math.floor(nowMs / hourMs);
  if (present.hour !== hour) Object.assign(present, { hour, accepted: 0 });
  const limit = await present.limit;
  return {
    isOver: () => present.accepted >= limit,
    count(reports) {
      present.accepted += reports;
    },
  };
}

async function readLimit(
  { config, db }: Pick<App, 'config' | 'db'>,
  projectId: string,
  nowMs: number,
): Promise<number> {
  const { _sum } = await db.reportLedger.aggregate({
    where: {
      projectId,
      outcome: 'ACCEPTED',
      hour: { gte: new Date(nowMs - 168 * hourMs), lt: new Date(nowMs - hourMs) },
    },
    _sum: { count: true },
  });
  return Math.max(config.reports.spikeFloor, (Number(_sum.count ?? 0) / 168) * spikeFactor);
}
