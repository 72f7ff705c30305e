import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof openMetrics>;

/** What the process counts and measures. Names follow Prometheus: unit at the end, counters in `_total`. */
export function openMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'codesight_' });
  const registers = [registry];
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  let recentLoopDelayMs = 0;
  const timer = setInterval(() => {
    recentLoopDelayMs = loop.percentile(99) / 1e6;
    loop.reset();
  }, 1_000);
  timer.unref();
  return {
    registry,
    /** p99 of the event loop's delay over the last whole second, in milliseconds. */
    loopDelayMs: () => recentLoopDelayMs,
    operations: new Counter({
      name: 'codesight_graphql_operations_total',
      help: 'GraphQL operations by name, transport and outcome.',
      labelNames: ['operation', 'transport', 'outcome'] as const,
      registers,
    }),
    operationSeconds: new Histogram({
      name: 'codesight_graphql_operation_seconds',
      help: 'Time to answer a GraphQL query or mutation.',
      labelNames: ['operation'] as const,
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    interactions: new Counter({
      name: 'codesight_interactions_total',
      help: 'Interactions by what became of them: stored, repeated, refused, conflicting.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    ingestSeconds: new Histogram({
      name: 'codesight_ingest_step_seconds',
      help: 'Time of one group commit by step.',
      labelNames: ['step'] as const,
      buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 1],
      registers,
    }),
    reportBatchesPutOff: new Counter({
      name: 'codesight_report_batches_put_off_total',
      help: 'Batches of reports that are stored and could not be counted; each is tried again.',
      registers,
    }),
    uploadBytes: new Counter({
      name: 'codesight_upload_bytes_total',
      help: 'Bytes of uploads that were stored.',
      labelNames: ['kind'] as const,
      registers,
    }),
    captureAgeSeconds: new Histogram({
      name: 'codesight_capture_oldest_seconds',
      help: 'Age of the oldest thing that waits in a recorder, as recorders report it.',
      buckets: [1, 10, 60, 600, 3_600, 86_400],
      registers,
    }),
    sockets: new Gauge({
      name: 'codesight_sockets',
      help: 'WebSockets that are open.',
      registers,
    }),
    jobs: new Counter({
      name: 'codesight_jobs_total',
      help: 'Runs of jobs by outcome.',
      labelNames: ['job', 'outcome'] as const,
      registers,
    }),
    jobSeconds: new Histogram({
      name: 'codesight_job_seconds',
      help: 'Time of one run of a job.',
      labelNames: ['job'] as const,
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300],
      registers,
    }),
    refusals: new Counter({
      name: 'codesight_refusals_total',
      help: 'Work refused before it began, by reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    close() {
      clearInterval(timer);
      loop.disable();
      registry.clear();
    },
  };
}
