import { redactText } from '../lib/redact/text.ts';
import type { App } from '../platform/app.ts';
import type { Transaction } from '../platform/transactions.ts';
import { haveRules } from './alerts/have-rules.ts';
import { raiseAlerts } from './alerts/raise.ts';
import type { Signal, StateSignals } from './signals.ts';
import { writeDebugEvents, writeDebugEventsPlainly } from './stream/write.ts';

const titleChars = 200;

export const stateSignals: StateSignals = async (app, tx, signals) => {
  if (signals.length === 0) return;
  const clean = signals.map(redacted);
  await writeDebugEvents(app, tx, clean);
  await raiseAlerts(app, tx, clean, new Date());
};

/**
 * The same in a transaction of plain statements, for signals that end nothing: what no rule is about costs
 * no more than its rows of the stream.
 */
export async function stateSignalsPlainly(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Transaction,
  signals: Signal[],
): Promise<void> {
  if (signals.length === 0) return;
  const clean = signals.map(redacted);
  await writeDebugEventsPlainly(app, tx, clean);
  if (await haveRules(tx, clean))
    await tx.models((models) => raiseAlerts(app, models, clean, new Date()));
}

/** Once more for what should be clean: whatever slips through would be streamed and sent out. */
function redacted(signal: Signal): Signal {
  const detail = Object.entries(signal.detail).map(([name, value]) => [
    name,
    typeof value === 'string' ? redactText(value) : value,
  ]);
  return {
    ...signal,
    title: redactText(signal.title.slice(0, titleChars).toWellFormed()),
    source: signal.source && redactText(signal.source),
    detail: Object.fromEntries(detail),
  };
}
