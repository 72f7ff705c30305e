import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';

type Payload = { query?: string; variables?: object; data?: object };

/** What a changed server makes of one operation. Absent parts are left as they are. */
type Change = {
  /** Of what the client sends. */
  sent?: (payload: Payload) => Payload;
  /** Of the answer. */
  answered?: (payload: Payload) => Payload;
  /** The answer comes so much later. Infinite: never. */
  delayMs?: number;
  /** The connection is cut in place of an answer. */
  isCut?: boolean;
};

export type ChangedServer = {
  url: string;
  /** By operation, what becomes of the next ones, in order; all others are handed on. */
  changes: Record<string, Change[]>;
};

/** A server in front of ours that has changed: it speaks as ours does, but for what it is told to. */
export async function openChangedServer(behind: string): Promise<ChangedServer> {
  const changes: ChangedServer['changes'] = {};
  const server = createServer((request, response) => {
    const { method, headers, url } = request;
    const far = ask(new URL(url ?? '/', behind), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    far.on('error', () => response.destroy());
    request.pipe(far);
  });
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  sockets.on('connection', (near, { headers }) => {
    const far = new WebSocket(`${behind.replace('http', 'ws')}/graphql`, near.protocol, {
      ...(headers.origin ? { origin: headers.origin } : {}),
    });
    const running = new Map<string, Change>();
    const opened = once(far, 'open');
    near.on('message', async (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'subscribe') {
        const name = /(?:query|mutation|subscription) (\w+)/.exec(message.payload.query)?.[1] ?? '';
        const change = changes[name]?.shift() ?? {};
        running.set(message.id, change);
        message.payload = change.sent?.(message.payload) ?? message.payload;
      }
      await opened;
      far.send(JSON.stringify(message));
    });
    far.on('message', (data) => {
      const message = JSON.parse(String(data));
      const { answered, delayMs = 0, isCut } = running.get(message.id) ?? {};
      if (isCut) return near.terminate();
      if (message.type === 'next') message.payload = answered?.(message.payload) ?? message.payload;
      const hand = () => near.send(JSON.stringify(message));
      if (delayMs === 0) hand();
      else if (Number.isFinite(delayMs)) setTimeout(hand, delayMs);
    });
    near.on('close', () => far.terminate());
    far.on('close', (code, reason) =>
      code === 1006 || code === 1005 ? near.terminate() : near.close(code, reason),
    );
    for (const one of [near, far]) one.on('error', () => one.terminate());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, changes };
}
