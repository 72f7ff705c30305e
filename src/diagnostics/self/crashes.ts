import type { App } from '../../platform/app.ts';
import { openPresence, type Peer, type Presence, type Service } from '../../platform/presence.ts';
import type { Details } from '../../reporter/types.ts';
import { takeReports } from '../intake/take.ts';
import { ownProject } from './own-project.ts';

/**
 * Makes this process known and tells of others that ended without saying goodbye: within a second on the
 * same machine, within five from another (`openPresence`). Whoever still runs tells; where nobody does, whoever starts next. The report has the
 * id of the process, so that it is one however many tell.
 */
export function openCrashWatch(app: App, service: Service): Presence {
  return openPresence(app.database, {
    service,
    log: app.log,
    onGone: (peer) => tell(app, peer),
  });
}

/** How a process that is gone is told: with the jobs that it had, it is one issue. */
export function processGone(service: Service) {
  return {
    category: 'SERVICE_UNAVAILABLE',
    severity: 'CRITICAL',
    platform: service === 'server' ? 'SERVER' : 'WORKER',
    fingerprint: ['codesight', 'process-gone', service],
  } satisfies Details;
}

async function tell(app: App, { id, service, host, pid, startedAt }: Peer): Promise<void> {
  const projectId = await ownProject(app);
  if (!projectId) return; // nobody could read it
  const now = new Date();
  const report = {
    ...processGone(service),
    id,
    occurredAt: now.toISOString(),
    message: `A ${service} process ended without a word: it was killed, ran out of memory or lost its machine.`,
    source: { service: `codesight-${service}` },
    tags: { place: 'process', host, pid: String(pid), startedAt: startedAt.toISOString() },
  };
  const { outcomes } = await takeReports(
    app,
    { projectId, keyId: null },
    { reports: [report], clientReports: [], sentAt: now, receivedAt: now },
  );
  if (outcomes[0] === 'RATE_LIMITED') throw new Error('Expected room for the report, got none.');
}
