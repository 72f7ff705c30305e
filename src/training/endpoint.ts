import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { App } from '../platform/app.ts';
import { EndpointRefusedError } from './errors.ts';

/** Networks behind which there is no model but something that trusts this server (RFC 6890). */
const inner = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  inner.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  inner.addSubnet(network, bits, 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Refuses an endpoint that a member must not make this server call: with hosts configured, any other; else
 * all that is inside a private network, and plain HTTP beyond this machine.
 *
 * @throws {EndpointRefusedError}
 */
export async function requireEndpoint(
  { config }: Pick<App, 'config'>,
  endpoint: string,
): Promise<void> {
  const url = URL.parse(endpoint);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
    throw new EndpointRefusedError(
      `Expected the base address of a server with the API of OpenAI, such as https://models.example.org/v1, got ${JSON.stringify(endpoint.slice(0, 200))}.`,
    );
  const hosts = config.models.endpointHosts;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (hosts.length > 0) {
    if (hosts.some((allowed) => fits(host, url.host, allowed))) return;
    throw new EndpointRefusedError(
      `Expected a host of MODEL_ENDPOINT_HOSTS (${hosts.join(', ')}), got ${url.host}.`,
    );
  }
  const addresses = isIP(host) ? [host] : await addressesOf(host);
  if (addresses.length > 0 && addresses.every((address) => isIn(loopback, address))) return;
  if (addresses.some((address) => isIn(inner, address) || isIn(loopback, address)))
    throw new EndpointRefusedError(
      `Expected a public address for ${host}, it is one of a private network. Name the host in MODEL_ENDPOINT_HOSTS to allow it.`,
    );
  if (url.protocol === 'http:')
    throw new EndpointRefusedError(
      `Expected HTTPS for an endpoint beyond this machine, got ${url.origin}.`,
    );
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return []; // a name that nobody knows now: the call will say so
  }
}

function isIn(list: BlockList, address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  return list.check(mapped, isIP(mapped) === 6 ? 'ipv6' : 'ipv4');
}

function fits(host: string, hostAndPort: string, allowed: string): boolean {
  return allowed.startsWith('*.')
    ? host.endsWith(allowed.slice(1))
    : host === allowed || hostAndPort === allowed;
}
