import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeTestKey } from '../../../test/accounts.ts';
import { bodyOf, openReporting, type Reporting } from '../../../test/reporting.ts';
import { aReport, counted } from '../../../test/reports.ts';
import { newId } from '../../lib/ids.ts';
import { registerContracts } from '../contracts/register.ts';
import { bodyLimits } from './body.ts';

const event = {
  event_id: '9ec79c33ec9942ab8353589fcb2e04dc',
  timestamp: 1_770_000_000,
  platform: 'python',
  level: 'fatal',
  exception: {
    values: [
      {
        type: 'KeyError',
        value: 'price',
        stacktrace: {
          frames: [{ filename: 'shop/pay.py', function: 'pay', lineno: 7, in_app: true }],
        },
      },
    ],
  },
  tags: [['tenant', 'north']],
  contexts: { trace: { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' } },
};

function envelopeOf(items: [type: string, payload: unknown][], header: object = {}): string {
  const lines = items.flatMap(([type, payload]) => {
    const text = JSON.stringify(payload);
    return [JSON.stringify({ type, length: Buffer.byteLength(text) }), text];
  });
  return [JSON.stringify(header), ...lines, ''].join('\n');
}

function post(
  { server, dsn }: Reporting,
  body: string | Buffer,
  headers: Record<string, string> = {},
  path = `/api/${dsn.split('/').at(-1)}/envelope/`,
): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: 'POST',
    body: body as BodyInit,
    headers,
  });
}

const auth = ({ reportKey }: Reporting) => ({
  'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${reportKey.secret}`,
});

test('an event of any SDK becomes a report, and a repeat is a duplicate', async () => {
  const reporting = await openReporting();

  const first = await post(reporting, envelopeOf([['event', event]]), auth(reporting));
  const again = await post(reporting, envelopeOf([['event', event]]), auth(reporting));

  expect([first.status, again.status]).toEqual([200, 200]);
  expect(await first.json()).toEqual({ id: event.event_id });
  const [stored] = await reporting.reports(1);
  expect(stored).toMatchObject({
    severity: 'CRITICAL',
    platform: 'SERVER',
    correlationId: event.contexts.trace.trace_id,
  });
  expect(bodyOf(stored)).toMatchObject({ tags: { tenant: 'north' } });
  expect(await reporting.ledger()).toEqual({ ACCEPTED: 1, DUPLICATE: 1 });
});

