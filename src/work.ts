import { openReportCounting } from './diagnostics/counting/counter.ts';
import { openCrashWatch } from './diagnostics/self/crashes.ts';
import { openSelfReports } from './diagnostics/self/report.ts';
import { type Opened, readOptions, runProcess } from './door.ts';
import { openRoutes } from './graphql/server.ts';
import { opsRoutes } from './ops/health.ts';
import { openSelfWatch } from './ops/self-watch.ts';
import { others, pipeline } from './pipeline.ts';
import { openApp } from './platform/app.ts';
import { loadProcessConfig } from './platform/config.ts';

const help = `Runs the jobs. Start as many as the work needs.

  node src/work.ts              jobs alone
  node src/work.ts --port 9100  and /health/live, /health/ready and /metrics on a port

\`npm run -s codesight -- config\` lists the environment variables.
`;

const { port } = readOptions(help, { port: { type: 'string' } });
await runProcess(open);

async function open(): Promise<Opened> {
  const config = loadProcessConfig();
  const app = await openApp(config, { pipeline, others });
  const reporter = openSelfReports(app, 'worker');
  const presence = openCrashWatch(app, 'worker');
  try {
    const routes = port
      ? [await openRoutes(app, opsRoutes, { host: config.host, port: Number(port) })]
      : [];
    await app.queue.work(app);
    return {
      app,
      doors: [presence, reporter, openReportCounting(app), openSelfWatch(app), ...routes],
      lastWords: [reporter, presence],
      greeting: `Working on jobs.${routes[0] ? ` Health and metrics: ${routes[0].url}` : ''}`,
    };
  } catch (error) {
    await presence.close();
    await app.close();
    throw error;
  }
}
