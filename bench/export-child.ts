import { randomUUID } from 'node:crypto';
import { exportDataset } from '../src/datasets/exports.ts';
import { runExport } from '../src/datasets/run-export.ts';
import { openApp } from '../src/platform/app.ts';
import { loadConfig } from '../src/platform/config.ts';
import { openLog } from '../src/platform/log.ts';
import { answerParent } from './child.ts';

export type ExportTask = {
  databaseUrl: string;
  dataDir: string;
  projectId: string;
  datasetId: string;
  format: 'OPENAI_CHAT' | 'PARQUET';
};

export type Exported = {
  seconds: number;
  records: number;
  bytes: number;
  files: number;
  /** Of the process, before the export and at most. */
  idleRssMb: number;
  peakRssMb: number;
};

export const handlers = {
  /** Runs one export as a worker does, in a process that does nothing else. */
  async export(task: ExportTask): Promise<Exported> {
    const { databaseUrl, dataDir, projectId, datasetId, format } = task;
    const config = loadConfig({ DATABASE_URL: databaseUrl, DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
    const app = await openApp(config, { pipeline: [], others: [] }, openLog('warn'));
    try {
      const exportId = randomUUID();
      await exportDataset(app, { projectId }, { id: exportId, datasetId, format });
      const idleRssMb = process.memoryUsage.rss() / 2 ** 20;
      const begun = performance.now();
      const signal = new AbortController().signal;
      const job = { id: exportId, attempt: 1, isLastAttempt: true, signal, finish: async () => {} };
      await runExport(app, { projectId, exportId }, job);
      const seconds = (performance.now() - begun) / 1000;
      const row = await app.db.datasetExport.findUniqueOrThrow({ where: { id: exportId } });
      return {
        seconds,
        records: Number(row.records),
        bytes: Number(row.bytes),
        files: await app.db.exportFile.count({ where: { exportId } }),
        idleRssMb,
        peakRssMb: process.resourceUsage().maxRSS / 1024,
      };
    } finally {
      await app.close();
    }
  },
};

answerParent(handlers);
