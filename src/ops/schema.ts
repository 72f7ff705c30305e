import packageJson from '../../package.json' with { type: 'json' };
import { builder } from '../graphql/builder.ts';
import type { App } from '../platform/app.ts';
import type { QueueStats } from '../platform/queue.ts';
import { checkHealth, type DependencyHealth } from './health.ts';

const Dependency = builder
  .objectRef<DependencyHealth & { name: string }>('DependencyStatus')
  .implement({
    description: 'A part that the server needs, and how it answered just now.',
    fields: (t) => ({
      name: t.exposeString('name', { description: '`database`, `queue` or `storage`.' }),
      isReady: t.exposeBoolean('ok', { description: 'Whether it answered within two seconds.' }),
      latencyMs: t.exposeFloat('latencyMs', {
        description: 'Time that the answer, or the failure, took.',
      }),
      error: t.exposeString('error', {
        nullable: true,
        description: 'Why it did not answer, in general terms. `null` when it did.',
      }),
    }),
  });

const QueueStatus = builder.objectRef<QueueStats>('QueueStatus').implement({
  description: 'One kind of job.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'Name of the job, `feature.verb`; `dead-letters` for the dead.',
    }),
    waiting: t.exposeInt('waiting', {
      description: 'Jobs that wait for a worker or for their next attempt.',
    }),
    active: t.exposeInt('active', { description: 'Jobs that run now, in all workers.' }),
    failed: t.exposeInt('failed', {
      description: 'Jobs whose attempts have all failed, as far as they are still kept.',
    }),
  }),
});

const ServerStatus = builder.objectRef<App>('ServerStatus').implement({
  description: 'The state of the server process that answers; others may run beside it.',
  fields: (t) => ({
    version: t.string({ description: 'Version of CodeSight.', resolve: () => packageJson.version }),
    startedAt: t.field({
      type: 'DateTime',
      description: 'When the process started.',
      resolve: () => new Date(performance.timeOrigin),
    }),
    uptimeSeconds: t.float({
      description: 'Seconds since the process started.',
      resolve: () => Math.round(performance.now()) / 1000,
    }),
    isReady: t.boolean({
      description: 'Whether every dependency answers; what `/health/ready` says.',
      resolve: async (app) => (await checkHealth(app)).ok,
    }),
    dependencies: t.field({
      type: [Dependency],
      description: 'The parts that the server needs, asked at most once a second.',
      resolve: async (app) => {
        const { dependencies } = await checkHealth(app);
        return Object.entries(dependencies).map(([name, health]) => ({ name, ...health }));
      },
    }),
    queues: t.field({
      type: [QueueStatus],
      description: 'Every kind of job, over all processes and projects.',
      resolve: async ({ queue }) =>
        (await queue.stats()).sort((a, b) => a.name.localeCompare(b.name)),
    }),
    queueDepth: t.int({
      description: 'Jobs that wait, of all kinds; at most five seconds old.',
      resolve: ({ queue }) => queue.depth(),
    }),
    sockets: t.int({
      description: 'WebSockets that are open in this process.',
      resolve: async ({ metrics }) => (await metrics.sockets.get()).values[0]?.value ?? 0,
    }),
    eventLoopDelayMs: t.float({
      description:
        'How late the event loop ran in the last whole second (99th percentile), in milliseconds.',
      resolve: ({ metrics }) => Math.round(metrics.loopDelayMs() * 10) / 10,
    }),
    overload: t.stringList({
      description:
        'Why the server refuses some work for a while, in words. Empty when it takes everything.',
      resolve: overloadOf,
    }),
  }),
});

builder.queryField('serverStatus', (t) =>
  t.field({
    type: ServerStatus,
    description:
      'How the server is doing. Not for keys that may only report: in a page they are public.',
    authScopes: { anyScope: ['READ', 'CAPTURE', 'TRAIN', 'ADMIN'] },
    resolve: (_root, _args, { app }) => app,
  }),
);

/** What is over its threshold, by the same measures that refuse work. */
function overloadOf({ config: { overload }, metrics, queue }: App): string[] {
  const delayMs = metrics.loopDelayMs();
  const depth = queue.depth();
  return [
    ...(delayMs > overload.eventLoopDelayMs
      ? [
          `The event loop is ${Math.round(delayMs)} ms late, more than ${overload.eventLoopDelayMs}: ingest waits.`,
        ]
      : []),
    ...(depth > overload.queueDepth
      ? [`${depth} jobs wait, more than ${overload.queueDepth}: new sessions wait.`]
      : []),
  ];
}
