import { onTestFinished } from 'vitest';
import { authenticate } from '../src/accounts/authenticate.ts';
import { ensureFirstKey } from '../src/accounts/keys.ts';
import {
  type Connection,
  type ConnectionOptions,
  openConnection,
} from '../src/client/connection.ts';
import type { Source } from '../src/client/source.ts';
import { openServer, type Routes, type Server } from '../src/graphql/server.ts';
import { newId } from '../src/lib/ids.ts';
import { others, pipeline } from '../src/pipeline.ts';
import { type App, openApp } from '../src/platform/app.ts';
import { routes } from '../src/routes.ts';
import { schema } from '../src/schema.ts';
import { openTestApp } from './app.ts';
import { anInteraction, aPicture, aScreenshot, aSnapshot, aStart, upTo } from './sessions.ts';

/** The whole server on a database of its own. */
export type Product = {
  app: App;
  server: Server;
  /** A key of all scopes. */
  key: string;
  keyId: string;
  /** Statuses that the next uploads get without being looked at. */
  uploadFaults: number[];
  /** Stops and starts on the same port and database. */
  restart(): Promise<void>;
  /** A connection that does not wait long. */
  connect(options?: Partial<ConnectionOptions>): Connection;
};

export async function openProduct(env: Record<string, string> = {}): Promise<Product> {
  const app = await openTestApp({ env: { PORT: '0', ...env }, pipeline, others });
  const issued = await ensureFirstKey(app, new Date());
  if (!issued) throw new Error('Expected a database without a project.');
  const uploadFaults: number[] = [];
  const withFaults: Routes = {
    ...routes,
    '/objects': (app, req, res) => {
      const status = req.method === 'PUT' ? uploadFaults.shift() : undefined;
      if (!status) return routes['/objects']?.(app, req, res);
      req.resume();
      res.writeHead(status, { connection: 'close' }).end('made to fail');
    },
  };
  const serve = (app: App) => openServer(app, { schema, authenticate, routes: withFaults });
  const product: Product = {
    app,
    server: await serve(app),
    key: issued.secret,
    keyId: issued.id,
    uploadFaults,
    async restart() {
      const { port } = product.server;
      await product.server.close();
      await product.app.close();
      product.app = await openApp({ ...app.config, port }, { pipeline, others }, app.log);
      onTestFinished(() => product.app.close());
      product.server = await serve(product.app);
    },
    connect(options = {}) {
      const connection = openConnection({
        url: product.server.url,
        token: product.key,
        patienceMs: 20_000,
        backoff: { firstMs: 20, lastMs: 200 },
        ...options,
      });
      onTestFinished(() => connection.close());
      return connection;
    },
  };
  onTestFinished(() => product.server.close());
  return product;
}

/** A session with so many interactions, pictures and pages; each picture and page is another one. */
export function aSource({
  interactions = 0,
  screenshots = 0,
  snapshots = 0,
  pictureBytes = 1024,
}): Source {
  const bytes = new Map<string, Buffer>();
  const keep = <T extends { id: string }>(record: T, body: Buffer): T => {
    bytes.set(record.id, body);
    return record;
  };
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const items = numbers(interactions).map((sequence) => {
    const { occurredAt, ...rest } = anInteraction(sequence);
    return {
      ...rest,
      frame: [],
      selectors: [],
      confidence: 1,
      occurredAt: occurredAt.toISOString(),
    };
  });
  const pictures = numbers(screenshots).map((number) => {
    const body = aPicture(`picture ${number}`, pictureBytes);
    return keep(aScreenshot(body), body);
  });
  const pages = numbers(snapshots).map((number) => {
    const html = `<!doctype html><title>Page ${number}</title><button data-cs-ref="1">Buy</button>`;
    return keep(aSnapshot(html), Buffer.from(html));
  });
  return {
    head: { ...aStart({ id: newId() }), endedAt: '2026-01-02T04:00:00.000Z' },
    async *interactions() {
      yield* items;
    },
    async *screenshots() {
      yield* pictures;
    },
    async *snapshots() {
      yield* pages;
    },
    async bytesOf({ id }) {
      const body = bytes.get(id);
      if (!body) throw new Error(`Expected bytes of ${id}, the source has none.`);
      return body;
    },
  };
}

/** What the database holds of a session. */
export async function heldOf({ app: { db } }: Product, sessionId: string) {
  const where = { sessionId };
  const [session, sequences, pictures, pages, conflicts] = await Promise.all([
    db.session.findUniqueOrThrow({ where: { id: sessionId }, select: { state: true } }),
    db.interaction.findMany({
      where,
      orderBy: { sequence: 'asc' },
      select: { sequence: true, dropped: true },
    }),
    db.screenshot.groupBy({ by: ['upload'], where, _count: true }),
    db.pageSnapshot.groupBy({ by: ['upload'], where, _count: true }),
    db.syncIssue.count(),
  ]);
  const countOf = (groups: typeof pictures | typeof pages) =>
    Object.fromEntries(groups.map(({ upload, _count }) => [upload, _count]));
  return {
    state: session.state,
    sequences: sequences.map(({ sequence }) => sequence),
    dropped: sequences.flatMap(({ sequence, dropped }) => (dropped ? [{ sequence, dropped }] : [])),
    screenshots: countOf(pictures),
    snapshots: countOf(pages),
    conflicts,
  };
}

/** What the database must hold of a session that arrived whole, once. */
export const whole = (interactions: number, screenshots: number, snapshots: number) => ({
  state: 'ENDED',
  sequences: upTo(interactions),
  dropped: [],
  screenshots: screenshots ? { STORED: screenshots } : {},
  snapshots: snapshots ? { STORED: snapshots } : {},
  conflicts: 0,
});
