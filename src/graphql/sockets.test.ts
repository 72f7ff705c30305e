import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { Client } from 'pg';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { openTinyServer, post, Talk, type Tiny } from '../../test/tiny-server.ts';

const closeOf = (talk: Talk) => expect.poll(() => talk.closed, { timeout: 8_000 });

test('a key that is not good ends the client for good; an ended token may come again', async () => {
  const tiny = await openTinyServer();
  const ended = `e30.${Buffer.from('{"exp":1}').toString('base64url')}.c2ln`;

  expect((await Talk.open(tiny, 'wrong')).closed).toMatchObject({ code: 4401 });
  expect((await Talk.open(tiny, ended)).closed).toMatchObject({ code: 4403 });
});

test('the token may come as `authorization`, with or without Bearer', async () => {
  const tiny = await openTinyServer();
  const talk = new Talk(tiny);
  await once(talk.socket, 'open');

  talk.send({ type: 'connection_init', payload: { authorization: 'Bearer good' } });
  await talk.until(() => talk.messages.length > 0);

  expect((await talk.ask('{ secret }')).data).toEqual({ secret: 'for viewers' });
});

test('an outage of accounts closes with a code that clients retry', async () => {
  const tiny = await openTinyServer();
  tiny.accounts.isDown = true;

  expect((await Talk.open(tiny)).closed).toMatchObject({ code: 1013 });
});

test('a revoked key loses its idle socket within 5 s', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);
  const begunAt = performance.now();

  tiny.accounts.viewers.delete('good');

  await closeOf(talk).toMatchObject({ code: 4401 });
  expect(performance.now() - begunAt).toBeLessThan(5_000);
});

test('a socket outlives an outage of accounts', async () => {
  const tiny = await openTinyServer();
  const warn = vi.spyOn(tiny.app.log, 'warn');
  const talk = await Talk.open(tiny);

  tiny.accounts.isDown = true;
  await expect.poll(() => warn.mock.calls.length, { timeout: 8_000 }).toBeGreaterThan(0);
  tiny.accounts.isDown = false;

  expect((await talk.ask('mutation { touch }')).data).toEqual({ touch: 1 });
});

test('an access token that ends meanwhile closes the socket with 4403, at the next call or when idle', async () => {
  const tiny = await openTinyServer();
  const viewer = tiny.accounts.add('token', {
    kind: 'USER',
    expiresAt: new Date(Date.now() + 60_000),
  });
  const busy = await Talk.open(tiny, 'token');
  const idle = await Talk.open(tiny, 'token');

  viewer.expiresAt = new Date(Date.now() - 1);
  const id = busy.start('mutation { touch }');

  await closeOf(busy).toMatchObject({ code: 4403 });
  await closeOf(idle).toMatchObject({ code: 4403 });
  expect(busy.of(id)).toEqual([]);
});

test('sockets over the caps are told to come later', async () => {
  const perKey = await openTinyServer({ env: { MAX_SOCKETS_PER_KEY: '2' } });
  const inAll = await openTinyServer({ env: { MAX_SOCKETS: '2' } });
  for (const tiny of [perKey, inAll]) tiny.accounts.add('other');

  for (const tiny of [perKey, inAll]) {
    await Talk.open(tiny);
    await Talk.open(tiny);
    expect((await Talk.open(tiny)).closed).toMatchObject({ code: 1013 });
  }

  expect((await Talk.open(perKey, 'other')).closed).toBeNull();
});

test('sockets that never say who they are are few, and closed', async () => {
  const tiny = await openTinyServer({ env: { MAX_SOCKETS_PER_KEY: '2' } });
  const strangers = [new Talk(tiny), new Talk(tiny)];
  await Promise.all(strangers.map(({ socket }) => once(socket, 'open')));

  const third = new Talk(tiny);

  await closeOf(third).toMatchObject({ code: 1013 });
  await closeOf(strangers[0] as Talk).toMatchObject({ code: 4408 });
});

test('operations over the cap of a socket are refused one by one', async () => {
  const tiny = await openTinyServer({ env: { MAX_OPERATIONS_PER_SOCKET: '2' } });
  const talk = await Talk.open(tiny);
  const first = talk.start('subscription { silence }');
  talk.start('subscription { silence }');

  const refused = await talk.ask('{ hello }');
  talk.send({ type: 'complete', id: first });

  expect(refused.errors?.[0]?.extensions).toMatchObject({
    code: 'OVERLOADED',
    retryAfterSeconds: 1,
  });
  await expect.poll(async () => (await talk.ask('{ hello }')).data).toEqual({ hello: 'hello ' });
  expect(talk.closed).toBeNull();
});

test('a subscription that waits is let go at once, not at its next event', async () => {
  const tiny = await openTinyServer({ env: { MAX_OPERATIONS_PER_SOCKET: '1' } });
  const talk = await Talk.open(tiny);

  for (let i = 0; i < 5; i += 1) {
    const id = talk.start('subscription { silence }');
    await expect.poll(() => talk.of(id).map(({ type }) => type)).toEqual(['next']);
    talk.send({ type: 'complete', id });
    await expect.poll(async () => (await talk.ask('{ hello }')).data).toEqual({ hello: 'hello ' });
    expect(talk.of(id).map(({ type }) => type)).toEqual(['next']);
  }
});

