import type { Signal } from '../diagnostics/signals.ts';
import { stateSignals } from '../diagnostics/state-signals.ts';
import type { App } from '../platform/app.ts';
import { checkHealth, type DependencyHealth, type Health } from './health.ts';

type Dependency = keyof Health['dependencies'];

/** A dependency went, or came back. */
type Change = { dependency: Dependency; ok: boolean; at: Date; downAt: Date; error: string | null };

/** Changes that wait for the database; older ones are of an outage that is over. */
const mostChanges = 50;
const names: Record<Dependency, string> = {
  database: 'The database',
  queue: 'The queue of jobs',
  storage: 'The store of objects',
};

/**
 * Remembers in this process when dependencies went and came back, and states it to the projects that
 * have a rule for it: at once, or, while the database is what is away, when it is back.
 */
export function openHealthWatch(app: App, check: (app: App) => Promise<Health> = checkHealth) {
  const downSince = new Map<Dependency, Date>();
  const suspected = new Set<Dependency>();
  let changes: Change[] = [];

  const note = (dependency: Dependency, health: DependencyHealth, at: Date): void => {
    const downAt = downSince.get(dependency);
    const error = health.error ?? null;
    if (health.ok) {
      suspected.delete(dependency);
      downSince.delete(dependency);
      if (downAt) changes.push({ dependency, ok: true, at, downAt, error });
    } else if (!downAt) {
      // A busy process is late with everything: only the second silence in a row counts.
      if (health.isLate && !suspected.has(dependency)) suspected.add(dependency);
      else {
        downSince.set(dependency, at);
        changes.push({ dependency, ok: false, at, downAt: at, error });
      }
    }
    changes = changes.slice(-mostChanges);
  };

  return {
    /** Asks the dependencies and states what changed. Takes as long as the slowest of them. */
    async look(at: Date): Promise<void> {
      const { dependencies } = await check(app);
      const { database, queue, storage } = dependencies;
      note('database', database, at);
      note('storage', storage, at);
      if (database.ok) note('queue', queue, at); // it lives in the database
      if (changes.length === 0 || !database.ok) return;
      const stated = changes;
      await stateChanges(app, stated);
      changes = changes.filter((change) => !stated.includes(change));
    },
  };
}

async function stateChanges(app: App, changes: Change[]): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const rules = await tx.alertRule.findMany({
      where: { trigger: 'HEALTH', enabled: true },
      distinct: ['projectId'],
      select: { projectId: true },
    });
    const signals = rules.flatMap(({ projectId }) =>
      changes.map((change) => signalOf(projectId, change)),
    );
    await stateSignals(app, tx, signals);
  });
}

function signalOf(projectId: string, { dependency, ok, at, downAt, error }: Change): Signal {
  const name = names[dependency];
  const seconds = Math.round((at.getTime() - downAt.getTime()) / 1_000);
  return {
    projectId,
    kind: 'health',
    subjectId: `health/${dependency}`,
    title: ok
      ? `${name} is back after ${seconds} s: away from ${downAt.toISOString()} to ${at.toISOString()}`
      : `${name} is away since ${downAt.toISOString()}`,
    severity: ok ? 'INFO' : 'CRITICAL',
    category: dependency === 'database' ? 'DATABASE_ERROR' : 'SERVICE_UNAVAILABLE',
    source: 'server',
    correlationId: null,
    detail: {
      ok,
      dependency,
      error,
      downAt: downAt.toISOString(),
      backAt: ok ? at.toISOString() : null,
      seconds: ok ? seconds : null,
    },
  };
}
