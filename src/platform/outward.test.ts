import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { openChannelServer } from '../../test/channel-server.ts';
import { InnerAddressError, isInner, postOutward, requireOutward } from './outward.ts';

const options = { body: '{}', allowedHosts: [], timeoutMs: 2_000 };

/** A name server with one answer, which counts how often it is asked. */
function nameServer(...addresses: string[]) {
  const asked: string[] = [];
  const resolve = (
    host: string,
    _options: unknown,
    answer: (error: null, found: LookupAddress[]) => void,
  ) => {
    asked.push(host);
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { asked, resolve };
}

test.each([
  ['this machine', '127.0.0.1'],
  ['this machine by IPv6', '::1'],
  ['this machine, mapped into IPv6', '::ffff:127.0.0.1'],
  ['this machine, mapped and in hexadecimal', '::ffff:7f00:1'],
  ['no host', '0.0.0.0'],
  ['a private network', '10.1.2.3'],
  ['a private network', '172.31.255.255'],
  ['a private network', '192.168.0.1'],
  ['a network of providers (CGNAT)', '100.64.0.1'],
  ['link-local, where clouds keep metadata', '169.254.169.254'],
  ['link-local by IPv6', 'fe80::1'],
  ['unique local', 'fd00:ec2::254'],
  ['translated (NAT64)', '64:ff9b::a9fe:a9fe'],
  ['6to4 of a private network', '2002:a00:1::'],
  ['multicast', '224.0.0.1'],
  ['what is no address', 'localhost'],
])('%s is inner: %s', (_what, address) => {
  expect(isInner(address)).toBe(true);
});

test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])(
  '%s is outer',
  (address) => {
    expect(isInner(address)).toBe(false);
  },
);

test.each([
  'http://example.org/hook',
  'https://user:secret@example.org/',
  'ftp://example.org/',
  'https://127.0.0.1/',
  'https://0x7f.1/',
  'https://2130706433/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::]/',
  'not an address',
])('%s is refused before anything is looked up', (address) => {
  expect(() => requireOutward(address, [])).toThrow(InnerAddressError);
});

test('a name is refused after resolution when any of its addresses is inner, and is resolved once', async () => {
  const { asked, resolve } = nameServer('93.184.215.14', '169.254.169.254');

  const posting = postOutward('https://rebound.example/', { ...options, resolve });

  await expect(posting).rejects.toThrow(InnerAddressError);
  expect(asked).toEqual(['rebound.example']);
});

test('the connection goes to the address that was checked', async () => {
  const channels = await openChannelServer();
  const port = new URL(channels.url).port;
  const { asked, resolve } = nameServer('127.0.0.1');
  const url = `http://channels.example:${port}/slack`;

  const refused = postOutward(url, { ...options, resolve });
  await expect(refused).rejects.toThrow(InnerAddressError);
  const answer = await postOutward(url, {
    ...options,
    resolve,
    allowedHosts: ['channels.example'],
  });

  expect(answer.status).toBe(400);
  expect(asked).toEqual(['channels.example']);
  expect(channels.requests).toHaveLength(1);
});

test('a name of this machine is refused after resolution', async () => {
  const posting = postOutward('https://localhost:1/', options);

  await expect(posting).rejects.toThrow('Expected a public address for localhost');
});

test('a redirect is an answer and is not followed', async () => {
  const channels = await openChannelServer();
  channels.faults = [{ status: 307, location: `${channels.url}/webhook` }];

  const answer = await postOutward(`${channels.url}/slack`, {
    ...options,
    allowedHosts: [channels.host],
  });

  expect(answer.status).toBe(307);
  expect(channels.requests.map(({ path }) => path)).toEqual(['/slack']);
});

test.each(['hang', 'cut'] as const)('what answers with a %s is unreachable', async (fault) => {
  const channels = await openChannelServer();
  channels.faults = [fault];

  const posting = postOutward(`${channels.url}/slack`, {
    ...options,
    timeoutMs: 300,
    allowedHosts: [channels.host],
  });

  await expect(posting).rejects.toThrow(/did not answer within 300 ms|broke off/);
});
