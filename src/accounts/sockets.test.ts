import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { accountsSchema, ask, makeProject, makeTestKey } from '../../test/accounts.ts';
import { openTestApp } from '../../test/app.ts';
import { openServer } from '../graphql/server.ts';
import type { App } from '../platform/app.ts';
import { authenticate } from './authenticate.ts';

const REVOKE =
  'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }';

test('revoking a key closes its open sockets with 4401 within 5 s, also on another process', async () => {
  const app = await openTestApp({ env: { PORT: '0' } });
  const { projectId, secret } = await makeProject(app);
  const key = await makeTestKey(app, projectId, ['CAPTURE']);
  const replica = { ...app, config: { ...app.config } }; // remembers for itself
  const sockets = await Promise.all([connect(app, key.secret), connect(replica, key.secret)]);
  const bystander = await connect(app, secret);
  const closed = sockets.map((socket) => once(socket, 'close'));

  const begun = performance.now();
  await ask(app, secret, REVOKE, { input: { keyId: key.id } });
  const codes = (await Promise.all(closed)).map(([code]) => code);

  expect(codes).toEqual([4401, 4401]);
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(bystander.readyState).toBe(WebSocket.OPEN);
});

/** An acknowledged socket of the bearer, at a server of its own. */
async function connect(app: App, token: string): Promise<WebSocket> {
  const server = await openServer(app, { schema: accountsSchema(), authenticate });
  onTestFinished(() => server.close());
  const socket = new WebSocket(
    `${server.url.replace('http', 'ws')}/graphql`,
    'graphql-transport-ws',
  );
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { token } }));
  const [message] = await once(socket, 'message');
  expect(JSON.parse(String(message))).toMatchObject({ type: 'connection_ack' });
  return socket;
}
