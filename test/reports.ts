import { type ReportReceipt, takeReports } from '../src/diagnostics/intake/take.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';

/** Fields of a report that a test is about. */
type Given = Record<string, unknown>;

/** A report as a reporter sends it. */
export function aReport(over: Given = {}): Given {
  return {
    id: newId(),
    occurredAt: new Date().toISOString(),
    platform: 'SERVER',
    exceptions: [anException()],
    source: { service: 'api' },
    ...over,
  };
}

export function anException(over: Given = {}): Given {
  return {
    type: 'TypeError',
    message: "Cannot read properties of undefined (reading 'total')",
    frames: [
      {
        file: 'node:internal/process/task_queues',
        function: 'processTicksAndRejections',
        line: 103,
      },
      { file: '/srv/app/src/checkout/pay.ts', function: 'payOrder', line: 21, column: 9 },
      { file: '/srv/app/src/checkout/total.ts', function: 'totalOf', line: 7, column: 3 },
    ],
    ...over,
  };
}

/** Hands reports over as a door does. */
export function take(
  app: App,
  projectId: string,
  reports: unknown[],
  over: { keyId?: string; clientReports?: unknown[]; sentAt?: Date | null; receivedAt?: Date } = {},
): Promise<ReportReceipt> {
  const { keyId = null, clientReports = [], sentAt = null, receivedAt = new Date() } = over;
  return takeReports(app, { projectId, keyId }, { reports, clientReports, sentAt, receivedAt });
}
