import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../platform/config.ts';
import type { Resolve } from '../platform/outward.ts';
import { openEndpointFetch, requireEndpoint } from './endpoint.ts';

const ask = (endpoint: string, env: Record<string, string> = {}) =>
  requireEndpoint({ config: loadConfig(env) }, endpoint);

test.each([
  'http://10.0.0.1/v1',
  'https://192.168.1.5/v1',
  'https://169.254.169.254/v1',
  'https://198.18.0.7/v1',
  'https://[fd00::1]/v1',
  'https://[::ffff:10.0.0.1]/v1',
  'https://0.0.0.0/v1',
])('%s is inside a private network, and refused', async (endpoint) => {
  await expect(ask(endpoint)).rejects.toThrow('Expected a public address');
});

test('this machine is allowed, the world by HTTPS only, and the hosts that the operator names', async () => {
  await ask('http://127.0.0.1:8000/v1');
  await ask('http://[::1]:8000/v1');
  await ask('https://8.8.8.8/v1');
  await expect(ask('http://8.8.8.8/v1')).rejects.toThrow('Expected HTTPS');
  const env = { MODEL_ENDPOINT_HOSTS: '10.0.0.1,*.models.example' };
  await ask('http://10.0.0.1/v1', env);
  await ask('https://eu.models.example/v1', env);
  await expect(ask('https://8.8.8.8/v1', env)).rejects.toThrow('MODEL_ENDPOINT_HOSTS');
});

/** A name server that has one answer for every name. */
const always =
  (address: string): Resolve =>
  (_host, _options, answer) =>
    answer(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
const config = loadConfig({});

async function serve(handle: RequestListener): Promise<number> {
  const server = createServer(handle);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.each([
  ['https://models.example/v1', '10.0.0.1', 'Expected a public address'],
  ['https://models.example/v1', '169.254.169.254', 'Expected a public address'],
  ['http://models.example/v1', '8.8.8.8', 'Expected HTTPS'],
])('%s that points to %s by the time it is called is refused', async (endpoint, address, words) => {
  const call = openEndpointFetch({ config }, endpoint, always(address));

  await expect(call(`${endpoint}/chat`, { method: 'POST', body: '{}' })).rejects.toThrow(words);
});

test('the connection goes to the address that was judged, with the whole request and answer', async () => {
  const port = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (body) => {
      response.writeHead(201, { 'x-words': `${request.method} ${request.headers.authorization}` });
      response.end(`${request.url} ${body}`);
    });
  });
  const endpoint = `http://models.example:${port}/v1`;
  const call = openEndpointFetch({ config }, endpoint, always('127.0.0.1'));

  const answer = await call(`${endpoint}/chat`, {
    ...{ method: 'POST', body: 'words', headers: { authorization: 'Bearer key' } },
  });

  expect(answer.status).toBe(201);
  expect(answer.headers.get('x-words')).toBe('POST Bearer key');
  expect(await answer.text()).toBe('/v1/chat words');
});

test('an endpoint leads nowhere else: a redirect is its answer', async () => {
  const asked: string[] = [];
  const port = await serve(({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(307, { location: '/inner' }).end();
  });
  const endpoint = `http://127.0.0.1:${port}/v1`;

  const answer = await openEndpointFetch({ config }, endpoint)(endpoint, { method: 'POST' });

  expect([answer.status, asked]).toEqual([307, ['/v1']]);
});
