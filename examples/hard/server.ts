import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type Answer, answer } from './pages.ts';

/** The cases that recorders of browsers stumble over, on two origins. */
export interface HardSite {
  /** Without a slash at the end. */
  url: string;
  /** The origin of the frames that the page may not look into. */
  otherUrl: string;
  close(): Promise<void>;
}

const ASSETS = new Map(
  (
    [
      ['hard.css', 'text/css'],
      ['parts.js', 'text/javascript'],
      ['hard.js', 'text/javascript'],
      ['many.js', 'text/javascript'],
    ] as const
  ).map(([name, type]) => [`/assets/${name}`, { name, type }]),
);

/** Starts both servers. `port` 0 takes free ones; else the other origin is on the port after it. */
export async function openHardSite({ port = 0 }: { port?: number } = {}): Promise<HardSite> {
  const other = await listen(port === 0 ? 0 : port + 1, () => other.url);
  const site = await listen(port, () => other.url);
  return {
    url: site.url,
    otherUrl: other.url,
    async close() {
      await site.close();
      await other.close();
    },
  };
}

async function listen(port: number, otherUrl: () => string) {
  const server = createServer((request, response) => serve(request, response, otherUrl()));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(request: IncomingMessage, response: ServerResponse, otherUrl: string): void {
  const url = new URL(request.url ?? '/', 'http://hard.invalid');
  const asset = ASSETS.get(url.pathname);
  if (asset) {
    const body = readFileSync(new URL(`public/${asset.name}`, import.meta.url), 'utf8');
    send(response, { type: asset.type, body });
    return;
  }
  const reply = answer(url, otherUrl);
  request.resume().on('end', () => send(response, reply));
}

function send(response: ServerResponse, { status = 200, type, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': `${type ?? 'text/html'}; charset=utf-8`,
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4200' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log('Usage: node examples/hard/server.ts [--port 4200]');
    console.log('Serves the page of hard cases on this port and the next until interrupted.');
  } else {
    const site = await openHardSite({ port: Number(values.port) });
    console.log(`The hard cases stand at ${site.url}, their other origin at ${site.otherUrl}`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => site.close());
  }
}
