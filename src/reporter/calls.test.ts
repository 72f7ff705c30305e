import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'graphql-ws';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { openProduct } from '../../test/product.ts';
import type { Contract } from './contracts.ts';
import { openReporter } from './node.ts';
import type { WireReport } from './types.ts';

/** A reporter whose reports are looked at before they would leave. */
function listenTo(contracts: Contract[]) {
  const told: WireReport[] = [];
  const reporter = openReporter({
    url: 'http://127.0.0.1:9',
    key: 'none',
    service: 'shop',
    platform: 'PWA',
    automatic: { errors: false },
    contracts,
    beforeSend: (report) => {
      told.push(report);
      return null;
    },
  });
  onTestFinished(() => reporter.close(0));
  const words = () =>
    told.map(({ category, contract, response }) => [
      category,
      contract?.violation,
      response?.status,
    ]);
  return { reporter, told, words };
}

/** A service of another platform. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const contract: Contract = {
  operation: 'getOrder',
  path: '/orders/*',
  response: {
    type: 'object',
    required: ['id', 'total'],
    properties: {
      total: { type: 'number' },
      items: { type: 'array', items: { type: 'object', required: ['sku'] } },
    },
  },
  timeoutMs: 150,
};

test('an answer that departs from its contract is told with every deviation, and no value', async () => {
  const url = await serve((_, response) =>
    response.end('{"total":"12 EUR","items":[{},{"sku":1}]}'),
  );
  const { reporter, told } = listenTo([contract]);

  const answer = await reporter.wrapFetch(fetch)(`${url}/orders/7?token=abc`);

  expect(await answer.json()).toMatchObject({ total: '12 EUR' });
  await expect.poll(() => told.length).toBe(1);
  expect(told[0]).toMatchObject({
    category: 'CONTRACT_VIOLATION',
    request: { method: 'GET', url: `${url}/orders/7` },
    contract: {
      operation: 'getOrder',
      violation: 'RESPONSE_SCHEMA_ERROR',
      pointer: '/id',
      deviations: [
        { pointer: '/id', keyword: 'required', expected: 'present', actual: 'absent' },
        { pointer: '/total', keyword: 'type', expected: 'number', actual: 'string' },
        { pointer: '/items/*/sku', keyword: 'required', expected: 'present', actual: 'absent' },
      ],
    },
  });
  expect(JSON.stringify(told)).not.toMatch(/12 EUR|abc/);
});

test('what is no JSON, a refusal of parameters and statuses with a category of their own are told as such', async () => {
  const url = await serve(({ url = '' }, response) => {
    response.statusCode = Number(url.split('/')[2]);
    response.end('<html>');
  });
  const { reporter, words } = listenTo([contract]);
  const ask = reporter.wrapFetch(fetch);

  for (const status of [200, 400, 401, 403, 429, 503, 404]) await ask(`${url}/orders/${status}`);

  await expect.poll(() => words().length).toBe(6);
  const sorted = words().sort((a, b) => Number(a[2] ?? 0) - Number(b[2] ?? 0));
  expect(sorted).toEqual([
    ['CONTRACT_VIOLATION', 'RESPONSE_SCHEMA_ERROR', undefined],
    ['CONTRACT_VIOLATION', 'PARAM_MISMATCH', 400],
    ['AUTH_EXPIRED', undefined, 401],
    ['PERMISSION_DENIED', undefined, 403],
    ['RATE_LIMIT_EXCEEDED', undefined, 429],
    ['SERVICE_UNAVAILABLE', 'UNAVAILABLE', 503],
  ]);
});

test('a service that is away is told; a call that its caller gives up is not', async () => {
  const url = await serve(() => {});
  const { reporter, words } = listenTo([]);
  const ask = reporter.wrapFetch(fetch);
  const controller = new AbortController();

  await expect(ask('http://127.0.0.1:9/orders/7')).rejects.toThrow();
  const given = ask(`${url}/orders/7`, { signal: controller.signal });
  controller.abort();
  await expect(given).rejects.toThrow();
  const late = ask(`${url}/orders/7`, { signal: AbortSignal.timeout(20) });
  await expect(late).rejects.toThrow();

  expect(words()).toEqual([
    ['SERVICE_UNAVAILABLE', 'UNAVAILABLE', undefined],
    ['NETWORK_TIMEOUT', 'TIMEOUT', undefined],
  ]);
});

