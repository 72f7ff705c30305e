import { raiseAlerts } from './alerts/raise.ts';
import type { StateSignals } from './signals.ts';
import { writeDebugEvents } from './stream/write.ts';

export const stateSignals: StateSignals = async (app, tx, signals) => {
  if (signals.length === 0) return;
  await writeDebugEvents(app, tx, signals);
  await raiseAlerts(app, tx, signals, new Date());
};
