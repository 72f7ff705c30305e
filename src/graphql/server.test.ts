import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type Answer, openTinyServer, post, Talk, type Tiny } from '../../test/tiny-server.ts';
import { openLog } from '../platform/log.ts';
import { documentLimits } from './limits.ts';

/** The same operation by both transports; their answers must be the same. */
async function askBoth(
  tiny: Tiny,
  query: string,
  more: Record<string, unknown> = {},
  token: string | null = 'good',
): Promise<Answer> {
  const byHttp = (
    await post(tiny, { query, ...more }, { authorization: token ? `Bearer ${token}` : '' })
  ).body;
  const talk = await Talk.open(tiny, token);
  const bySocket = await talk.ask(query, more);
  expect(talk.closed).toBeNull();
  const plain = ({ data, errors }: Answer) => ({
    data,
    errors: errors?.map(({ message, extensions: { correlationId, ...extensions } }) => ({
      message,
      extensions,
      isTraced: Boolean(correlationId),
    })),
  });
  expect(plain(byHttp)).toEqual(plain(bySocket));
  return byHttp;
}

test('a query is answered by both transports, with its correlation id', async () => {
  const tiny = await openTinyServer();

  const answer = await askBoth(tiny, '{ hello(name: "you") }');

  expect(answer.data).toEqual({ hello: 'hello you' });
  expect(answer.extensions?.correlationId).toMatch(/^[0-9a-f]{32}$/);
});

test.each([
  ['a syntax error', '{ hello', {}, 'BAD_USER_INPUT', /Syntax Error/],
  ['an unknown field', '{ nothing }', {}, 'BAD_USER_INPUT', /Cannot query field/],
  [
    'a variable that does not fit',
    'query ($n: Int!) { big(bytes: $n) }',
    { variables: { n: 'many' } },
    'BAD_USER_INPUT',
    /Variable "\$n"/,
  ],
  [
    'an operation that is not there',
    'query A { hello }',
    { operationName: 'B' },
    'BAD_USER_INPUT',
    /operationName/,
  ],
  [
    'several operations and no name',
    'query A { hello } query B { hello }',
    {},
    'BAD_USER_INPUT',
    /several operations/,
  ],
  [
    'too deep',
    `{ node ${'{ node '.repeat(documentLimits.depth)} { id } ${'}'.repeat(documentLimits.depth + 1)}`,
    {},
    'TOO_COMPLEX',
    /depth of at most 14/,
  ],
  [
    'too deep through fragments',
    `{ node { ...A } } ${'ABCDEFGHIJKLMNOP'
      .split('')
      .map(
        (name, i, all) =>
          `fragment ${name} on TinyNode { node { ${all[i + 1] ? `...${all[i + 1]}` : 'id'} } }`,
      )
      .join(' ')}`,
    {},
    'TOO_COMPLEX',
    /depth/,
  ],
  [
    'too many aliases',
    `{ node { ${Array.from({ length: 61 }, (_, i) => `a${i}: id`).join(' ')} } }`,
    {},
    'TOO_COMPLEX',
    /aliases of at most 60/,
  ],
  [
    'too many root fields',
    `{ ${'hello '.repeat(31)} }`,
    {},
    'TOO_COMPLEX',
    /root fields of at most 30/,
  ],
  [
    'too many directives',
    `{ hello ${'@include(if: true) '.repeat(61)} }`,
    {},
    'TOO_COMPLEX',
    /directives of at most 60/,
  ],
  [
    'too many tokens',
    `{ hello(name: "${'x'.repeat(10)}") ${'hello '.repeat(5_000)} }`,
    {},
    'TOO_COMPLEX',
    /5000 tokens/,
  ],
  [
    'too long',
    `# ${'x'.repeat(documentLimits.chars)}\n{ hello }`,
    {},
    'TOO_COMPLEX',
    /100000 characters/,
  ],
  [
    'too costly',
    '{ node { nodes(first: 100) { nodes(first: 300) { id } } } }',
    {},
    'TOO_COMPLEX',
    /complexity of at most 20000/,
  ],
  [
    'too costly by a variable',
    'query ($n: Int!) { node { nodes(first: $n) { nodes(first: 300) { id } } } }',
    { variables: { n: 100 } },
    'TOO_COMPLEX',
    /complexity of at most 20000/,
  ],
  ['a scope that is missing', '{ admin }', {}, 'FORBIDDEN', /scope/],
])('%s is refused alike by both transports', async (_what, query, more, code, message) => {
  const tiny = await openTinyServer();

  const { errors } = await askBoth(tiny, query, more);

  expect(errors?.[0]?.extensions.code).toBe(code);
  expect(errors?.[0]?.message).toMatch(message);
});

