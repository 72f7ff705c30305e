import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

import { openStore } from './carts.ts';
import { answer, type Reply } from './routes.ts';

export interface Shop {
  /** Without a slash at the end. */
  url: string;
  port: number;
  /** Ends open connections too; the carts are gone. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024;
const STYLES = ['base.css', 'catalogue.css', 'checkout.css'];
const SCRIPTS = ['shop.js', 'cart.js', 'checkout.js', 'listing.js', 'product.js', 'search.js'];

/** Starts a shop with no carts. `port` 0 takes a free one. */
export async function startShop({
  port = 0,
  host = '127.0.0.1',
}: {
  port?: number;
  host?: string;
} = {}): Promise<Shop> {
  const store = openStore();
  const assets = readAssets();
  const server = createServer(async (request, response) => {
    try {
      const url = new URL(request.url ?? '/', 'http://shop.invalid');
      const asset = assets.get(url.pathname);
      if (asset) return send(request, response, asset);
      const form = new URLSearchParams(request.method === 'POST' ? await readBody(request) : '');
      const reply = answer(store, {
        method: request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET'),
        url,
        form,
        cartId: /(?:^|;\s*)cart=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? null,
        wantsFragment: request.headers['x-fragment'] === 'drawer',
      });
      send(request, response, reply);
    } catch (error) {
      const status = error instanceof RangeError ? 413 : error instanceof TypeError ? 400 : 500;
      if (status === 500) console.error(error);
      send(request, response, { status, type: 'text/plain', body: `Error ${status}` });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'content-type': `${reply.type ?? 'text/html'}; charset=utf-8`,
    'content-length': body.byteLength,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...reply.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** @throws {RangeError} the body is larger than any form of this shop */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk); // read on: an early end would cut the reply off
  }
  if (bytes > MAX_BODY_BYTES) throw new RangeError(`expected ${MAX_BODY_BYTES} bytes at most`);
  return Buffer.concat(chunks).toString('utf8');
}

function readAssets(): Map<string, Reply> {
  const read = (name: string) => readFileSync(new URL(`public/${name}`, import.meta.url), 'utf8');
  const file = (type: string, body: string): Reply => ({ status: 200, type, body });
  return new Map([
    ['/assets/shop.css', file('text/css', STYLES.map(read).join('\n'))],
    ['/assets/mark.svg', file('image/svg+xml', read('mark.svg'))],
    ...SCRIPTS.map(
      (name) => [`/assets/${name}`, file('text/javascript', read(name))] as [string, Reply],
    ),
  ]);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4100' },
      host: { type: 'string', default: '127.0.0.1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log('Usage: node examples/shop/server.ts [--port 4100] [--host 127.0.0.1]');
    console.log('Serves the demo shop until interrupted. Port 0 takes a free port.');
  } else {
    const shop = await startShop({ port: Number(values.port), host: values.host });
    console.log(`The shop is open at ${shop.url}`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => shop.close());
  }
}