test('an answer over the limit is told as late when it comes, and as none when it does not', async () => {
  const url = await serve(({ url = '' }, response) => {
    if (url === '/orders/slow') setTimeout(() => response.end('{"id":1,"total":2}'), 220);
  });
  const { reporter, told } = listenTo([contract]);
  const ask = reporter.wrapFetch(fetch);

  await ask(`${url}/orders/slow`);
  void ask(`${url}/orders/never`).catch(() => undefined);

  await expect.poll(() => told.length).toBe(2);
  expect(told.map(({ contract }) => [contract?.violation, contract?.isLate])).toEqual([
    ['TIMEOUT', true],
    ['TIMEOUT', false],
  ]);
});

test('the trace goes along by HTTP, and work keeps it over what it awaits', async () => {
  const seen: unknown[] = [];
  const url = await serve((request, response) => {
    seen.push(request.headers.traceparent);
    response.statusCode = 503;
    response.end();
  });
  const { reporter, told } = listenTo([]);
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

  await reporter.withCorrelation(`00-${trace}-00f067aa0ba902b7-01`, async () => {
    await null;
    await reporter.wrapFetch(fetch)(`${url}/`);
  });

  expect(seen).toEqual([expect.stringMatching(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`))]);
  expect(told[0]?.correlationId).toBe(trace);
});

test('a GraphQL operation under a contract names it in its extensions, also over HTTP; others are sent as they are', async () => {
  const bodies: string[] = [];
  const url = await serve(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    response.end('{"data":{"me":null}}');
  });
  const hash = 'a'.repeat(64);
  const { reporter, told } = listenTo([{ operation: 'Me', hash }]);
  const post = (body: string) => reporter.wrapFetch(fetch)(url, { method: 'POST', body });
  const me = { query: 'query Me { me }', variables: { a: 1 }, extensions: { persisted: true } };

  await post(JSON.stringify(me));
  await post('{ "query": "query Others { others }" }');
  await post('no JSON');

  expect(JSON.parse(bodies[0] ?? '')).toEqual({
    ...me,
    extensions: { persisted: true, contractHash: hash },
  });
  expect(bodies.slice(1)).toEqual(['{ "query": "query Others { others }" }', 'no JSON']);
  expect(told).toEqual([]);
});

test('operations over graphql-ws carry the trace and are checked', async () => {
  const product = await openProduct();
  const broken: Contract = {
    operation: 'Whoami',
    response: { properties: { viewer: { required: ['nickname'] } } },
  };
  const { reporter, told } = listenTo([broken]);
  const client = createClient({
    url: `${product.server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: product.key },
  });
  onTestFinished(() => void client.dispose());
  const wrapped = reporter.wrapClient(client);
  const ask = (query: string, variables = {}) =>
    new Promise<Record<string, unknown> | null>((resolve, reject) => {
      let last: Record<string, unknown> | null = null;
      wrapped.subscribe(
        { query, variables },
        {
          next: (value) => {
            last = value as unknown as Record<string, unknown>;
          },
          error: () => resolve(null),
          complete: () => (last ? resolve(last) : reject(new Error('nothing came'))),
        },
      );
    });

  const answer = await ask('query Whoami { viewer { id } }');
  await ask('query Wrong($id: ID!) { session(id: $id) { id } }', {});

  expect(told.map(({ contract }) => [contract?.operation, contract?.violation])).toEqual([
    ['Whoami', 'RESPONSE_SCHEMA_ERROR'],
    ['Wrong', 'PARAM_MISMATCH'],
  ]);
  expect(told[0]?.contract?.pointer).toBe('/viewer/nickname');
  expect(answer?.extensions).toMatchObject({ correlationId: told[0]?.correlationId });
});

test('the state of a queue of changes rides along, a conflict is told', () => {
  const { reporter, told } = listenTo([]);

  reporter.syncState({ pendingOperations: 3, head: 'a', lastSyncedAt: new Date(0) });
  reporter.syncConflict({ type: 'conflict', entityType: 'note' });

  expect(told).toMatchObject([
    {
      category: 'SYNC_CONFLICT',
      sync: {
        type: 'conflict',
        entityType: 'note',
        pendingOperations: 3,
        lastSyncedAt: new Date(0).toISOString(),
      },
    },
  ]);
});