test('a subscription delivers its events, and a fault of its source is masked', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);

  const counting = talk.start('subscription { count(to: 3) }');
  const broken = talk.start('subscription { broken }');

  await expect
    .poll(() => talk.of(counting).map(({ type }) => type))
    .toEqual(['next', 'next', 'next', 'complete']);
  await expect.poll(() => talk.of(broken).map(({ type }) => type)).toContain('error');
  expect(talk.of(broken).find(({ type }) => type === 'error')?.payload).toMatchObject([
    {
      message: 'Unexpected error.',
      extensions: { code: 'UNEXPECTED', correlationId: expect.any(String) },
    },
  ]);
});

test('each event of a subscription is a span of its own, in the trace that the operation names', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

  const id = talk.start('subscription { spans }', {
    extensions: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
  });

  const spans = () =>
    talk
      .of(id)
      .flatMap(({ type, payload }) =>
        type === 'next' ? [(payload as { data: { spans: string } }).data.spans] : [],
      );
  await expect.poll(spans).toHaveLength(2);
  expect(spans().every((span) => span.startsWith(`00-${trace}-`))).toBe(true);
  expect(new Set(spans()).size).toBe(2);
});

test('somebody without rights gets the refusal of a subscription, not its events', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny, null);

  const answer = await talk.ask('subscription { count(to: 3) }');

  expect(answer.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
});

test('a frame over the limit closes its socket alone', async () => {
  const tiny = await openTinyServer();
  const [talk, other] = [await Talk.open(tiny), await Talk.open(tiny)];

  talk.start(`{ hello(name: "${'x'.repeat(1024 * 1024)}") }`);

  await closeOf(talk).toMatchObject({ code: 1009 });
  expect((await other.ask('{ hello }')).data).toEqual({ hello: 'hello ' });
});

test.each([
  ['no JSON', '{', 4400],
  ['no message', '{"type":"nothing"}', 4400],
  ['a message that only servers send', '{"type":"connection_ack"}', 4400],
  ['a list', '[]', 4400],
  ['a ping with half a payload', '{"type":"ping","payload":1}', 4400],
  ['an operation without an id', '{"type":"subscribe","payload":{"query":"{ hello }"}}', 4400],
  ['an operation without a query', '{"type":"subscribe","id":"1","payload":{}}', 4400],
  [
    'an operation with a list of variables',
    '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}',
    4400,
  ],
  ['a second connection_init', '{"type":"connection_init"}', 4429],
])('%s closes with the code of the protocol', async (_what, message, code) => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);

  talk.socket.send(message);

  await closeOf(talk).toMatchObject({ code });
});

test('an operation before connection_init, an id that is in use and another protocol close, too', async () => {
  const tiny = await openTinyServer();
  const twice = await Talk.open(tiny);
  const early = new Talk(tiny);
  const other = new WebSocket(`${tiny.server.url.replace('http', 'ws')}/graphql`);
  const refused = once(other, 'close');
  await once(early.socket, 'open');

  early.start('{ hello }');
  const id = twice.start('subscription { silence }');
  twice.send({ type: 'subscribe', id, payload: { query: '{ hello }' } });

  await closeOf(early).toMatchObject({ code: 4401 });
  await closeOf(twice).toMatchObject({ code: 4409 });
  expect((await refused)[0]).toBe(4406);
});

test('a ping is answered with its payload', async () => {
  const talk = await Talk.open(await openTinyServer());

  talk.send({ type: 'pong' });
  talk.send({ type: 'ping', payload: { at: 1 } });
  talk.send({ type: 'ping' });

  await expect
    .poll(() => talk.messages.slice(1))
    .toEqual([{ type: 'pong', payload: { at: 1 } }, { type: 'pong' }]);
});

test('the answer to an operation that was completed early is not given to the next one with its id', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);
  const id = talk.start('mutation { hold }');
  await expect.poll(() => tiny.gate.entered).toBe(1);

  talk.send({ type: 'complete', id });
  talk.send({ type: 'subscribe', id, payload: { query: 'mutation { hold }' } });
  await expect.poll(() => tiny.gate.entered).toBe(2);
  tiny.gate.open();

  await talk.until(() => talk.of(id).some(({ type }) => type === 'complete'));
  await talk.ask('{ hello }');
  expect(talk.of(id)).toMatchObject([
    { type: 'next', payload: { data: { hold: 2 } } },
    { type: 'complete' },
  ]);
});

test('a client that does not read what it asked for is closed', async () => {
  const tiny = await openTinyServer({ env: { MAX_OPERATIONS_PER_SOCKET: '1000' } });
  const talk = await Talk.open(tiny);
  const sockets = async () => (await tiny.app.metrics.sockets.get()).values[0]?.value;
  expect(await sockets()).toBe(1);

  talk.socket.pause();
  for (let i = 0; i < 60; i += 1) talk.start('{ big(bytes: 1000000) }');

  await expect.poll(sockets, { timeout: 10_000 }).toBe(0);
  const refusals = (await tiny.app.metrics.refusals.get()).values;
  expect(refusals.map(({ labels }) => labels.reason)).toContain('slow-reader');
});

