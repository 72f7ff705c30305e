import { fromPrisma, type JobWithMetadata, PgBoss } from 'pg-boss';
import * as z from 'zod';
import { redactText } from '../lib/redact/text.ts';
import type { App } from './app.ts';
import type { Config } from './config.ts';
import type { Tx } from './db.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { type SlowLog, slowJobMs } from './slow.ts';
import { currentTrace, traceparentOf, withTrace } from './trace.ts';

/** A fact that a feature states. Payloads hold ids only, the project's among them. */
export type EventDefinition<P extends Ids = Ids> = { name: string; payload: z.ZodType<P> };

/** Work that a feature can do when told to. It may run twice and must then leave the same rows. */
export type JobDefinition<P extends Ids = Ids> = {
  name: string;
  payload: z.ZodType<P>;
  /** Higher goes first among the waiting jobs of one kind. Default 0. */
  priority?: number;
  /** Longest run of one attempt, in seconds, for work that is long by nature. Default: JOB_TIMEOUT_MS. */
  timeoutSeconds?: number;
  /** Runs by the clock: a cron expression or an RFC 5545 rule, in UTC, with this payload. */
  schedule?: { rule: (config: Config) => string; payload: P };
  run(app: App, payload: P, job: JobRun): Promise<void>;
  /** Called once when the last attempt has failed, with why. */
  failed?(app: App, payload: P, reason: string): Promise<void>;
};

/** One attempt of a job. */
export type JobRun = {
  id: string;
  /** From 1. */
  attempt: number;
  isLastAttempt: boolean;
  /** Aborts when the attempt has run out of time or the process stops. */
  signal: AbortSignal;
  /**
   * Settles the attempt inside the transaction that stores its effects, so that they are stored once.
   * @throws {JobLostError} when the attempt was given up meanwhile: the transaction must not commit
   */
  finish(tx: Tx): Promise<void>;
};

/** One line of the pipeline. */
export type Link = { event: EventDefinition; jobs: JobDefinition[] };

export type Queue = {
  /** States a fact inside the transaction that makes it true: each job that follows is enqueued with it. */
  emit<P extends Ids>(tx: Tx, event: EventDefinition<P>, payload: P): Promise<void>;
  /** Enqueues one job inside a transaction, to run now or after some seconds. */
  send<P extends Ids>(
    tx: Tx,
    job: JobDefinition<P>,
    payload: P,
    options?: { afterSeconds?: number },
  ): Promise<void>;
  /** The same for many of one kind, in one statement. */
  sendAll<P extends Ids>(
    tx: Tx,
    job: JobDefinition<P>,
    jobs: { payload: P; afterSeconds: number }[],
  ): Promise<void>;
  /** Jobs that wait, in all queues; at most five seconds old. */
  depth(): number;
  /** Waiting, running and dead jobs by queue, read now. */
  stats(): Promise<QueueStats[]>;
  /**
   * Begins to run jobs.
   *
   * @param only these, and no schedules and dead letters. Default: all
   */
  work(app: App, only?: JobDefinition[]): Promise<void>;
  /** Lets running jobs end, at most `timeoutMs`, then stops. */
  stop(timeoutMs: number): Promise<void>;
};

export type QueueStats = { name: string; waiting: number; active: number; failed: number };

type Ids = Record<string, string>;

/** The attempt was given up, for example after a missed heartbeat, and another one owns the job. */
export class JobLostError extends Error {
  override name = 'JobLostError';
  constructor(name: string, id: string) {
    super(`Attempt of job ${name} ${id} was given up meanwhile; its effects are not stored.`);
  }
}

/** The process that worked on the last attempt of a job was killed, or has hung for so long that it was given up. */
export class WorkerStoppedError extends Error {
  override name = 'WorkerStoppedError';
  constructor() {
    super('The worker stopped in the middle of the last attempt.');
  }
}

const deadLetters = 'dead-letters';
const Envelope = z.object({
  payload: z.record(z.string(), z.string()),
  traceparent: z.string().nullish(),
});
const Settled = z.object({ affected: z.number() });
const fast = 0.5; // seconds; a retry is not notified, so polling must be quick: shared STACK measurements

/** Names a fact. */
export function defineEvent<P extends Ids>(event: EventDefinition<P>): EventDefinition<P> {
  return event;
}

/** Names a job. */
export function defineJob<P extends Ids>(job: JobDefinition<P>): JobDefinition<P> {
  return job;
}

/** Says what happens after what. The payload of the fact must satisfy each job. */
export function on<P extends Ids>(event: EventDefinition<P>, ...jobs: JobDefinition<P>[]): Link {
  return { event, jobs } as unknown as Link; // payloads are parsed again by each definition's own schema
}

