import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openProxy } from '../../test/proxy.ts';
import { openReporting, type Reporting } from '../../test/reporting.ts';
import { openReporter, type ReporterOptions } from './node.ts';
import type { Fetch } from './sender.ts';
import type { Ledger } from './types.ts';

const patienceMs = 120_000;

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'codesight-reporter-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function open(
  { server, reportKey }: Reporting,
  options: Partial<ReporterOptions> & { folder?: string } = {},
) {
  const reporter = openReporter({
    url: server.url,
    key: reportKey.secret,
    service: 'shop',
    platform: 'SERVER',
    automatic: { errors: false },
    rate: { burst: 100_000, perMinute: 1 },
    ...options,
  });
  onTestFinished(() => reporter.close(0));
  return reporter;
}

function sumOf({ captured: _, ...others }: Ledger): number {
  return Object.values(others).reduce((sum, count) => sum + count, 0);
}

test(
  'every captured report is accounted for, whatever the server and the network do',
  async () => {
    const reporting = await openReporting();
    const proxy = await openProxy(reporting.server.port);
    const faults: (number | 'cut')[] = [500, 'cut', 429, 'cut'];
    const real = globalThis.fetch as unknown as Fetch;
    /** The network between: it fails before the server hears, or after. */
    const fetch: Fetch = async (url, init) => {
      const fault = faults.shift();
      if (typeof fault === 'number')
        return Response.json({}, { status: fault, headers: { 'retry-after': '0' } });
      const answer = await real(url, init);
      if (fault === 'cut') throw new TypeError('the answer was cut');
      return answer;
    };
    const reporter = open(reporting, {
      url: proxy.url,
      fetch,
      folder: await makeFolder(),
      beforeSend: (report) => (report.message === 'keep back' ? null : report),
      rate: { burst: 30, perMinute: 1 },
    });

    for (let time = 0; time < 50; time += 1) reporter.capture(new TypeError(`failure ${time}`));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 }); // the clock jumps
    onTestFinished(() => void vi.useRealTimers());
    for (let time = 0; time < 50; time += 1) reporter.capture(new RangeError(`failure ${time}`));
    for (let time = 0; time < 5; time += 1) reporter.captureMessage('keep back');
    vi.useRealTimers();
    expect(await reporter.flush(60_000)).toBe(true);

    const ledger = await reporter.ledger();
    expect(ledger).toEqual({
      captured: 105,
      accepted: 10,
      duplicate: 50,
      filtered: 5,
      rateLimited: 40,
      invalid: 0,
      discarded: 0,
      queued: 0,
    });
    expect(sumOf(ledger)).toBe(ledger.captured);
    // What the client kept back came as an account, once.
    expect(await reporting.ledger()).toMatchObject({ ACCEPTED: 60, DISCARDED: 45 });
    expect(await reporting.app.db.errorEvent.count()).toBe(60);
  },
  patienceMs,
);

test(
  'a full store gives up the least severe first, counts them, and takes the rest along',
  async () => {
    const reporting = await openReporting();
    const fetch: Fetch = async () => {
      throw new TypeError('the server is away');
    };
    const folder = await makeFolder();
    const reporter = open(reporting, { folder, fetch });

    for (let time = 0; time < 150; time += 1) reporter.captureMessage(`note ${time}`);
    for (let time = 0; time < 150; time += 1)
      reporter.capture(new Error(`failure ${time}`), { severity: 'HIGH' });
    const full = await reporter.ledger();
    await reporter.close(0);
    const next = open(reporting, { folder });
    expect(await next.flush(60_000)).toBe(true);

    expect(full).toMatchObject({ captured: 300, queued: 200, discarded: 100 });
    expect(await next.ledger()).toMatchObject({
      captured: 300,
      accepted: 200,
      discarded: 100,
      queued: 0,
    });
    const severities = await reporting.app.db.errorEvent.groupBy({
      by: ['severity'],
      _count: true,
    });
    expect(severities.map(({ severity, _count }) => [severity, _count]).sort()).toEqual([
      ['HIGH', 150],
      ['INFO', 50],
    ]);
    expect(await reporting.ledger()).toMatchObject({ ACCEPTED: 200, DISCARDED: 100 });
  },
  patienceMs,
);