test('a peer that is gone without a word is let go', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);
  talk.socket.pause();
  const sockets = async () => (await tiny.app.metrics.sockets.get()).values[0]?.value;

  await vi.advanceTimersByTimeAsync(31_000);
  vi.useRealTimers();

  await expect.poll(sockets).toBe(0);
});

test('a shutdown lets a mutation in flight answer, then says that the server restarts', async () => {
  const tiny = await openTinyServer();
  const [busy, idle, streaming] = [
    await Talk.open(tiny),
    await Talk.open(tiny),
    await Talk.open(tiny),
  ];
  const held = busy.start('mutation { hold }');
  streaming.start('subscription { silence }');
  const byHttp = post(tiny, { query: 'mutation { hold }' });
  await expect.poll(() => tiny.gate.entered).toBe(2);

  const closing = tiny.server.close();
  await closeOf(idle).toMatchObject({ code: 1012 });
  await closeOf(streaming).toMatchObject({ code: 1012 });
  expect(busy.closed).toBeNull();
  tiny.gate.open();
  await closing;

  await closeOf(busy).toMatchObject({ code: 1012 });
  expect(
    busy
      .of(held)
      .map(({ type, payload }) => [type, (payload as { data?: unknown } | undefined)?.data]),
  ).toEqual([
    ['next', { hold: expect.any(Number) }],
    ['complete', undefined],
  ]);
  expect((await byHttp).body.data).toEqual({ hold: expect.any(Number) });
});

test('a mutation whose client is gone still ends, and hurts nobody', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);
  talk.start('mutation { hold }');
  talk.start('subscription { silence }');
  await expect.poll(() => tiny.gate.entered).toBe(1);

  talk.socket.terminate();
  tiny.gate.open();

  await expect.poll(() => tiny.gate.passed).toBe(1);
  expect((await (await Talk.open(tiny)).ask('{ hello }')).data).toEqual({ hello: 'hello ' });
});

test('a query whose client is gone is given up, and is no fault', async () => {
  const tiny = await openTinyServer();
  const error = vi.spyOn(tiny.app.log, 'error');
  const talk = await Talk.open(tiny);
  talk.start('query Wait { wait }');
  await expect.poll(() => tiny.gate.entered).toBe(1);

  talk.socket.terminate();
  const answered = async () => (await tiny.app.metrics.operations.get()).values;

  await expect
    .poll(async () => (await answered()).map(({ labels }) => [labels.operation, labels.outcome]))
    .toContainEqual(['Wait', 'refused']);
  expect(error).not.toHaveBeenCalled();
});

test('a client that goes on after many refusals is let go', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);

  for (let i = 0; i < 300; i += 1) talk.start('{ nothing }');

  await closeOf(talk).toMatchObject({ code: 1013 });
});

test('rights are found anew for every event', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);
  const id = talk.start('subscription { paced }');
  await expect.poll(() => talk.of(id).length).toBe(1);

  tiny.accounts.add('good', { scopes: new Set() });
  await expect.poll(() => talk.of(id).at(-1)?.type, { timeout: 5_000 }).toBe('error');

  expect(talk.of(id).at(-1)?.payload).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  expect(talk.closed).toBeNull();
});

test('the stock client comes back after a restart, and its mutation with it', async () => {
  const first = await openTinyServer();
  const client = createClient({
    url: `ws://127.0.0.1:${first.server.port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: 'good' },
    retryAttempts: 100,
    shouldRetry: () => true, // by default a refused connection ends it
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  onTestFinished(() => void client.dispose());
  const ask = async () => {
    for await (const result of client.iterate({ query: 'mutation { touch }' })) return result.data;
    return null;
  };
  expect(await ask()).toEqual({ touch: 1 });

  await first.server.close();
  const again = ask();
  await openTinyServer({ env: { PORT: String(first.server.port) } });

  expect(await again).toEqual({ touch: 1 });
});

test('when Postgres goes, sockets stay, and they work again when it is back', async () => {
  const tiny: Tiny = await openTinyServer();
  const talk = await Talk.open(tiny);
  const { rows } = await tiny.app.sql.query<{ name: string }>('SELECT current_database() AS name');
  const name = rows[0]?.name ?? '';
  expect((await talk.ask('{ database }')).data).toEqual({ database: 1 });

  await asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  await expect
    .poll(async () => (await talk.ask('{ database }')).errors?.[0]?.extensions.code)
    .toBe('UNEXPECTED');
  expect((await talk.ask('mutation { touch }')).data).toEqual({ touch: 1 });
  await asAdmin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);

  await expect
    .poll(async () => (await talk.ask('{ database }')).data, { timeout: 10_000 })
    .toEqual({ database: 1 });
  expect(talk.closed).toBeNull();
});

async function asAdmin(statement: string): Promise<void> {
  const client = new Client(inject('adminDatabaseUrl'));
  await client.connect();
  await client.query(statement);
  await client.end();
}
