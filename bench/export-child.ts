import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { exportDataset } from '../src/datasets/exports.ts';
import { others, pipeline } from '../src/pipeline.ts';
import { type App, openApp } from '../src/platform/app.ts';
import { loadConfig } from '../src/platform/config.ts';
import { openLog } from '../src/platform/log.ts';
import { answerParent } from './child.ts';

const lookEveryMs = 50;

export type ExportTask = {
  databaseUrl: string;
  dataDir: string;
  projectId: string;
  datasetId: string;
  format: 'OPENAI_CHAT' | 'PARQUET';
};

export type Exported = {
  /** From the wish to the finished export, the wait for the queue included. */
  seconds: number;
  /** User and system, of the process. */
  cpuSeconds: number;
  records: number;
  bytes: number;
  files: number;
  /** Of the process: as a worker that waits, and at most. */
  idleRssMb: number;
  peakRssMb: number;
};

export const handlers = {
  /** Has an export made by this process, which is a worker with all jobs and schedules. */
  async export(task: ExportTask): Promise<Exported> {
    const { databaseUrl, dataDir, projectId, datasetId, format } = task;
    const config = loadConfig({ DATABASE_URL: databaseUrl, DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
    const app = await openApp(config, { pipeline, others }, openLog('warn'));
    try {
      await app.queue.work(app);
      const id = randomUUID();
      const idleRssMb = process.memoryUsage.rss() / 2 ** 20;
      const [begun, cpu] = [performance.now(), process.cpuUsage()];
      await exportDataset(app, { projectId }, { id, datasetId, format });
      const row = await ended(app, id);
      const { user, system } = process.cpuUsage(cpu);
      return {
        seconds: (performance.now() - begun) / 1000,
        cpuSeconds: (user + system) / 1e6,
        records: Number(row.records),
        bytes: Number(row.bytes),
        files: await app.db.exportFile.count({ where: { exportId: id } }),
        idleRssMb,
        peakRssMb: process.resourceUsage().maxRSS / 1024,
      };
    } finally {
      await app.close();
    }
  },
};

/** @throws when it failed */
async function ended({ db }: App, id: string) {
  for (;;) {
    const row = await db.datasetExport.findUniqueOrThrow({ where: { id } });
    if (row.state === 'SUCCEEDED') return row;
    if (row.state !== 'QUEUED' && row.state !== 'RUNNING')
      throw new Error(`The export is ${row.state}: ${row.error}`);
    await setTimeout(lookEveryMs);
  }
}

answerParent(handlers);
