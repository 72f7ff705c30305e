import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GraphQLSchema } from 'graphql';
import { extensionOrigin } from '../contract/extension.ts';
import type { App } from '../platform/app.ts';
import type { Config } from '../platform/config.ts';
import { childOf } from '../platform/trace.ts';
import type { Authenticate } from './context.ts';
import { openHttp } from './http.ts';
import { type HearContract, openOperations } from './operations.ts';
import { openSockets } from './sockets.ts';

/** Answers one request, whatever its method. A rejection becomes a 500 that says nothing. */
export type Route = (app: App, req: IncomingMessage, res: ServerResponse) => Promise<void> | void;

/**
 * Handlers by path, for the path itself and all below it. The longest path wins. What is for pages of
 * every origin must live by its keys alone: no cookie and no address of a network proves anything there.
 */
export type Routes = Record<string, Route | { anyOrigin: Route }>;

export type Server = {
  /** Where it listens, for example `http://127.0.0.1:4000`. */
  url: string;
  port: number;
  /** Takes nothing new, answers what it has, closes sockets with 1012. May be called twice. */
  close(): Promise<void>;
};

type Address = { host: string; port: number };

/**
 * Serves GraphQL over HTTP and WebSocket at `/graphql`, and `routes` beside it.
 *
 * @throws EADDRINUSE, EACCES and the like: the port cannot be had
 */
export async function openServer(
  app: App,
  {
    schema,
    authenticate,
    routes = {},
    hearContract,
  }: {
    schema: GraphQLSchema;
    authenticate: Authenticate;
    routes?: Routes;
    hearContract?: HearContract;
  },
): Promise<Server> {
  const { config, log } = app;
  const operations = openOperations(app, schema, hearContract);
  const http = openHttp(app, operations, authenticate);
  const sockets = openSockets(app, operations, authenticate);
  const unlisted = new Set<string>();

  const listener = await listen(app, config, {
    routes: { '/': welcome, ...routes, '/graphql': (_app, req, res) => http(req, res) },
    upgrade(req, socket, head) {
      const { origin } = req.headers;
      if (pathOf(req) !== '/graphql') return refuseUpgrade(socket, '404 Not Found');
      if (listener.allows(origin)) return sockets.upgrade(req, socket, head);
      if (unlisted.size < 100 && !unlisted.has(String(origin))) {
        unlisted.add(String(origin));
        log.warn({ origin }, 'a WebSocket of an origin that is not in ALLOWED_ORIGINS was refused');
      }
      refuseUpgrade(socket, '403 Forbidden');
    },
  });

  let closing: Promise<void> | null = null;
  return {
    url: listener.url,
    port: listener.port,
    close() {
      closing ??= (async () => {
        const timeoutMs = config.shutdownTimeoutSeconds * 1000;
        const closed = listener.close(timeoutMs);
        await sockets.close(timeoutMs);
        await operations.stop(timeoutMs);
        await closed;
      })();
      return closing;
    },
  };
}

/** Serves routes alone: health and metrics of a process without an API. */
export function openRoutes(app: App, routes: Routes, address: Address): Promise<Server> {
  return listen(app, address, {
    routes,
    upgrade: (_req, socket) => refuseUpgrade(socket, '404 Not Found'),
  });
}

/** Ends a request with JSON. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
  });
  res.end(bytes);
}

/** Ends a request with an error in the one format that all errors have. */
export function sendError(
  res: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  sendJson(res, status, { errors: [{ message, extensions: { code } }] });
}