test('the key may stand in the header, in the address or in the envelope', async () => {
  const reporting = await openReporting();
  const { secret } = reporting.reportKey;
  const number = reporting.dsn.split('/').at(-1);
  const body = envelopeOf([['event', event]]);

  const answers = await Promise.all([
    post(reporting, body, auth(reporting)),
    post(reporting, body, {}, `/api/${number}/envelope/?sentry_key=${secret}&sentry_version=7`),
    post(reporting, envelopeOf([['event', event]], { dsn: reporting.dsn })),
    post(reporting, JSON.stringify(event), auth(reporting), `/api/${number}/store/`),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test('no key, a wrong one, one that may not report and another project’s are refused', async () => {
  const reporting = await openReporting();
  const { app, projectId, reportKey } = reporting;
  const reader = await makeTestKey(app, projectId, ['READ']);
  const body = envelopeOf([['event', event]]);
  const withKey = (key: string) => ({ 'x-sentry-auth': `Sentry sentry_key=${key}` });

  const statuses = [
    (await post(reporting, body)).status,
    (await post(reporting, body, withKey('cs_wrong'))).status,
    (await post(reporting, body, withKey(reader.secret))).status,
    (await post(reporting, body, withKey(reportKey.secret), '/api/4711/envelope/')).status,
  ];

  expect(statuses).toEqual([401, 401, 403, 403]);
  expect(await reporting.ledger()).toEqual({});
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])(
  'a body in %s is read, and one that grows beyond the limit is refused',
  async (name, compress) => {
    const reporting = await openReporting();
    const headers = { ...auth(reporting), 'content-encoding': name };

    const good = await post(reporting, compress(envelopeOf([['event', event]])), headers);
    const bomb = await post(
      reporting,
      compress(Buffer.alloc(bodyLimits.inflatedBytes + 1, 'a')),
      headers,
    );

    expect(good.status).toBe(200);
    expect(bomb.status).toBe(413);
    expect(await bomb.json()).toEqual({
      detail: `Expected at most ${bodyLimits.inflatedBytes} bytes after inflation, got more.`,
    });
  },
);

test('what is no envelope, another encoding, too long or too many is refused in words', async () => {
  const reporting = await openReporting();
  const many = envelopeOf(Array.from({ length: 101 }, () => ['session', {}]));
  const cases: [string | Buffer, Record<string, string>][] = [
    ['not an envelope', {}],
    ['{}\n{"type":"event","length":99}\n{}', {}],
    ['{}', { 'content-encoding': 'compress' }],
    [Buffer.alloc(bodyLimits.sentBytes + 1, 'a'), {}],
    [many, {}],
  ];

  const answers: unknown[] = [];
  for (const [body, headers] of cases) {
    const answer = await post(reporting, body, { ...auth(reporting), ...headers });
    answers.push([answer.status, ((await answer.json()) as { detail: string }).detail]);
  }

  expect(answers).toEqual([
    [400, 'Expected a JSON object as the header of an envelope.'],
    [400, 'Expected 99 bytes for item 0, got 2.'],
    [415, 'Expected a body in gzip, deflate, br or as it is, got compress.'],
    [413, `Expected at most ${bodyLimits.sentBytes} bytes, got more.`],
    [413, 'Expected at most 100 items, got more.'],
  ]);
});

test('what an SDK dropped is an account that counts once, other items are counted with the reason', async () => {
  const reporting = await openReporting();
  const dropped = {
    timestamp: 1_770_000_000,
    discarded_events: [{ reason: 'ratelimit_backoff', category: 'error', quantity: 5 }],
  };
  const body = envelopeOf([
    ['client_report', dropped],
    ['transaction', { spans: [] }],
    ['session', { sid: '1' }],
    ['what_is_this', {}],
    ['event', 'no event'],
  ]);

  await post(reporting, body, auth(reporting));
  await post(reporting, envelopeOf([['client_report', dropped]]), auth(reporting));

  await counted(reporting.app);
  const rows = await reporting.app.db.reportLedger.findMany({ orderBy: { reason: 'asc' } });
  expect(rows.map(({ outcome, reason, count }) => [outcome, reason, Number(count)])).toEqual([
    ['FILTERED', 'item_session', 1],
    ['FILTERED', 'item_transaction', 1],
    ['FILTERED', 'item_unknown', 1],
    ['INVALID', 'malformed', 1],
    ['DISCARDED', 'ratelimit_backoff', 5],
  ]);
});

test('reports over the rate are refused with the time to come again, their account is taken', async () => {
  const reporting = await openReporting({ REPORTS_PER_SECOND_KEY: '1', REPORTS_BURST_KEY: '1' });
  const account = {
    id: '019b0000-0000-7000-8000-000000000001',
    discarded: [{ reason: 'rate_limited', count: 7 }],
  };
  const call = { reports: [aReport(), aReport()], clientReports: [account] };
  const headers = { authorization: `Bearer ${reporting.reportKey.secret}` };

  const answer = await post(reporting, JSON.stringify(call), headers, '/api/reports');

  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('x-sentry-rate-limits')).toMatch(/^\d+:error;default:key$/);
  expect(await answer.json()).toMatchObject({
    outcomes: [{ outcome: 'ACCEPTED' }, { outcome: 'RATE_LIMITED' }],
    clientReports: [account.id],
  });
  expect(await reporting.ledger()).toEqual({ ACCEPTED: 1, RATE_LIMITED: 1, DISCARDED: 7 });
});

test('accounts that add up to more than a number of the database are counted, and stop no other report', async () => {
  const reporting = await openReporting();
  const most = 2 ** 31 - 1;
  const account = {
    id: '019b0000-0000-7000-8000-000000000002',
    discarded: ['first', 'second'].map((reason) => ({ reason, count: most })),
  };
  const headers = { authorization: `Bearer ${reporting.reportKey.secret}` };
  const send = (call: object) => post(reporting, JSON.stringify(call), headers, '/api/reports');

  const answer = await send({ reports: [aReport()], clientReports: [account] });
  const tooMany = await send({ clientReports: Array.from({ length: 101 }, () => account) });

  expect(answer.status).toBe(200);
  expect(await reporting.ledger()).toEqual({ ACCEPTED: 1, DISCARDED: 2 * most });
  expect(tooMany.status).toBe(400);
  expect(await tooMany.text()).toMatch(/clientReports: .*100/);
});

test('pages of every origin may report, without credentials, and ask nothing else', async () => {
  const reporting = await openReporting();
  const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' };
  const at = (path: string) =>
    fetch(`http://127.0.0.1:${reporting.server.port}${path}`, { method: 'OPTIONS', headers });

  const [open, closed] = await Promise.all([at('/api/reports'), at('/graphql')]);

  expect(open.status).toBe(204);
  expect(open.headers.get('access-control-allow-origin')).toBe('*');
  expect(open.headers.get('access-control-allow-credentials')).toBeNull();
  expect(open.headers.get('access-control-allow-headers')).toContain('x-sentry-auth');
  expect(closed.status).toBe(403);
});

test('how contracts are kept may be told by a page of any origin, with a key that may report, at its rate', async () => {
  const reporting = await openReporting({ REPORTS_BURST_KEY: '9', REPORTS_PER_SECOND_KEY: '1' });
  const { app, server, projectId, reportKey } = reporting;
  const [hash = ''] = await registerContracts(app, projectId, [
    { service: 'shop', operation: 'price', version: '1', kind: 'HTTP' },
  ]);
  const unknown = 'f'.repeat(64);
  const check = (contractHash: string) => ({ id: newId(), contractHash, checked: 3 });
  const tell = async (body: object | string, key = reportKey.secret) => {
    const response = await fetch(`${server.url}/api/checks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, origin: 'https://shop.example' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const answer = { status: response.status, ...((await response.json()) as object) };
    return { answer, headers: response.headers };
  };
  const asked = await fetch(`${server.url}/api/checks`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://shop.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*']);

  const { answer, headers } = await tell({ clientId: 'page 1', checks: [check(hash)] });

  expect(headers.get('access-control-allow-origin')).toBe('*');
  expect(answer).toEqual({ status: 200, counted: 1, unknown: [] });
  expect(await app.db.contract.findFirst()).toMatchObject({ checkCount: 3n });
  expect((await tell({ checks: [check(unknown)] })).answer).toMatchObject({ unknown: [unknown] });
  expect(await reporting.reports(1)).toMatchObject([{ category: 'VERSION_MISMATCH' }]);
  expect((await tell({ checks: [] })).answer).toMatchObject({
    status: 400,
    detail: expect.stringContaining('checks: '),
  });
  expect((await tell('no JSON')).answer).toMatchObject({ status: 400 });
  const limited = async () => {
    const { answer, headers } = await tell({ checks: [] });
    return { ...answer, wait: Number(headers.get('retry-after')) > 0 };
  };
  await expect.poll(limited, { interval: 0 }).toEqual({
    ...{ status: 429, wait: true },
    detail: expect.stringContaining('key_limit'),
  });
  expect((await tell({ checks: [] }, 'none')).answer).toMatchObject({ status: 401 });
  const reads = await makeTestKey(app, projectId, ['READ']);
  expect((await tell({ checks: [] }, reads.secret)).answer).toMatchObject({ status: 403 });
});
