import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { builder } from '../src/graphql/builder.ts';
import type { Authenticate, Viewer } from '../src/graphql/context.ts';
import { openServer, type Routes, type Server } from '../src/graphql/server.ts';
import '../src/graphql/scalars.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';
import type { Log } from '../src/platform/log.ts';
import { childOf, currentTrace, traceparentOf } from '../src/platform/trace.ts';
import { openTestApp } from './app.ts';

/** Who a token belongs to. Tests revoke by deleting, and cause an outage by `isDown`. */
class Accounts {
  readonly viewers = new Map<string, Viewer>();
  isDown = false;

  add(token: string, viewer: Partial<Viewer> = {}): Viewer {
    const added: Viewer = {
      kind: 'KEY',
      id: newId(),
      projectId: newId(),
      participantId: null,
      scopes: new Set(['READ']),
      expiresAt: null,
      ...viewer,
    };
    this.viewers.set(token, added);
    return added;
  }

  readonly authenticate: Authenticate = async (_app, { token }) => {
    if (this.isDown) throw new Error('connect ECONNREFUSED postgres://user:secret@db');
    return this.viewers.get(token ?? '') ?? null;
  };
}

/** A mutation that runs until the test lets it end. */
class Gate {
  readonly #open = Promise.withResolvers<void>();
  entered = 0;
  passed = 0;

  async pass(): Promise<void> {
    this.entered += 1;
    await this.#open.promise;
    this.passed += 1;
  }

  open(): void {
    this.#open.resolve();
  }
}

export type Tiny = { app: App; server: Server; accounts: Accounts; gate: Gate };

let gate = new Gate();
let schema: GraphQLSchema | undefined;

/** A real server on a real database, with a schema of a few fields that do what tests need. */
export async function openTinyServer({
  env = {},
  routes = {},
  log,
}: {
  env?: Record<string, string>;
  routes?: Routes;
  log?: Log;
} = {}): Promise<Tiny> {
  const app = await openTestApp({
    env: { PORT: '0', MAX_MESSAGE_MB: '1', ...env },
    ...(log ? { log } : {}),
  });
  const accounts = new Accounts();
  accounts.add('good');
  gate = new Gate();
  schema ??= tinySchema();
  const { authenticate } = accounts;
  const server = await openServer(app, { schema, authenticate, routes });
  onTestFinished(() => server.close());
  return { app, server, accounts, gate };
}

/** An operation over HTTP. */
export async function post(
  { server }: Pick<Tiny, 'server'>,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Answer; headers: Headers }> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer good', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    body: (await response.json()) as Answer,
    headers: response.headers,
  };
}

export type Answer = {
  data?: Record<string, unknown> | null;
  errors?: {
    message: string;
    extensions: { code: string; correlationId?: string; [more: string]: unknown };
  }[];
  extensions?: { correlationId: string };
};

export type Message = { type: string; id?: string; payload?: unknown };

/** A WebSocket that remembers what came. */
export class Talk {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  closed: { code: number; reason: string } | null = null;
  #lastId = 0;