type Doors = {
  routes: Routes;
  upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

async function listen(
  app: App,
  { host, port: wanted }: Address,
  { routes, upgrade }: Doors,
): Promise<
  Server & { allows(origin: string | undefined): boolean; close(timeoutMs?: number): Promise<void> }
> {
  const { config, log } = app;
  const prefixes = Object.keys(routes).sort((a, b) => b.length - a.length);
  let origins: ReadonlySet<string> = new Set();
  const allows = (origin: string | undefined) => origin === undefined || origins.has(origin);

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    res.setHeader('x-content-type-options', 'nosniff');
    res.setHeader('referrer-policy', 'no-referrer');
    const { origin } = req.headers;
    const path = pathOf(req);
    const prefix = prefixes.find(
      (one) => path === one || (one !== '/' && path.startsWith(`${one}/`)),
    );
    const found = prefix ? routes[prefix] : undefined;
    const isOpen = typeof found === 'object';
    if (!isOpen && !allows(origin))
      return sendError(
        res,
        403,
        'FORBIDDEN',
        `Expected a listed origin, got ${origin}. The operator lists origins in ALLOWED_ORIGINS.`,
      );
    if (origin) allowOrigin(res, isOpen ? '*' : origin);
    if (req.method === 'OPTIONS') return void res.writeHead(204).end();
    const route = isOpen ? found.anyOrigin : found;
    if (route) await route(app, req, res);
    else
      sendError(
        res,
        404,
        'NOT_FOUND',
        `Expected one of ${Object.keys(routes).join(', ')}, got ${path.slice(0, 200)}.`,
      );
  };

  const server = createServer({ headersTimeout: 15_000, keepAliveTimeout: 65_000 }, (req, res) => {
    res.on('error', (error) => log.debug({ err: error }, 'an answer was not read'));
    answer(req, res).catch((error: unknown) => {
      const { traceId } = childOf(req.headers.traceparent?.toString());
      log.error({ err: error, correlationId: traceId, path: pathOf(req) }, 'a request met a fault');
      app.faults.report({ place: 'request', error, correlationId: traceId });
      if (res.headersSent) res.destroy();
      else
        sendJson(res, 500, {
          errors: [
            {
              message: 'Unexpected error.',
              extensions: { code: 'UNEXPECTED', correlationId: traceId },
            },
          ],
        });
    });
  });
  server.on('upgrade', (req, socket, head) => {
    socket.on('error', (error) => log.debug({ err: error }, 'an upgrade was cut'));
    upgrade(req, socket, head);
  });
  server.listen(wanted, host);
  await once(server, 'listening');
  server.on('error', (error) => log.error({ err: error }, 'the server met an error'));

  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : wanted;
  origins = new Set([extensionOrigin, ...config.allowedOrigins, ...ownOrigins(config, host, port)]);

  let closing: Promise<void> | null = null;
  return {
    url: `http://${authority(host === '0.0.0.0' || host === '::' ? 'localhost' : host, port)}`,
    port,
    allows,
    close(timeoutMs: number = config.shutdownTimeoutSeconds * 1000) {
      closing ??= (async () => {
        const closed = once(server, 'close');
        server.close();
        // A connection that is kept alive becomes idle when its last answer is written.
        const idle = setInterval(() => server.closeIdleConnections(), 50);
        const impatience = setTimeout(() => server.closeAllConnections(), timeoutMs);
        await closed;
        clearInterval(idle);
        clearTimeout(impatience);
      })();
      return closing;
    },
  };
}

function pathOf(req: IncomingMessage): string {
  const path = (req.url ?? '/').split('?', 1)[0] ?? '/';
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Origins of pages that we serve ourselves, exactly; `Host` is not asked, because DNS can be rebound. */
function ownOrigins({ publicUrl }: Config, host: string, port: number): string[] {
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const isLoopback = host === '127.0.0.1' || host === '::1' || host === 'localhost';
  const names = [host, ...(isEverywhere || isLoopback ? ['localhost', '127.0.0.1', '::1'] : [])];
  const local = names.map((name) => `http://${authority(name, port)}`);
  return publicUrl ? [new URL(publicUrl).origin, ...local] : local;
}

function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function allowOrigin(res: ServerResponse, origin: string): void {
  res.setHeader('access-control-allow-origin', origin);
  res.setHeader('vary', 'origin');
  res.setHeader('access-control-allow-methods', 'GET, POST, PUT, OPTIONS');
  res.setHeader(
    'access-control-allow-headers',
    'authorization, content-type, traceparent, x-graphql-yoga-csrf, x-sentry-auth',
  );
  res.setHeader(
    'access-control-expose-headers',
    'retry-after, x-sentry-rate-limits, x-sentry-error',
  );
  res.setHeader('access-control-max-age', '600');
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function welcome({ config }: App, _req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  res.end(
    [
      'CodeSight turns what people do in a browser into training data for web agents.',
      '',
      `/graphql       the API, by HTTP and WebSocket${config.graphiql ? '; GraphiQL in a browser' : ''}`,
      '/health/live   whether the process answers',
      '/health/ready  whether the database, the queue and the storage answer, too',
      '/metrics       for Prometheus',
      '',
    ].join('\n'),
  );
}
