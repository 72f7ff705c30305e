import type { AlertTrigger } from '../../generated/prisma/enums.ts';
import { uuidArray } from '../../lib/pg-arrays.ts';
import type { Transaction } from '../../platform/transactions.ts';
import type { Signal } from '../signals.ts';
import { isTriggeredBy } from './rule.ts';

/** Whether any rule of the signals' projects could be about one of them, by its trigger. */
export async function haveRules(tx: Transaction, signals: Signal[]): Promise<boolean> {
  const projects = new Set(signals.map(({ projectId }) => projectId));
  const { rows } = await tx.query<{ projectId: string; trigger: AlertTrigger }>({
    name: 'alert-triggers',
    text: `SELECT DISTINCT r."projectId", r."trigger"::text FROM "AlertRule" r
      WHERE r."projectId" = ANY($1::uuid[]) AND r."enabled"`,
    values: [uuidArray([...projects])],
  });
  return rows.some(({ projectId, trigger }) =>
    signals.some((signal) => signal.projectId === projectId && isTriggeredBy(trigger, signal)),
  );
}
