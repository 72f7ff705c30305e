import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { announceServer, findServer } from './server-file.ts';

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-server-file-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function serve(status: number): Promise<string> {
  const server = createServer((_req, res) => res.writeHead(status, { connection: 'close' }).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that runs is found until it withdraws', async () => {
  const dir = await makeDir();
  const url = await serve(200);
  expect(await findServer(dir)).toBeUndefined();

  const withdraw = await announceServer(dir, url);
  expect(await findServer(dir)).toEqual({ url, pid: process.pid });

  await withdraw();
  expect(await findServer(dir)).toBeUndefined();
});

test('an entry of another server stays when the first one withdraws', async () => {
  const dir = await makeDir();
  const url = await serve(200);
  const withdraw = await announceServer(dir, 'http://127.0.0.1:9');
  await announceServer(dir, url);

  await withdraw();

  expect(await findServer(dir)).toMatchObject({ url });
});

test('what does not answer, is not well, is gone or is no entry is not found', async () => {
  const dir = await makeDir();

  await announceServer(dir, 'http://127.0.0.1:9');
  expect(await findServer(dir)).toBeUndefined();
  await announceServer(dir, await serve(503));
  expect(await findServer(dir)).toBeUndefined();
  const dead = { url: await serve(200), pid: process.pid, startedAt: 'another boot', token: 'x' };
  await writeFile(join(dir, 'server.json'), JSON.stringify(dead));
  expect(await findServer(dir)).toBeUndefined();
  await writeFile(join(dir, 'server.json'), '{');
  expect(await findServer(dir)).toBeUndefined();
});