/**
 * Opens the queue: pg-boss in the schema `pgboss` of the same database.
 *
 * @param pipeline what follows on what
 * @param others jobs that no fact causes: schedules and what services send
 */
export async function openQueue(
  url: string,
  config: Config['jobs'],
  {
    pipeline,
    others,
    log,
    metrics,
    slow,
  }: {
    pipeline: Link[];
    others: JobDefinition[];
    log: Log;
    metrics: Metrics;
    slow: SlowLog;
  },
): Promise<Queue> {
  const jobs = new Map(
    [...pipeline.flatMap((link) => link.jobs), ...others].map((job) => [job.name, job]),
  );
  const boss = new PgBoss({
    connectionString: url,
    application_name: 'codesight-queue',
    max: 4,
    useListenNotify: true,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    queueCacheIntervalSeconds: 5,
    warningSlowQuerySeconds: 10,
  });
  boss.on('error', (error) => log.error({ err: error }, 'the queue met an error'));
  boss.on('warning', (warning) => log.warn({ warning }, 'the queue warns'));
  await boss.start();
  try {
    await createQueues(boss, [...jobs.values()], config);
  } catch (error) {
    await boss.stop({ graceful: false });
    throw error;
  }

  let depth = 0;
  const stats = async (): Promise<QueueStats[]> => {
    const rows = await boss.getQueues();
    return rows
      .filter(({ name }) => jobs.has(name) || name === deadLetters)
      .map((row) => ({
        name: row.name,
        waiting: row.queuedCount,
        active: row.activeCount,
        failed: row.failedCount,
      }));
  };
  const measure = async () => {
    try {
      depth = (await stats())
        .filter(({ name }) => name !== deadLetters)
        .reduce((sum, { waiting }) => sum + waiting, 0);
    } catch (error) {
      log.warn({ err: error }, 'the depth of the queue could not be read');
    }
  };
  const timer = setInterval(measure, 5_000);
  timer.unref();

  const jobOf = <P extends Ids>(job: JobDefinition<P>, payload: P, afterSeconds: number) => {
    const parsed = job.payload.parse(payload);
    const trace = currentTrace();
    return {
      data: { payload: parsed, traceparent: trace ? traceparentOf(trace) : null },
      options: {
        ...(job.priority ? { priority: job.priority } : {}),
        ...(afterSeconds > 0 ? { startAfter: `${afterSeconds} seconds` } : {}),
        ...(parsed.projectId ? { group: { id: parsed.projectId } } : {}),
      },
    };
  };

  const send = async <P extends Ids>(
    tx: Tx,
    job: JobDefinition<P>,
    payload: P,
    { afterSeconds = 0 }: { afterSeconds?: number } = {},
  ): Promise<void> => {
    const { data, options } = jobOf(job, payload, afterSeconds);
    const id = await boss.send(job.name, data, { db: fromPrisma(tx), ...options });
    if (!id) throw new Error(`Expected the queue to take job ${job.name}, it did not.`);
  };

  const sendAll = async <P extends Ids>(
    tx: Tx,
    job: JobDefinition<P>,
    jobs: { payload: P; afterSeconds: number }[],
  ): Promise<void> => {
    if (jobs.length === 0) return;
    const rows = jobs.map(({ payload, afterSeconds }) => {
      const { data, options } = jobOf(job, payload, afterSeconds);
      return { data, ...options };
    });
    const ids = await boss.insert(job.name, rows, { db: fromPrisma(tx), returnId: true });
    if (ids?.length !== jobs.length)
      throw new Error(
        `Expected the queue to take ${jobs.length} jobs ${job.name}, it took ${ids?.length ?? 0}.`,
      );
  };

  const runOne = async (
    app: App,
    job: JobDefinition,
    row: JobWithMetadata<unknown>,
  ): Promise<void> => {
    const { payload, traceparent } = Envelope.parse(row.data);
    const ids = job.payload.parse(payload);
    const begun = performance.now();
    const settle = (outcome: string) => {
      metrics.jobs.inc({ job: job.name, outcome });
      const durationMs = performance.now() - begun;
      metrics.jobSeconds.observe({ job: job.name }, durationMs / 1000);
      if (durationMs < slowJobMs || !ids.projectId) return;
      const traceId = currentTrace()?.traceId ?? null;
      slow.note({ kind: 'job', name: job.name, projectId: ids.projectId, traceId, durationMs });
    };
    await withTrace(traceparent, async () => {
      try {
        await job.run(app, ids, {
          id: row.id,
          attempt: row.retryCount + 1,
          isLastAttempt: row.retryCount >= row.retryLimit,
          signal: row.signal,
          async finish(tx) {
            const attempt = { id: row.id, retryCount: row.retryCount };
            const answer = await boss.complete(job.name, attempt, null, { db: fromPrisma(tx) });
            const { affected } = Settled.parse(answer); // there, though missing in pg-boss's types
            if (affected !== 1) throw new JobLostError(job.name, row.id);
          },
        });
        settle('done');
      } catch (error) {
        if (error instanceof JobLostError) {
          settle('lost');
          log.warn({ job: job.name, jobId: row.id }, error.message);
          return;
        }
        settle('failed');
        log.warn(
          { err: error, job: job.name, jobId: row.id, attempt: row.retryCount + 1 },
          'an attempt of a job failed',
        );
        app.faults.report({
          place: 'job',
          error,
          name: job.name,
          projectId: ids.projectId,
          correlationId: currentTrace()?.traceId,
        });
        // The queue keeps what is thrown, with all its fields, for days: only the words, redacted.
        throw new Error(redactText(error instanceof Error ? error.message : String(error)));
      }
    });
  };

  const bury = async (app: App, row: JobWithMetadata<unknown>): Promise<void> => {
    const job = jobs.get(row.sourceName ?? '');
    const { payload, traceparent } = Envelope.parse(row.data);
    const error = errorOf(row.sourceOutput);
    const reason = error.message;
    await withTrace(traceparent, async () => {
      metrics.jobs.inc({ job: row.sourceName ?? 'unknown', outcome: 'dead' });
      log.error({ job: row.sourceName, jobId: row.sourceId, reason }, 'a job is dead');
      app.faults.report({
        place: 'dead-job',
        error,
        name: row.sourceName,
        projectId: payload.projectId,
        correlationId: currentTrace()?.traceId,
      });
      await job?.failed?.(app, job.payload.parse(payload), reason);
    });
  };

  return {
    send,
    sendAll,
    stats,
    depth: () => depth,
    async emit(tx, event, payload) {
      const parsed = event.payload.parse(payload);
      for (const link of pipeline) {
        if (link.event.name !== event.name) continue;
        for (const job of link.jobs) await send(tx, job, parsed);
      }
    },
    async work(app, only) {
      await measure();
      const wanted = new Set(only?.map(({ name }) => name) ?? jobs.keys());
      for (const job of jobs.values()) {
        if (!wanted.has(job.name)) continue;
        const { schedule } = job;
        if (schedule) {
          const data = { payload: job.payload.parse(schedule.payload), traceparent: null };
          await boss.schedule(job.name, schedule.rule(app.config), data);
        }
        for (let slot = 0; slot < (schedule ? 1 : config.concurrency); slot += 1) {
          const worker: string = await boss.work(
            job.name,
            {
              includeMetadata: true,
              pollingIntervalSeconds: fast,
              notifyPollingIntervalSeconds: fast,
              heartbeatRefreshSeconds: 3,
              groupConcurrency: config.perProject,
            },
            async ([row]: JobWithMetadata<unknown>[]) => {
              if (row) await runOne(app, job, row);
              boss.notifyWorker(worker); // there may be more: do not wait for the next poll
            },
          );
        }
      }
      if (only) return;
      await boss.work(
        deadLetters,
        { includeMetadata: true, pollingIntervalSeconds: fast, notifyPollingIntervalSeconds: fast },
        async ([row]: JobWithMetadata<unknown>[]) => {
          if (row) await bury(app, row);
        },
      );
    },
    async stop(timeoutMs) {
      clearInterval(timer);
      await boss.stop({ graceful: true, timeout: Math.max(1_000, timeoutMs), close: true });
    },
  };
}

async function createQueues(
  boss: PgBoss,
  jobs: JobDefinition[],
  config: Config['jobs'],
): Promise<void> {
  const options = ({ timeoutSeconds }: JobDefinition) => ({
    retryLimit: config.retries,
    retryDelay: config.retryDelaySeconds,
    retryBackoff: true,
    retryDelayMax: 600,
    expireInSeconds: timeoutSeconds ?? Math.ceil(config.timeoutMs / 1000),
    heartbeatSeconds: 10,
    notify: true,
  });
  await boss.createQueue(deadLetters, { retryLimit: 10, retryDelay: 5, retryBackoff: true });
  for (const job of jobs) {
    const { name } = job;
    await boss.createQueue(name, { ...options(job), partition: true, deadLetter: deadLetters });
    await boss.updateQueue(name, { ...options(job), deadLetter: deadLetters });
  }
}

/** What pg-boss stored of the last error; of one that it gave up itself it stores no error's message. */
function errorOf(output: unknown): Error {
  const parsed = z.object({ message: z.string() }).safeParse(output);
  return parsed.success ? new Error(parsed.data.message) : new WorkerStoppedError();
}
