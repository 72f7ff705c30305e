import type { Signal } from '../src/diagnostics/signals.ts';
import { stateSignals } from '../src/diagnostics/state-signals.ts';
import type { App } from '../src/platform/app.ts';

/** A report of a project, as diagnostics states it. */
export const aSignal = (projectId: string, signal: Partial<Signal> = {}): Signal => ({
  projectId,
  kind: 'report',
  subjectId: 'issue',
  title: 'TypeError: x is not a function',
  severity: 'HIGH',
  category: 'VALIDATION_FAILED',
  source: 'checkout',
  correlationId: null,
  detail: { count: 1 },
  ...signal,
});

/** States signals in a transaction of their own. */
export const state = (app: App, ...signals: Signal[]): Promise<void> =>
  app.db.$transaction((tx) => stateSignals(app, tx, signals));
