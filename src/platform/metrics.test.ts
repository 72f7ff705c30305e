import { expect, onTestFinished, test } from 'vitest';
import { openMetrics } from './metrics.ts';

test('what is counted is shown in the format of Prometheus, under names that tell the unit', async () => {
  const metrics = openMetrics();
  onTestFinished(() => metrics.close());

  metrics.interactions.inc({ outcome: 'stored' }, 3);
  metrics.jobs.inc({ job: 'processing.score', outcome: 'done' });
  metrics.jobSeconds.observe({ job: 'processing.score' }, 0.2);

  const text = await metrics.registry.metrics();
  expect(text).toContain('codesight_interactions_total{outcome="stored"} 3');
  expect(text).toContain('codesight_jobs_total{job="processing.score",outcome="done"} 1');
  expect(text).toContain('codesight_job_seconds_bucket{le="0.5",job="processing.score"} 1');
  expect(text).toContain('codesight_process_cpu_user_seconds_total');
  for (const { name, type } of await metrics.registry.getMetricsAsJSON()) {
    expect(name).toMatch(/^codesight_[a-z0-9_]+$/);
    if (String(type) === 'counter') expect(name).toMatch(/_total$/);
  }
});

test('two apps in one process count for themselves', async () => {
  const [one, two] = [openMetrics(), openMetrics()];
  onTestFinished(() => {
    one.close();
    two.close();
  });

  one.refusals.inc({ reason: 'x' });

  expect(await one.registry.metrics()).toContain('codesight_refusals_total{reason="x"} 1');
  expect(await two.registry.metrics()).not.toContain('reason="x"');
});

test('the delay of the event loop is that of the last second', async () => {
  const metrics = openMetrics();
  onTestFinished(() => metrics.close());

  const block = () => {
    const end = performance.now() + 300;
    while (performance.now() < end) Math.random();
    return metrics.loopDelayMs();
  };
  await expect.poll(block, { timeout: 5_000, interval: 1 }).toBeGreaterThan(200);

  await expect.poll(metrics.loopDelayMs, { timeout: 15_000 }).toBeLessThan(200);
});
