import { counterOf } from '../src/diagnostics/counting/counter.ts';
import { bodiesAt } from '../src/diagnostics/intake/bodies.ts';
import { type ReportReceipt, takeReports } from '../src/diagnostics/intake/take.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';

/** A report as it was stored, with its body; `null` when only its count was kept. */
export type StoredReport = Awaited<ReturnType<App['db']['errorEvent']['findMany']>>[number] & {
  report: unknown;
};

/** All reports that are stored, the oldest first. */
export async function storedReports(app: Pick<App, 'db'>): Promise<StoredReport[]> {
  const events = await app.db.errorEvent.findMany({ orderBy: { occurredAt: 'asc' } });
  const places = events.map(({ chunkId, chunkIndex }) => ({
    chunkId: chunkId ?? newId(),
    chunkIndex: chunkIndex ?? 0,
  }));
  const bodies = await bodiesAt(app, places);
  return events.map((event, index) => ({ ...event, report: bodies[index] ?? null }));
}

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

/** Counts what is stored: a process does it by itself, a moment later. */
export const counted = (app: App): Promise<void> => counterOf(app).drain();

/** Hands reports over as a door does, and waits until they are counted. */
export async function take(
  app: App,
  projectId: string,
  reports: unknown[],
  over: { keyId?: string; clientReports?: unknown[]; sentAt?: Date | null; receivedAt?: Date } = {},
): Promise<ReportReceipt> {
  const { keyId = null, clientReports = [], sentAt = null, receivedAt = new Date() } = over;
  const receipt = await takeReports(
    app,
    { projectId, keyId },
    { reports, clientReports, sentAt, receivedAt },
  );
  await counted(app);
  return receipt;
}
