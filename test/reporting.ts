import { expect } from 'vitest';
import { createKey, type IssuedKey } from '../src/accounts/keys.ts';
import { Report } from '../src/contract/report.ts';
import { newId } from '../src/lib/ids.ts';
import { openProduct, type Product } from './product.ts';
import { counted, type StoredReport, storedReports } from './reports.ts';

/** The whole server and a key of its first project that may report and nothing else. */
export type Reporting = Product & {
  reportKey: IssuedKey;
  projectId: string;
  /** Address of the project for SDKs that speak envelopes. */
  dsn: string;
  /** Reports by outcome, as the server counts them. */
  ledger(): Promise<Record<string, number>>;
  /** Waits for so many stored reports; answers with them, their samples read, the oldest first. */
  reports(count: number): Promise<StoredReport[]>;
};

export async function openReporting(env: Record<string, string> = {}): Promise<Reporting> {
  const product = await openProduct(env);
  const { app, server } = product;
  const { id: projectId, number } = await app.db.project.findFirstOrThrow();
  const reportKey = await createKey(
    app,
    { projectId, scopes: new Set(['REPORT']) },
    { id: newId(), name: 'reports', scopes: ['REPORT'], now: new Date() },
  );
  return Object.assign(product, {
    reportKey,
    projectId,
    dsn: `http://${reportKey.secret}@127.0.0.1:${server.port}/${number}`,
    async ledger() {
      await counted(app);
      const rows = await product.app.db.reportLedger.findMany();
      const sums: Record<string, number> = {};
      for (const { outcome, count } of rows) sums[outcome] = (sums[outcome] ?? 0) + Number(count);
      return sums;
    },
    async reports(count: number) {
      await expect.poll(() => product.app.db.errorEvent.count(), { timeout: 20_000 }).toBe(count);
      await counted(app);
      return storedReports(app);
    },
  });
}

/** What is kept of a report. */
export function bodyOf(stored: StoredReport | undefined): Report {
  return Report.parse(stored?.report);
}