test('somebody without a key may only ask what anybody may, by both transports', async () => {
  const tiny = await openTinyServer();

  expect((await askBoth(tiny, '{ hello }', {}, null)).data).toEqual({ hello: 'hello ' });
  expect((await askBoth(tiny, '{ secret }', {}, null)).errors?.[0]?.extensions.code).toBe(
    'UNAUTHENTICATED',
  );
});

test('what depends on a variable is weighed at every call, though the document is remembered', async () => {
  const tiny = await openTinyServer();
  const query = 'query ($n: Int!) { node { nodes(first: $n) { nodes(first: 300) { id } } } }';

  const refused = await post(tiny, { query, variables: { n: 100 } });
  const taken = await post(tiny, { query, variables: { n: 2 } });

  expect(refused.body.errors?.[0]?.extensions.code).toBe('TOO_COMPLEX');
  expect(taken.body.data).toEqual({ node: { nodes: [] } });
});

test('a fault says nothing but its correlation id, under which the log has it whole', async () => {
  const lines: string[] = [];
  const log = openLog('error', { write: (line) => void lines.push(line) });
  const tiny = await openTinyServer({ log });

  const { errors } = await askBoth(tiny, '{ fail }');

  expect(errors?.[0]).toMatchObject({
    message: 'Unexpected error.',
    extensions: { code: 'UNEXPECTED' },
  });
  const logged = lines.map(
    (line) => JSON.parse(line) as { correlationId: string; err: { message: string } },
  );
  expect(
    logged.find(({ correlationId }) => correlationId === errors?.[0]?.extensions.correlationId)?.err
      .message,
  ).toContain('password authentication failed');
});

test('the trace of the caller is carried into resolvers by both transports', async () => {
  const tiny = await openTinyServer();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

  const byHttp = await post(tiny, { query: '{ trace }' }, { traceparent });
  const bySocket = await (await Talk.open(tiny)).ask('{ trace }', { extensions: { traceparent } });

  expect(byHttp.body).toEqual({ data: { trace: traceId }, extensions: { correlationId: traceId } });
  expect(bySocket).toEqual({ data: { trace: traceId }, extensions: { correlationId: traceId } });
});

test('one key that asks too often is told when to come again; another key is not', async () => {
  const tiny = await openTinyServer({ env: { RATE_LIMIT_MAX_REQUESTS: '3' } });
  tiny.accounts.add('other');

  for (let i = 0; i < 3; i += 1) await post(tiny, { query: '{ hello }' });
  const refused = await post(tiny, { query: '{ hello }' });
  const bySocket = await (await Talk.open(tiny)).ask('{ hello }');
  const other = await post(tiny, { query: '{ hello }' }, { authorization: 'Bearer other' });

  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('60');
  expect(refused.body.errors?.[0]?.extensions).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterSeconds: 60,
  });
  expect(bySocket.errors?.[0]?.extensions).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterSeconds: 60,
  });
  expect(other.body.data).toEqual({ hello: 'hello ' });
});

test('somebody without a key is counted by network', async () => {
  const tiny = await openTinyServer({ env: { RATE_LIMIT_MAX_REQUESTS: '2', TRUST_PROXY: '1' } });
  const from = (address: string) =>
    post(tiny, { query: '{ hello }' }, { authorization: '', 'x-forwarded-for': address });

  await from('2001:db8::1');
  await from('2001:db8::2');

  expect((await from('2001:db8::3')).status).toBe(429);
  expect((await from('2001:db8:0:1::1')).status).toBe(200);
});