  constructor({ server }: Pick<Tiny, 'server'>, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(
      `${server.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
      { headers },
    );
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data)) as Message));
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    this.socket.on('error', () => undefined);
    onTestFinished(() => this.socket.terminate());
  }

  /** Connects with a token; `null` for none. */
  static async open(tiny: Pick<Tiny, 'server'>, token: string | null = 'good'): Promise<Talk> {
    const talk = new Talk(tiny);
    await once(talk.socket, 'open');
    talk.send({ type: 'connection_init', ...(token === null ? {} : { payload: { token } }) });
    await talk.until(
      () => talk.closed !== null || talk.messages.some(({ type }) => type === 'connection_ack'),
    );
    return talk;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  start(query: string, more: Record<string, unknown> = {}): string {
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.send({ type: 'subscribe', id, payload: { query, ...more } });
    return id;
  }

  of(id: string): Message[] {
    return this.messages.filter((message) => message.id === id);
  }

  /** The answer to a query or mutation, in the shape that HTTP gives it. */
  async ask(query: string, more: Record<string, unknown> = {}): Promise<Answer> {
    const id = this.start(query, more);
    await this.until(() => this.of(id).some(({ type }) => type === 'complete' || type === 'error'));
    const [first] = this.of(id);
    if (first?.type === 'error') return { errors: first.payload } as Answer;
    return first?.payload as Answer;
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const heard = new AbortController();
      const { signal } = heard;
      const events = [
        once(this.socket, 'message', { signal }),
        once(this.socket, 'close', { signal }),
      ];
      await Promise.race(events).finally(() => heard.abort());
      await Promise.allSettled(events);
    }
  }
}

function tinySchema(): GraphQLSchema {
  const anybody = { anybody: true } as const;
  const Node = builder.objectRef<object>('TinyNode').implement({
    description: 'A thing that holds itself.',
    fields: (t) => ({
      id: t.string({ description: 'Anything.', resolve: () => '1' }),
    }),
  });
  builder.objectFields(Node, (t) => ({
    node: t.field({ type: Node, description: 'Itself.', resolve: () => ({}) }),
    nodes: t.field({
      type: [Node],
      args: { first: t.arg.int({ required: true }) },
      complexity: ({ first }) => ({ field: 1, multiplier: Number(first) }),
      resolve: () => [],
    }),
  }));
  builder.queryType({
    fields: (t) => ({
      hello: t.string({
        authScopes: anybody,
        args: { name: t.arg.string() },
        resolve: (_r, { name }) => `hello ${name ?? ''}`,
      }),
      secret: t.string({ authScopes: { viewer: true }, resolve: () => 'for viewers' }),
      admin: t.string({ authScopes: { scope: 'ADMIN' }, resolve: () => 'for admins' }),
      fail: t.string({
        authScopes: anybody,
        resolve: () => {
          throw new Error('password authentication failed for user "postgres"');
        },
      }),
      big: t.string({
        authScopes: anybody,
        args: { bytes: t.arg.int({ required: true }) },
        resolve: (_r, { bytes }) => 'x'.repeat(bytes),
      }),
      node: t.field({ type: Node, authScopes: anybody, resolve: () => ({}) }),
      database: t.int({
        authScopes: anybody,
        resolve: async (_r, _a, { app }) =>
          (await app.sql.query<{ one: number }>('SELECT 1 AS one')).rows[0]?.one ?? 0,
      }),
      trace: t.string({ authScopes: anybody, resolve: () => currentTrace()?.traceId ?? '' }),
      wait: t.string({
        authScopes: anybody,
        resolve: async () => {
          await gate.pass();
          return 'waited';
        },
      }),
      address: t.string({ authScopes: anybody, resolve: (_r, _a, { address }) => address }),
    }),
  });
  builder.mutationType({
    fields: (t) => ({
      touch: t.int({ authScopes: { viewer: true }, resolve: () => 1 }),
      hold: t.int({
        authScopes: { viewer: true },
        resolve: async () => {
          await gate.pass();
          return gate.passed;
        },
      }),
    }),
  });
  builder.subscriptionType({
    fields: (t) => ({
      spans: t.string({
        authScopes: { viewer: true },
        subscribe: async function* () {
          yield* [1, 2];
        },
        resolve: () => traceparentOf(currentTrace() ?? childOf(null)),
      }),
      count: t.int({
        authScopes: { viewer: true },
        args: { to: t.arg.int({ required: true }) },
        subscribe: async function* (_r, { to }) {
          for (let i = 1; i <= to; i += 1) yield i;
        },
        resolve: (event) => event as number,
      }),
      silence: t.int({
        authScopes: { viewer: true },
        subscribe: async function* () {
          yield 0;
          await new Promise(() => undefined);
        },
        resolve: (event) => event as number,
      }),
      paced: t.int({
        authScopes: { scope: 'READ' },
        subscribe: async function* () {
          for (let i = 0; ; i += 1) {
            yield i;
            await delay(200);
          }
        },
        resolve: (event) => event as number,
      }),
      broken: t.int({
        authScopes: { viewer: true },
        subscribe: async function* () {
          yield 1;
          throw new Error('relation "Secret" does not exist');
        },
        resolve: (event) => event as number,
      }),
    }),
  });
  return builder.toSchema();
}
