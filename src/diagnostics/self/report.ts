import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { App } from '../../platform/app.ts';
import type { Fault } from '../../platform/faults.ts';
import type { Service } from '../../platform/presence.ts';
import { WorkerStoppedError } from '../../platform/queue.ts';
import { openReporter, type Reporter } from '../../reporter/node.ts';
import type { Details } from '../../reporter/types.ts';
import { takeReports } from '../intake/take.ts';
import { processGone } from './crashes.ts';
import { detailsOf, isDatabaseAway } from './known.ts';
import { ownProject } from './own-project.ts';

type Given = { id: string; tags?: Record<string, string> };
type Call = { sentAt: string; reports: Given[]; clientReports: { id: string }[] };

/** How often it is asked whether the database is back. */
const askEveryMs = 1_000;
/** After the database is back, stragglers of the same outage come for so long. */
const graceMs = 30_000;
const projectTag = 'codesight.project';

/**
 * Reports the faults of this process into itself: they wait in `DATA_DIR/reports` while the database is
 * away, and go through the same intake as everybody's. A fault of a project's work is the project's; all
 * others are those of the installation's project (`DIAGNOSTICS_PROJECT`).
 *
 * An outage of the database is one report of one process, however much fails of it, and goes out as soon as
 * the database answers again. Faults of the intake itself are not reported: they would report themselves.
 */
export function openSelfReports(app: App, service: Service): Reporter {
  const { config, log } = app;
  const known = new LRUCache<string, boolean>({ max: 1_000, ttl: 60_000 });
  let outage: 'none' | 'told' | 'ending' = 'none';
  let endsAt = 0;
  let isClosed = false;

  const projectOf = async (tags: Given['tags']): Promise<string | null> => {
    const id = tags?.[projectTag];
    if (!id) return ownProject(app);
    let isKnown = known.get(id);
    if (isKnown === undefined) {
      isKnown = (await app.db.project.count({ where: { id } })) > 0;
      known.set(id, isKnown);
    }
    return isKnown ? id : ownProject(app); // the project may be gone by now
  };

  /** Hands a call of the reporter to the intake, each project's part by itself. */
  const deliver = async (body: string): Promise<object> => {
    const { sentAt, reports, clientReports }: Call = JSON.parse(body);
    const parts = new Map<string | null, Given[]>();
    const own = await ownProject(app);
    for (const report of reports) {
      const projectId = await projectOf(report.tags);
      parts.set(projectId, [...(parts.get(projectId) ?? []), report]);
    }
    if (clientReports.length > 0 && !parts.has(own)) parts.set(own, []);
    const outcomes: object[] = [];
    for (const [projectId, part] of parts) {
      if (!projectId) throw new Error('Expected a project to report to, there is none yet.');
      const receipt = await takeReports(
        app,
        { projectId, keyId: null },
        {
          reports: part.map(({ tags = {}, ...report }) => {
            const { [projectTag]: _, ...others } = tags;
            return { ...report, tags: others };
          }),
          clientReports: projectId === own ? clientReports : [],
          sentAt: new Date(sentAt),
          receivedAt: new Date(),
        },
      );
      outcomes.push(
        ...part.map(({ id }, index) => ({ id, outcome: receipt.outcomes[index] ?? 'INVALID' })),
      );
    }
    if (outage === 'told') {
      outage = 'ending';
      endsAt = performance.now() + graceMs;
    }
    return { outcomes, clientReports: clientReports.map(({ id }) => id) };
  };

  /** The pauses of the reporter double: after a long outage its next try would be minutes away. */
  const whenBack = async (): Promise<void> => {
    while (outage === 'told' && !isClosed) {
      const answers = await app.database.ping().then(
        () => true,
        () => false,
      );
      if (answers) return;
      await delay(askEveryMs, undefined, { ref: false });
    }
  };

  const reporter = openReporter({
    url: 'codesight:',
    key: '',
    service: `codesight-${service}`,
    platform: service === 'server' ? 'SERVER' : 'WORKER',
    folder: join(config.dataDir, 'reports'),
    automatic: { errors: false, breadcrumbs: false }, // the doors tell of what nobody handles
    fetch: async (_url, { body }) => {
      await whenBack();
      return Response.json(await deliver(body));
    },
    // Postgres quotes values in its details, and Prisma its details in messages.
    beforeSend: (report) => ({
      ...report,
      exceptions: report.exceptions.map((one) => ({
        ...one,
        message: one.message?.replace(/\)=\([^)]*\)/g, ')=([VALUE])'),
      })),
    }),
    onFault: (fault) => log.warn({ err: fault }, 'reports of our own wait'),
  });

  const hear = (fault: Fault): void => {
    const { error, name, correlationId, closeCode } = fault;
    const tags: Record<string, string> = { place: fault.place };
    if (fault.projectId) tags[projectTag] = fault.projectId;
    const common: Details = {
      ...(correlationId ? { correlationId } : {}),
      ...(fault.place === 'operation' && name ? { request: { operationName: name } } : {}),
      ...(fault.place !== 'operation' && name ? { function: name } : {}),
      tags,
    };
    const isOfDatabase = fault.place === 'database' || fault.place === 'notifications';
    if (isDatabaseAway(error, { database: app.database.address, isOfDatabase })) {
      if (outage === 'ending' && performance.now() > endsAt) outage = 'none';
      if (outage !== 'none') return;
      outage = 'told';
      reporter.capture(error, {
        ...common,
        tags: { place: 'database' }, // the installation's, whoever met it first
        platform: 'DATABASE',
        category: 'CONNECTION_LOST',
        severity: 'CRITICAL',
        fingerprint: ['codesight', 'database-away'],
      });
      return;
    }
    reporter.capture(error, {
      ...detailsOf(error),
      ...(closeCode
        ? { category: 'CONNECTION_LOST', severity: 'INFO', response: { closeCode } }
        : {}),
      ...(fault.place === 'process' || fault.place === 'dead-job' ? { severity: 'CRITICAL' } : {}),
      ...(fault.place === 'dead-job' && name
        ? { fingerprint: ['{{ default }}', 'dead-job', name] }
        : {}),
      // The job tells of the process that worked on it: one issue of one crash.
      ...(error instanceof WorkerStoppedError ? processGone('worker') : {}),
      ...common,
    });
  };
  app.faults.connect(hear);
  return {
    ...reporter,
    close(timeoutMs) {
      isClosed = true;
      return reporter.close(timeoutMs);
    },
  };
}