test('X-Forwarded-For is believed as far as our own proxies wrote it', async () => {
  const direct = await openTinyServer();
  const proxied = await openTinyServer({ env: { TRUST_PROXY: '2' } });
  const headers = { 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.0.0.2' };

  expect((await post(direct, { query: '{ address }' }, headers)).body.data).toEqual({
    address: '127.0.0.1',
  });
  expect((await post(proxied, { query: '{ address }' }, headers)).body.data).toEqual({
    address: '1.2.3.4',
  });
});

test('only listed origins and the server’s own may call, and no other is reflected', async () => {
  const tiny = await openTinyServer({
    env: { ALLOWED_ORIGINS: 'https://app.example,chrome-extension://abcdef' },
  });
  const call = (origin: string) => post(tiny, { query: '{ hello }' }, { origin });

  for (const origin of [
    'https://app.example',
    'chrome-extension://abcdef',
    tiny.server.url,
    `http://localhost:${tiny.server.port}`,
  ]) {
    const { status, headers } = await call(origin);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  }
  for (const origin of [
    'https://app.example.evil.com',
    'https://evil.com',
    'chrome-extension://other',
    'null',
    'http://localhost:1',
  ]) {
    const { status, headers, body } = await call(origin);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect(body.errors?.[0]?.message).toContain('ALLOWED_ORIGINS');
  }
});

test('a preflight is answered for listed origins only', async () => {
  const tiny = await openTinyServer({ env: { ALLOWED_ORIGINS: 'https://app.example' } });
  const ask = (origin: string) =>
    fetch(`${tiny.server.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  expect((await ask('https://app.example')).headers.get('access-control-allow-headers')).toContain(
    'authorization',
  );
  expect((await ask('https://evil.com')).status).toBe(403);
});

test('a WebSocket of a page that is not listed is refused before it opens; programs send no origin', async () => {
  const tiny = await openTinyServer({ env: { ALLOWED_ORIGINS: 'https://app.example' } });
  const open = async (headers: Record<string, string>) => {
    const { socket } = new Talk(tiny, headers);
    const [event] = await Promise.race([
      once(socket, 'open').then(() => ['open']),
      once(socket, 'unexpected-response').then(([, response]) => [
        (response as { statusCode: number }).statusCode,
      ]),
    ]);
    return event;
  };

  expect(await open({})).toBe('open');
  expect(await open({ origin: 'https://app.example' })).toBe('open');
  expect(await open({ origin: 'https://evil.com' })).toBe(403);
  expect(await open({ origin: 'chrome-extension://abcdef' })).toBe(403);
});

test('a body over the limit is refused while it comes, and the limit is named', async () => {
  const tiny = await openTinyServer();
  const bytes = 1024 * 1024;

  const declared = await post(tiny, {
    query: `{ hello }`,
    variables: { filler: 'x'.repeat(bytes) },
  });
  const { status, text } = await streamed(tiny, 3 * bytes);

  expect(declared.status).toBe(413);
  expect(declared.body.errors?.[0]).toMatchObject({
    message: expect.stringContaining(`${bytes} bytes`),
    extensions: { code: 'BAD_USER_INPUT', maxBytes: bytes },
  });
  expect([status, text]).toEqual([413, expect.stringContaining(`${bytes} bytes`)]);
});

test('what a browser may send without asking first is refused', async () => {
  const tiny = await openTinyServer();
  const body = '{"query":"{ hello }"}';
  const send = (type: string, headers: Record<string, string> = {}) =>
    fetch(`${tiny.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body,
    });

  expect((await send('text/plain')).status).toBe(403);
  expect((await send('application/x-www-form-urlencoded')).status).toBe(403);
  expect(
    (await send('application/x-www-form-urlencoded', { 'x-graphql-yoga-csrf': '1' })).status,
  ).toBe(415);
  expect(
    (await send('multipart/form-data; boundary=x', { 'x-graphql-yoga-csrf': '1' })).status,
  ).toBe(415);
  expect((await fetch(`${tiny.server.url}/graphql?query={hello}`)).status).toBe(403);
});

test('a batch is refused, and so is a mutation by GET', async () => {
  const tiny = await openTinyServer();
  const headers = {
    'x-graphql-yoga-csrf': '1',
    authorization: 'Bearer good',
    accept: 'application/json',
  };
  const get = (query: string) =>
    fetch(`${tiny.server.url}/graphql?query=${encodeURIComponent(query)}`, { headers });

  expect((await post(tiny, [{ query: '{ hello }' }, { query: '{ hello }' }])).status).toBe(400);
  expect((await get('mutation { touch }')).status).toBe(405);
  expect(await (await get('{ hello }')).json()).toMatchObject({ data: { hello: 'hello ' } });
});

test('clients of the newer media type get a status for what is refused as a whole', async () => {
  const tiny = await openTinyServer();
  const accept = 'application/graphql-response+json';

  expect((await post(tiny, { query: '{ nothing }' }, { accept })).status).toBe(400);
  expect(
    (await post(tiny, { query: 'query ($n: Int!) { big(bytes: $n) }' }, { accept })).status,
  ).toBe(400);
  expect((await post(tiny, { query: '{ nothing }' }, { accept: 'application/json' })).status).toBe(
    200,
  );
});

test('nonsense in the place of an operation is refused with a code', async () => {
  const tiny = await openTinyServer();

  for (const body of [
    '',
    'null',
    '7',
    '{',
    '{}',
    '{"query":7}',
    '{"query":"{ hello }","variables":[]}',
    '{"query":"{ hello }","more":1}',
  ]) {
    const { status, body: answer } = await post(tiny, body);
    expect([body, status, answer.errors?.[0]?.extensions.code]).toEqual([
      body,
      400,
      'BAD_USER_INPUT',
    ]);
    expect(answer.extensions?.correlationId).toMatch(/^[0-9a-f]{32}$/);
  }
});

test('an outage of accounts refuses over HTTP for a while and names nothing', async () => {
  const tiny = await openTinyServer();
  tiny.accounts.isDown = true;

  const { status, body } = await post(tiny, { query: '{ hello }' });

  expect([status, body.errors?.[0]?.message]).toEqual([503, 'Unexpected error.']);
});

test('a subscription over HTTP streams its events, and a fault of its source ends it masked', async () => {
  const tiny = await openTinyServer();
  const stream = async (query: string) => {
    const response = await fetch(`${tiny.server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: 'Bearer good',
      },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    return [...text.matchAll(/^data: (\{.*\})$/gm)].map(
      ([, json]) => JSON.parse(json ?? '') as Answer,
    );
  };

  expect((await stream('subscription { count(to: 3) }')).map(({ data }) => data?.count)).toEqual([
    1, 2, 3,
  ]);
  const [first, last] = await stream('subscription { broken }');
  expect(first?.data).toEqual({ broken: 1 });
  expect(last?.errors?.[0]).toMatchObject({
    message: 'Unexpected error.',
    extensions: { code: 'UNEXPECTED' },
  });
});

test('streams over HTTP are capped per key, and a closed one makes room', async () => {
  const tiny = await openTinyServer({ env: { MAX_SOCKETS_PER_KEY: '1' } });
  const open = () => {
    const controller = new AbortController();
    const response = fetch(`${tiny.server.url}/graphql`, {
      method: 'POST',
      signal: controller.signal,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: 'Bearer good',
      },
      body: JSON.stringify({ query: 'subscription { silence }' }),
    });
    return { controller, response };
  };

  const first = open();
  expect((await first.response).status).toBe(200);
  expect((await open().response).status).toBe(429);
  first.controller.abort();

  await expect.poll(async () => (await open().response).status).toBe(200);
});

test('unknown paths and routes below known ones are told apart', async () => {
  const tiny = await openTinyServer({
    routes: {
      '/objects': (_app, req, res) => void res.end(req.url),
      '/broken': () => Promise.reject(new Error('secret')),
    },
  });
  const get = async (path: string) => {
    const response = await fetch(`${tiny.server.url}${path}`);
    return [response.status, await response.text()];
  };

  expect(await get('/objects/read/1?expires=2')).toEqual([200, '/objects/read/1?expires=2']);
  expect(await get('/objectsx')).toEqual([404, expect.stringContaining('NOT_FOUND')]);
  expect(await get('/nothing')).toEqual([404, expect.stringContaining('NOT_FOUND')]);
  expect(await get('/broken')).toEqual([500, expect.not.stringContaining('secret')]);
  expect(await get('/')).toEqual([200, expect.stringContaining('/graphql')]);
});

test('GraphiQL comes whole, and only where it is switched on', async () => {
  const on = await openTinyServer();
  const off = await openTinyServer({ env: { GRAPHIQL: 'false' } });
  const page = async ({ server }: Tiny) =>
    fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } });

  const response = await page(on);

  expect(response.headers.get('content-security-policy')).toContain("connect-src 'self'");
  expect(await response.text()).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/);
  expect((await page(off)).status).not.toBe(200);
});

test('names that clients give to operations cannot make metrics without end', async () => {
  const tiny = await openTinyServer();
  const talk = await Talk.open(tiny);

  for (let i = 0; i < 310; i += 1) await talk.ask(`query Name${i} { hello }`);

  const { values } = await tiny.app.metrics.operations.get();
  expect(new Set(values.map(({ labels }) => labels.operation)).size).toBeLessThanOrEqual(302);
});

/** A body sent in chunks without a length; stops when the answer comes. */
async function streamed(
  { server }: Tiny,
  bytes: number,
): Promise<{ status: number; text: string }> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (data) => {
    text += String(data);
  });
  socket.write(
    'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  socket.write('b\r\n{"query":"x\r\n');
  const chunk = 'x'.repeat(64 * 1024);
  for (let sent = 0; sent < bytes && !text; sent += chunk.length) {
    socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => text).toContain('}');
  socket.destroy();
  return { status: Number(text.split(' ')[1]), text };
}
