import { randomBytes } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { expect, onTestFinished, test, vi } from 'vitest';
import WebSocket from 'ws';
import packageJson from '../../../package.json' with { type: 'json' };
import { openProduct } from '../../../test/product.ts';
import { storedReports } from '../../../test/reports.ts';
import { authenticate } from '../../accounts/authenticate.ts';
import { contractHashOf } from '../../client/watch.ts';
import { openServer } from '../../graphql/server.ts';
import { schema } from '../../schema.ts';
import { registerOwnContracts } from './own.ts';
import { openVersionWatch } from './versions.ts';

const query = 'query Viewer { viewer { id } }';
const unknown = () => randomBytes(32).toString('hex');

/** A server that knows its contracts and hears by which its clients go, as `serve.ts` opens it. */
async function openHearing() {
  const { app, key } = await openProduct();
  const { id: projectId } = await app.db.project.findFirstOrThrow();
  await registerOwnContracts(app, schema, { projectId, version: packageJson.version });
  const hearContract = openVersionWatch(app);
  const server = await openServer(app, { schema, authenticate, hearContract });
  onTestFinished(() => server.close());
  const client = createClient({
    url: `${server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: key },
  });
  onTestFinished(() => void client.dispose());
  const byHttp = async (contractHash?: string): Promise<unknown> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, extensions: { contractHash } }),
    });
    return ((await response.json()) as { data?: unknown }).data;
  };
  const bySocket = async (contractHash?: string): Promise<unknown> => {
    for await (const { data } of client.iterate({ query, extensions: { contractHash } }))
      return data;
  };
  const told = () => storedReports(app);
  return { app, byHttp, bySocket, told };
}

test.each(['byHttp', 'bySocket'] as const)(
  '%s, a contract that nobody registered is told of once, and its operation is answered',
  async (transport) => {
    const hearing = await openHearing();
    const ask = hearing[transport];
    const hash = unknown();

    const answers = [
      await ask(hash),
      await ask(hash),
      await ask(contractHashOf('query Viewer')),
      await ask(),
    ];

    expect(answers).toEqual(new Array(4).fill({ viewer: { id: expect.any(String) } }));
    await expect.poll(async () => (await hearing.told()).length).toBe(1);
    expect(await hearing.told()).toMatchObject([
      { category: 'VERSION_MISMATCH', report: { contract: { hash, operation: 'Viewer' } } },
    ]);
  },
);

test('what can be no hash is not looked up', async () => {
  const { app, byHttp, told } = await openHearing();
  const looked = vi.spyOn(app.db.contract, 'count');

  for (const hash of ['\0', 'none', unknown().toUpperCase(), `${unknown()}0`]) await byHttp(hash);
  await byHttp(unknown());

  await expect.poll(async () => (await told()).length).toBe(1);
  expect(looked).toHaveBeenCalledTimes(1);
});

test('a contract of another operation is none of this one', async () => {
  const { byHttp, told } = await openHearing();

  await byHttp(contractHashOf('mutation StartSession'));

  await expect.poll(async () => (await told()).length).toBe(1);
});

test('a client that makes up hashes without end is told of a hundred times an hour, in one issue', async () => {
  const { app, byHttp } = await openHearing();

  const hashes = Array.from({ length: 120 }, unknown);
  // One that finds the server busy is looked at when it comes again.
  const askAll = async () => {
    for (const hash of hashes) await byHttp(hash);
    return (await app.db.errorIssue.findMany()).map(({ count }) => count);
  };

  await expect.poll(askAll, { timeout: 40_000 }).toEqual([100n]);
  expect(await askAll()).toEqual([100n]);
}, 60_000);
