import packageJson from '../package.json' with { type: 'json' };
import { authenticate } from './accounts/authenticate.ts';
import { ensureFirstKey, firstProject } from './accounts/keys.ts';
import { deliverJob } from './diagnostics/alerts/jobs.ts';
import { registerOwnContracts } from './diagnostics/contracts/own.ts';
import { openVersionWatch } from './diagnostics/contracts/versions.ts';
import { openReportCounting } from './diagnostics/counting/counter.ts';
import { openCrashWatch } from './diagnostics/self/crashes.ts';
import { openSelfReports } from './diagnostics/self/report.ts';
import { type Opened, readOptions, runProcess } from './door.ts';
import { openServer } from './graphql/server.ts';
import { openSelfWatch } from './ops/self-watch.ts';
import { others, pipeline } from './pipeline.ts';
import { openApp } from './platform/app.ts';
import { loadProcessConfig } from './platform/config.ts';
import { announceServer } from './platform/server-file.ts';
import { routes } from './routes.ts';
import { schema } from './schema.ts';

const help = `Serves the API.

  node src/serve.ts                the API alone, and alerts; \`node src/work.ts\` runs the jobs
  node src/serve.ts --with-worker  the API and the jobs in one process

\`npm run -s codesight -- config\` lists the environment variables.
`;

const options = readOptions(help, { 'with-worker': { type: 'boolean', default: false } });
await runProcess(open);

async function open(): Promise<Opened> {
  const config = loadProcessConfig();
  const app = await openApp(config, { pipeline, others });
  const reporter = openSelfReports(app, 'server');
  const presence = openCrashWatch(app, 'server');
  try {
    const firstKey = await ensureFirstKey(app, new Date());
    const installation = { projectId: await firstProject(app), version: packageJson.version };
    await registerOwnContracts(app, schema, installation);
    // Alerts go out from here, too: that the last worker died is told by nobody else.
    await app.queue.work(app, options['with-worker'] ? undefined : [deliverJob]);
    const hearContract = openVersionWatch(app);
    const server = await openServer(app, { schema, authenticate, routes, hearContract });
    const withdraw = await announceServer(config.dataDir, server.url);
    return {
      app,
      doors: [
        presence,
        reporter,
        openReportCounting(app),
        openSelfWatch(app),
        server,
        { close: withdraw },
      ],
      lastWords: [reporter, presence],
      greeting: greetingOf(server.url, config.dataDir, firstKey?.secret),
    };
  } catch (error) {
    await presence.close();
    await app.close();
    throw error;
  }
}

function greetingOf(url: string, dataDir: string, firstKey: string | undefined): string {
  const lines = [`GraphQL and GraphiQL: ${url}/graphql`, `Data: ${dataDir}`];
  if (firstKey) lines.push(`API key, shown this once: ${firstKey}`);
  lines.push('More keys: npm run -s codesight -- key create --scope CAPTURE,READ --json');
  return lines.join('\n');
}
