import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { App } from '../platform/app.ts';
import { hostOf, isAllowedHost, isInner, isLoopback } from '../platform/outward.ts';
import { EndpointRefusedError } from './errors.ts';

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
  const host = hostOf(url);
  if (hosts.length > 0) {
    if (isAllowedHost(url, hosts)) return;
    throw new EndpointRefusedError(
      `Expected a host of MODEL_ENDPOINT_HOSTS (${hosts.join(', ')}), got ${url.host}.`,
    );
  }
  const addresses = isIP(host) ? [host] : await addressesOf(host);
  if (addresses.length > 0 && addresses.every(isLoopback)) return;
  if (addresses.some(isInner))
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
