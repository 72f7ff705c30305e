import type { Signal } from '../diagnostics/signals.ts';
import { stateSignals } from '../diagnostics/state-signals.ts';
import type { App } from '../platform/app.ts';
import type { SlowEntry } from '../platform/slow.ts';

/** Entries that one process states at a time; the slowest. */
const mostAtOnce = 10;

/** States what took long since the last call, in a transaction of its own, beside the work itself. */
export async function stateSlow(app: App): Promise<void> {
  const { entries, more } = app.slow.take(mostAtOnce);
  if (entries.length === 0) return;
  const signals = entries.map((entry) => signalOf(entry, more));
  await app.db.$transaction((tx) => stateSignals(app, tx, signals));
}

function signalOf(entry: SlowEntry, more: number): Signal {
  const { kind, name, projectId, traceId, viewerId, durationMs } = entry;
  const { memoryDeltaBytes, cpuEstimate } = entry;
  return {
    projectId,
    kind: 'performance',
    subjectId: `${kind}/${name}`,
    title: `The ${kind} ${name} took ${Math.round(durationMs)} ms`.slice(0, 200),
    severity: 'INFO',
    category: null,
    source: 'server',
    correlationId: traceId,
    clientId: viewerId ?? null,
    detail: { durationMs, memoryDeltaBytes, cpuEstimate, notStated: more },
  };
}
