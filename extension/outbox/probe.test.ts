import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { closeBrowser, openOutbox } from '../../test/outbox.ts';

afterAll(closeBrowser);

test('an address and a key are tried, and what is wrong with them is said', async () => {
  const outbox = await openOutbox();
  const { key, server } = outbox.product;
  const page = await outbox.open();
  const { host } = new URL(server.url);
  const other = await serveOther();
  const good = { ok: true, project: 'Default', participant: 'first' };
  const refusal = (about: string, message: RegExp, advice: RegExp) => ({
    ok: false,
    about,
    message: expect.stringMatching(message),
    advice: expect.stringMatching(advice),
  });
  const tests = [
    [server.url, key, good],
    [` ${host}/graphql/ `, ` ${key}\n`, good],
    [
      'http://codesight.example',
      key,
      refusal('url', /not encrypted/, /https:\/\/codesight.example/),
    ],
    ['nothing at all', key, refusal('url', /no address/, /https:/)],
    ['127.0.0.1:9', key, refusal('url', /Nothing answers at 127.0.0.1:9/, /npm start/)],
    [other, key, refusal('url', /not a CodeSight server/, /Check the address/)],
    [server.url, `${key.slice(0, -3)}abc`, refusal('key', /does not know this key/, /key create/)],
    [server.url, '', refusal('key', /no key/, /Paste/)],
    [
      server.url,
      await outbox.newKey({ scopes: ['READ'] }),
      refusal('key', /may not record/, /CAPTURE/),
    ],
  ] as const;

  for (const [url, secret, expected] of tests)
    expect(await page.do('testConnection', url, secret), url).toEqual(expected);

  expect(await page.do('saveConnection', `${server.url}/graphql`, key)).toEqual(good);
  await page.do('openSender');
  await page.do('refresh');
  await expect
    .poll(async () => (await page.do('state')).connection)
    .toMatchObject({
      state: 'connected',
      url: server.url,
      project: 'Default',
    });
});

/** Something that answers and is another thing. */
async function serveOther(): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*');
    response.end('{"hello":"world"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
