import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  ProcessingProgressDocument,
  TypedDocumentString,
  type ViewerQuery,
} from '../generated/client/graphql.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import { ConnectionClosedError, ConnectionEndedError, RequestRefusedError } from './errors.ts';

type Message = { type: string; id: string; payload?: { token?: string } };
/** What a server does with a message; the first of the list meets the first connection. */
type Script = (message: Message, socket: WebSocket) => void;

const question = new TypedDocumentString<ViewerQuery, object>('{ viewer { scopes } }');

/** A server of graphql-ws that does what a test says. */
async function openServer(script: Script): Promise<{ url: string; tokens: string[] }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const tokens: string[] = [];
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const message: Message = JSON.parse(String(data));
      if (message.type === 'connection_init') tokens.push(message.payload?.token ?? '');
      if (message.type === 'ping') socket.send('{"type":"pong"}');
      script(message, socket);
    });
  });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens };
}

function connect(url: string, options: Partial<ConnectionOptions> = {}): Connection {
  const backoff = { firstMs: 10, lastMs: 50 };
  const connection = openConnection({ url, token: 'good', patienceMs: 5_000, backoff, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

const greet: Script = ({ type }, socket) => {
  if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
};

/** Greets, and answers each operation with the next of these. */
function answering(answers: object[]): Script {
  const left = [...answers];
  return (message, socket) => {
    greet(message, socket);
    if (message.type !== 'subscribe') return;
    const { id } = message;
    socket.send(JSON.stringify({ type: 'next', id, payload: left.shift() ?? { data: 'no more' } }));
    socket.send(JSON.stringify({ type: 'complete', id }));
  };
}

const refusal = (code: string, more: object = {}) => ({
  errors: [{ message: `said ${code}`, extensions: { code, ...more } }],
});

test('a fault inside the server is tried again, a refusal is not', async () => {
  const data = { viewer: { scopes: [] } };
  const { url } = await openServer(
    answering([
      refusal('UNEXPECTED'),
      refusal('UNEXPECTED'),
      { data },
      refusal('FORBIDDEN', { correlationId: 'c1' }),
    ]),
  );
  const connection = connect(url);

  expect(await connection.run(question, {})).toEqual(data);
  await expect(connection.run(question, {})).rejects.toThrow(
    new RequestRefusedError('FORBIDDEN', 'said FORBIDDEN Correlation id: c1.'),
  );
});

test('a fault that stays is said after some tries', async () => {
  const { url } = await openServer(
    answering(Array.from({ length: 20 }, () => refusal('UNEXPECTED'))),
  );

  await expect(connect(url).run(question, {})).rejects.toMatchObject({ code: 'UNEXPECTED' });
});

test('a server that asks for patience gets it, with a little more', async () => {
  const { url } = await openServer(
    answering([refusal('RATE_LIMITED', { retryAfterSeconds: 7 }), { data: 'answer' }]),
  );
  const waits: number[] = [];
  const connection = connect(url, {
    wait: async (ms) => {
      waits.push(ms);
    },
  });

  expect(await connection.run(question, {})).toBe('answer');
  expect(waits).toHaveLength(1);
  expect(waits[0]).toBeGreaterThanOrEqual(7_000);
  expect(waits[0]).toBeLessThan(9_000);
});

test('an expired token is replaced by a fresh one, with back-off', async () => {
  let made = 0;
  const { url, tokens } = await openServer((message, socket) => {
    if (message.type === 'connection_init' && message.payload?.token !== 'token 4')
      socket.close(4403, 'The access token has ended; connect with a new one.');
    else answering([{ data: 'answer' }])(message, socket);
  });
  const begunAt = performance.now();

  const connection = connect(url, {
    backoff: { firstMs: 100, lastMs: 200 },
    token: async () => {
      made += 1;
      return `token ${made}`;
    },
  });

  expect(await connection.run(question, {})).toBe('answer');
  expect(tokens).toEqual(['token 1', 'token 2', 'token 3', 'token 4']);
  expect(performance.now() - begunAt).toBeGreaterThan(200);
});

test('what is in flight when a connection is lost is sent again on the next one', async () => {
  let asked = 0;
  const states: string[] = [];
  const { url } = await openServer((message, socket) => {
    if (message.type === 'subscribe' && ++asked < 3)
      socket.close(asked === 1 ? 1012 : 1013, 'later');
    else answering([{ data: 'answer' }])(message, socket);
  });
  const connection = connect(url, {
    onState: (state, detail) => states.push(`${state} ${detail}`),
  });

  expect(await connection.run(question, {})).toBe('answer');
  expect(connection.reconnects).toBe(2);
  expect(states).toEqual([
    `connected ${url}`,
    'lost 1012: later',
    `connected ${url}`,
    'lost 1013: later',
    `connected ${url}`,
  ]);
});

test('a server that does not understand the client ends it, in words', async () => {
  const { url } = await openServer((message, socket) => {
    greet(message, socket);
    if (message.type === 'subscribe') socket.close(4400, 'Invalid message');
  });
  const connection = connect(url);

  const lost = connection.run(question, {});

  await expect(lost).rejects.toThrow(ConnectionEndedError);
  await expect(lost).rejects.toThrow(
    /4400 \(the server did not understand the client\) and said: Invalid message/,
  );
  await expect(connection.run(question, {})).rejects.toThrow(/4400/);
});

test('closing ends what waits, and a second close does nothing', async () => {
  const { url } = await openServer(greet);
  const connection = connect(url);
  await connection.ready(2_000);
  const waiting = connection.run(question, {});
  const following = connection.follow(question, {}).next();
  const ends = [
    expect(waiting).rejects.toThrow(ConnectionClosedError),
    expect(following).rejects.toThrow(ConnectionClosedError),
  ];

  await connection.close();
  await connection.close();

  await Promise.all(ends);
});

test('an aborted call ends with the reason, connected or not', async () => {
  const { url } = await openServer(greet);
  const nowhere = connect('http://127.0.0.1:9');
  const reason = new Error('enough');

  for (const connection of [connect(url), nowhere]) {
    const controller = new AbortController();
    const waiting = connection.run(question, {}, controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await expect(waiting).rejects.toBe(reason);
    await expect(connection.run(question, {}, controller.signal)).rejects.toBe(reason);
  }
});

test('events come in order until the server ends them; a refused subscription is said', async () => {
  let asked = 0;
  const { url } = await openServer((message, socket) => {
    greet(message, socket);
    if (message.type !== 'subscribe') return;
    asked += 1;
    const { id } = message;
    const say = (type: string, payload?: unknown) =>
      socket.send(JSON.stringify({ type, id, payload }));
    if (asked === 2) say('error', [{ message: 'no', extensions: { code: 'OVERLOADED' } }]);
    else {
      say('next', { data: 1 });
      say('next', { data: 2 });
      say('complete');
    }
  });
  const connection = connect(url);
  const follow = () => connection.follow(ProcessingProgressDocument, { sessionId: 'x' });

  expect(await Array.fromAsync(follow())).toEqual([1, 2]);
  await expect(Array.fromAsync(follow())).rejects.toMatchObject({
    code: 'OVERLOADED',
    message: 'no',
  });
});

test('an address that is none is refused at once', () => {
  expect(() => openConnection({ url: 'localhost', token: 'x' })).toThrow(
    /Expected an address like/,
  );
  expect(() => openConnection({ url: 'ftp://x', token: 'x' })).toThrow(/Expected an address like/);
});

test('the address may name the endpoint', () => {
  const urls = ['http://127.0.0.1:9/graphql', 'ws://127.0.0.1:9', 'http://127.0.0.1:9/'];

  expect(urls.map((url) => connect(url).url)).toEqual(Array(3).fill('http://127.0.0.1:9'));
});
