import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { App } from '../platform/app.ts';
import {
  hostOf,
  isAllowedHost,
  isInner,
  isLoopback,
  openOutwardFetch,
  type Resolve,
} from '../platform/outward.ts';
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
  const refusal = judgeAddresses(url, isIP(host) ? [host] : await addressesOf(host));
  if (refusal) throw refusal;
}

/**
 * A `fetch` for an endpoint that passed: what it resolves to is judged once more by the connection itself,
 * for a name may point elsewhere a moment later. Redirects are not followed.
 */
export function openEndpointFetch(
  { config }: Pick<App, 'config'>,
  endpoint: string,
  resolve?: Resolve,
): typeof fetch {
  const url = new URL(endpoint);
  const isFree = config.models.endpointHosts.length > 0; // and this is one of them
  return openOutwardFetch(
    (_host, addresses) => (isFree ? null : judgeAddresses(url, addresses)),
    resolve,
  );
}

/** Pure. A name without addresses passes: the call will say so. */
function judgeAddresses(url: URL, addresses: string[]): EndpointRefusedError | null {
  if (addresses.length > 0 && addresses.every(isLoopback)) return null;
  if (addresses.some(isInner))
    return new EndpointRefusedError(
      `Expected a public address for ${hostOf(url)}, it is one of a private network. Name the host in MODEL_ENDPOINT_HOSTS to allow it.`,
    );
  if (url.protocol === 'http:')
    return new EndpointRefusedError(
      `Expected HTTPS for an endpoint beyond this machine, got ${url.origin}.`,
    );
  return null;
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return []; // a name that nobody knows now: the call will say so
  }
}