test(
  'kill -9 takes nothing of what was captured, and the next process sends it',
  async () => {
    const reporting = await openReporting();
    const folder = await makeFolder();
    const code = `
    import { openReporter } from './src/reporter/node.ts';
    const reporter = openReporter({ url: 'http://127.0.0.1:9', key: 'k', service: 'shop',
      platform: 'SERVER', folder: ${JSON.stringify(folder)}, rate: { burst: 1000, perMinute: 1 } });
    for (let time = 0; ; time += 1) {
      reporter.capture(new Error('failure ' + time));
      console.log(time + 1);
      await new Promise((go) => setTimeout(go, 2));
    }`;
    const { NODE_V8_COVERAGE: _, ...env } = process.env;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { env });
    let said = '';
    child.stdout.on('data', (bytes) => {
      said += bytes;
    });

    await expect.poll(() => said.split('\n').length, { timeout: 20_000 }).toBeGreaterThan(40);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const told = Number(said.trim().split('\n').at(-1));
    const reporter = open(reporting, { folder });
    expect(await reporter.flush(60_000)).toBe(true);

    const ledger = await reporter.ledger();
    expect(ledger.captured).toBeGreaterThanOrEqual(told);
    expect(sumOf(ledger)).toBe(ledger.captured);
    expect(await reporting.app.db.errorEvent.count()).toBe(ledger.accepted);
  },
  patienceMs,
);

test(
  'an error that nobody handles is kept before the process ends as it always did',
  async () => {
    const reporting = await openReporting();
    const folder = await makeFolder();
    const code = (last: string) => `
    import { openReporter } from './src/reporter/node.ts';
    openReporter({ url: 'http://127.0.0.1:9', key: 'k', service: 'shop', platform: 'SERVER',
      folder: ${JSON.stringify(folder)} });
    ${last}`;
    const { NODE_V8_COVERAGE: _, ...env } = process.env;
    const exitOf = async (last: string) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code(last)], { env });
      return (await once(child, 'exit'))[0];
    };

    const exits = [
      await exitOf(`throw new RangeError('thrown');`),
      await exitOf(`Promise.reject(new RangeError('rejected'));`),
      await exitOf(
        `process.on('unhandledRejection', () => {}); await null; Promise.reject(new RangeError('heard'));`,
      ),
    ];
    const reporter = open(reporting, { folder });
    await reporter.flush(60_000);

    expect(exits).toEqual([1, 1, 0]);
    const rows = await reporting.app.db.errorEvent.findMany();
    expect(rows.map(({ severity }) => severity).sort()).toEqual(['CRITICAL', 'CRITICAL', 'HIGH']);
  },
  patienceMs,
);

test('it never throws into its host, and never reports itself', async () => {
  const reporting = await openReporting();
  const told: unknown[] = [];
  const reporter = open(reporting, {
    onFault: (fault) => void told.push(fault),
    beforeSend: (report) => {
      reporter.capture(new Error('from within'));
      if (report.exceptions[0]?.message === 'bad') throw new Error('beforeSend fails');
      return report;
    },
  });
  const hostile = new Proxy(new Error('x'), {
    get: () => {
      throw new Error('no property may be read');
    },
  });

  reporter.capture(hostile);
  reporter.capture(new Error('bad'));
  reporter.capture(Symbol('a symbol'));
  reporter.capture(undefined);
  reporter.breadcrumb('kind', Symbol('odd') as never);
  await reporter.flush(20_000);

  expect(await reporter.ledger()).toMatchObject({
    captured: 4,
    invalid: 2,
    accepted: 2,
    queued: 0,
  });
  expect(told.length).toBeGreaterThan(0);
});
