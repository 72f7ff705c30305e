import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { newId } from '../src/lib/ids.ts';
import type { BenchOptions } from './bench.ts';
import { startChild } from './child.ts';
import type { Channel } from './diagnostics-channel.ts';
import type { handlers as clientHandlers } from './diagnostics-client.ts';
import { expectCounted, numberOf, untilCounted } from './diagnostics-counts.ts';
import { taskOf } from './diagnostics-speed.ts';
import { precise, quantileOf } from './figures.ts';
import { type BenchServer, startWorker } from './server.ts';
import { rounded, tableOf } from './table.ts';

const stormSize = 100; // reports a call
const memoryEveryMs = 200;
const toldWithinMs = 60_000;
const quietMs = 3_000; // a second alert would have come by then

/**
 * Equal errors as fast as they are taken, with a rule that counts them and a worker that delivers to a real channel.
 *
 * @param before reports that are counted already
 * @param env what the worker must have in common with the server
 * @throws unless they are one issue and one alert, and counted exactly
 */
export async function measureStorm(
  server: BenchServer,
  sql: pg.Client,
  {
    before,
    reports,
    channel,
    env,
    print,
  }: {
    before: number;
    reports: number;
    channel: Channel;
    env: Record<string, string>;
    print: BenchOptions['print'];
  },
) {
  const worker = await startWorker(server, env);
  const child = startChild<typeof clientHandlers>(
    new URL('./diagnostics-client.ts', import.meta.url),
  );
  const memory = watchMemory(server.pid);
  try {
    await makeRule(server, channel, Math.floor(reports / 2));
    const issues = await numberOf(sql, 'SELECT count(*)::int AS n FROM "ErrorIssue"');
    await child.ask('open', taskOf(server, { size: stormSize, seed: 5e8, isStorm: true }));
    const begun = performance.now();
    const { latenciesMs } = await child.ask('count', { calls: Math.ceil(reports / stormSize) });
    await untilCounted(sql);
    const took = (performance.now() - begun) / 1000;
    const sent = latenciesMs.length * stormSize;
    const { firstBytes, peakBytes } = await memory.stop();
    await expectCounted(sql, before + sent);
    const newIssues = (await numberOf(sql, 'SELECT count(*)::int AS n FROM "ErrorIssue"')) - issues;
    if (newIssues !== 1) throw new Error(`Expected a storm to be one issue, got ${newIssues}.`);
    const alerts = await alertsOf(sql, channel);
    print(
      tableOf(
        `A storm of ${sent.toLocaleString('en-US')} equal errors`,
        ['', ''],
        [
          ['new issues', String(newIssues)],
          ['alerts, told at the channel', String(alerts)],
          ['counted', 'exactly'],
          ['reports/s', rounded(sent / took)],
          ['door p95, ms', rounded(quantileOf(latenciesMs, 0.95))],
          ['server’s memory at its beginning, MiB', rounded(firstBytes / 1_048_576)],
          ['and at its peak, MiB', rounded(peakBytes / 1_048_576)],
        ],
      ),
    );
    return {
      reports: sent,
      newIssues,
      alerts,
      reportsPerSecond: precise(sent / took),
      doorP95Ms: precise(quantileOf(latenciesMs, 0.95)),
      memoryGrownMiB: precise((peakBytes - firstBytes) / 1_048_576),
      peakMiB: precise(peakBytes / 1_048_576),
    };
  } finally {
    await memory.stop();
    await child.stop();
    await worker.stop();
  }
}

/** A channel at the receiver and a rule that tells it, made as an operator makes them. */
async function makeRule(server: BenchServer, channel: Channel, threshold: number): Promise<void> {
  const channelId = newId();
  await mutate(server, 'saveChannel', 'SaveChannelInput', {
    id: channelId,
    kind: 'WEBHOOK',
    name: 'bench',
    url: channel.url,
    secret: channel.secret,
  });
  await mutate(server, 'saveAlertRule', 'SaveAlertRuleInput', {
    id: newId(),
    name: 'many',
    trigger: 'COUNT_OVER',
    threshold,
    windowSeconds: 3_600,
    channelIds: [channelId],
  });
}

async function mutate(
  { url, key }: BenchServer,
  field: string,
  type: string,
  input: object,
): Promise<void> {
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const text = await response.text();
  if (!response.ok || !/"__typename":"(?:Channel|AlertRule)"/.test(text))
    throw new Error(`Expected ${field} to be done, got ${text.slice(0, 500)}.`);
}

/** @throws unless exactly one alert was raised, and told once */
async function alertsOf(sql: pg.Client, channel: Channel): Promise<number> {
  const giveUpAt = performance.now() + toldWithinMs;
  while (channel.told.length === 0 && performance.now() < giveUpAt) await delay(50);
  await delay(quietMs);
  const raised = await numberOf(sql, 'SELECT count(*)::int AS n FROM "Alert"');
  if (raised !== 1 || channel.told.join() !== 'alert.raised')
    throw new Error(
      `Expected one alert, got ${raised} raised, and at the channel ${channel.told.join(', ') || 'nothing'}.`,
    );
  return raised;
}

/** Resident memory of a process, looked at five times a second. Linux only; elsewhere 0. */
function watchMemory(pid: number) {
  const seen: number[] = [];
  const look = async () => {
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    seen.push(Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1_024);
  };
  const first = look();
  const timer = setInterval(look, memoryEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await first;
      await look();
      return { firstBytes: seen[0] ?? 0, peakBytes: Math.max(...seen) };
    },
  };
}
