import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A network between client and server that can be made to fail. */
export type Proxy = {
  url: string;
  /** Connections taken so far. */
  connections: number;
  /** Bytes let through so far, in both directions. */
  bytes: number;
  /** Cuts every connection each time so many bytes more went through; 0 never. */
  cutEvery: number;
  cuts: number;
  /** Takes bytes and hands nothing on, as a network that is gone without a word. */
  isSilent: boolean;
  /** Cuts what is open now. */
  cut(): void;
};

/** A proxy to a port of this machine. */
export async function openProxy(port: number): Promise<Proxy> {
  const open = new Set<Socket>();
  let lastCut = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    proxy.connections += 1;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (proxy.isSilent) return;
        proxy.bytes += bytes.length;
        if (proxy.cutEvery > 0 && proxy.bytes - lastCut > proxy.cutEvery) {
          lastCut = proxy.bytes;
          proxy.cut(); // with these bytes still in our hands: an answer that is never heard
        } else to.write(bytes);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 0,
    bytes: 0,
    cutEvery: 0,
    cuts: 0,
    isSilent: false,
    cut() {
      proxy.cuts += 1;
      for (const socket of open) socket.destroy();
    },
  };
  onTestFinished(async () => {
    proxy.cut();
    server.close();
  });
  return proxy;
}
