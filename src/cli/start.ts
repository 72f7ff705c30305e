import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import packageJson from '../../package.json' with { type: 'json' };
import { authenticate } from '../accounts/authenticate.ts';
import { firstProject } from '../accounts/keys.ts';
import { registerOwnContracts } from '../diagnostics/contracts/own.ts';
import { openVersionWatch } from '../diagnostics/contracts/versions.ts';
import { openSelfReports } from '../diagnostics/self/report.ts';
import type { Opened } from '../door.ts';
import { openServer } from '../graphql/server.ts';
import { others, pipeline } from '../pipeline.ts';
import { openApp } from '../platform/app.ts';
import type { Config } from '../platform/config.ts';
import { type Log, openLog } from '../platform/log.ts';
import { announceServer } from '../platform/server-file.ts';
import { routes } from '../routes.ts';
import { schema } from '../schema.ts';
import { ensureProject } from './project.ts';

/**
 * Starts the server in this process, jobs included. It tells of its own faults as `src/serve.ts` does.
 *
 * @param isForGood takes the configured port where it is free, and lets other commands find it
 * @param logFile where it says what it does, unless `isVerbose`
 */
export async function startServer(
  config: Config,
  { isVerbose, isForGood, logFile }: { isVerbose: boolean; isForGood: boolean; logFile: string },
): Promise<{ opened: Opened; url: string }> {
  // A port that is taken must not spoil the first impression: any other one does as well.
  const port = isForGood && (await isFree(config)) ? config.port : 0;
  const log = isVerbose ? openLog(config.logLevel) : await openLogFile(config, logFile);
  const app = await openApp({ ...config, port }, { pipeline, others }, log);
  const reporter = openSelfReports(app, 'server');
  try {
    await ensureProject(app);
    await registerOwnContracts(app, schema, {
      projectId: await firstProject(app),
      version: packageJson.version,
    });
    const hearContract = openVersionWatch(app);
    const server = await openServer(app, { schema, authenticate, routes, hearContract });
    await app.queue.work(app);
    const doors: Opened['doors'] = [reporter, server];
    if (isForGood) doors.push({ close: await announceServer(config.dataDir, server.url) });
    return { opened: { app, doors, lastWords: [reporter] }, url: server.url };
  } catch (error) {
    await reporter.close(0);
    await app.close();
    throw error;
  }
}

/** The terminal is for what the command says; the server's own words go beside. */
async function openLogFile({ dataDir, logLevel }: Config, path: string): Promise<Log> {
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  return openLog(logLevel, createWriteStream(path, { mode: 0o600 }));
}

async function isFree({ host, port }: Pick<Config, 'host' | 'port'>): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  } finally {
    server.close();
  }
}
