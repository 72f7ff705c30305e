import type { StateSignals } from './signals.ts';
import { writeDebugEvents } from './stream/write.ts';

export const stateSignals: StateSignals = async ({ pubsub }, tx, signals) => {
  if (signals.length === 0) return;
  await writeDebugEvents({ pubsub }, tx, signals);
};
