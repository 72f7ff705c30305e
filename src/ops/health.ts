import type { IncomingMessage, ServerResponse } from 'node:http';
import { within } from '../graphql/deadline.ts';
import { type Routes, sendError, sendJson } from '../graphql/server.ts';
import type { App } from '../platform/app.ts';

/** What one dependency answered. `error` says in general terms why it did not. */
export type DependencyHealth = {
  ok: boolean;
  latencyMs: number;
  error?: string;
  /** Whether it was silent and did not refuse. */
  isLate?: boolean;
};

export type Health = {
  ok: boolean;
  dependencies: Record<'database' | 'queue' | 'storage', DependencyHealth>;
};

const timeoutMs = 2_000;
const rememberMs = 1_000;
const remembered = new WeakMap<App, { at: number; health: Promise<Health> }>();

/**
 * Asks every dependency, at most once a second however many ask us. Takes at most two seconds and
 * never rejects.
 */
export function checkHealth(app: App): Promise<Health> {
  const known = remembered.get(app);
  const now = performance.now();
  if (known && now - known.at < rememberMs) return known.health;
  const health = askAll(app);
  remembered.set(app, { at: now, health });
  return health;
}

/** Routes for whoever watches the process: orchestrators, load balancers, Prometheus. */
export const opsRoutes: Routes = {
  /** The process answers. It does so in an outage of the database, too: a restart would not help. */
  '/health/live': (_app, req, res) => onlyGet(req, res, () => sendJson(res, 200, { ok: true })),
  /** The process can do its work. */
  '/health/ready': (app, req, res) =>
    onlyGet(req, res, async () => {
      const health = await checkHealth(app);
      sendJson(res, health.ok ? 200 : 503, health);
    }),
  '/metrics': ({ metrics }, req, res) =>
    onlyGet(req, res, async () => {
      const text = await metrics.registry.metrics();
      res.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text);
    }),
};

async function askAll({ database, queue, storage, log }: App): Promise<Health> {
  const ask = async (name: string, question: () => Promise<unknown>): Promise<DependencyHealth> => {
    const begunAt = performance.now();
    try {
      await within(timeoutMs, question(), late);
      return { ok: true, latencyMs: msSince(begunAt) };
    } catch (error) {
      log.warn({ err: error, dependency: name }, 'a dependency does not answer');
      const isLate = error instanceof TimeoutError;
      return {
        ok: false,
        latencyMs: msSince(begunAt),
        isLate,
        error: isLate ? error.message : 'It refused; the log says why.',
      };
    }
  };
  const [database_, queue_, storage_] = await Promise.all([
    ask('database', () => database.ping()),
    ask('queue', () => queue.stats()),
    ask('storage', () => storage.ping()),
  ]);
  const dependencies = { database: database_, queue: queue_, storage: storage_ };
  return { ok: Object.values(dependencies).every(({ ok }) => ok), dependencies };
}

class TimeoutError extends Error {}

const late = () => new TimeoutError(`It did not answer within ${timeoutMs} ms.`);

function msSince(begunAt: number): number {
  return Math.round((performance.now() - begunAt) * 10) / 10;
}

function onlyGet(
  req: IncomingMessage,
  res: ServerResponse,
  answer: () => void | Promise<void>,
): void | Promise<void> {
  if (req.method === 'GET' || req.method === 'HEAD') return answer();
  res.setHeader('allow', 'GET, HEAD');
  sendError(res, 405, 'METHOD_NOT_ALLOWED', `Expected GET, got ${req.method}.`);
}
