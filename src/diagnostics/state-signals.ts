import { redactText } from '../lib/redact/text.ts';
import { raiseAlerts } from './alerts/raise.ts';
import type { Signal, StateSignals } from './signals.ts';
import { writeDebugEvents } from './stream/write.ts';

const titleChars = 200;

export const stateSignals: StateSignals = async (app, tx, signals) => {
  if (signals.length === 0) return;
  const clean = signals.map(redacted);
  await writeDebugEvents(app, tx, clean);
  await raiseAlerts(app, tx, clean, new Date());
};

/** Once more for what should be clean: whatever slips through would be streamed and sent out. */
function redacted(signal: Signal): Signal {
  const detail = Object.entries(signal.detail).map(([name, value]) => [
    name,
    typeof value === 'string' ? redactText(value) : value,
  ]);
  return {
    ...signal,
    title: redactText(signal.title.slice(0, titleChars)),
    source: signal.source && redactText(signal.source),
    detail: Object.fromEntries(detail),
  };
}
