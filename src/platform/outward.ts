import { lookup as askDns } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';

/** What somebody outside answered. */
export type OutwardAnswer = {
  status: number;
  /** How long it asked to be left alone, in milliseconds. `null` when it did not say. */
  retryAfterMs: number | null;
  /** Begin of the body, at most 1,000 characters. */
  text: string;
};

/** The address is one that a member must not make this server call. */
export class InnerAddressError extends Error {
  override name = 'InnerAddressError';
}

/** The address cannot be reached now, or broke off. */
export class UnreachableError extends Error {
  override name = 'UnreachableError';
}

/** Asks for the addresses of a name, as `dns.lookup` does. */
export type Resolve = (
  host: string,
  options: { all: true },
  answer: (
    error: NodeJS.ErrnoException | null,
    addresses: { address: string; family: number }[],
  ) => void,
) => void;

const mostAnswerBytes = 64 * 1024;
const mostTextChars = 1_000;

/** Addresses that are not of the public internet: RFC 6890, RFC 4291, RFC 6052, RFC 3056, RFC 4380. */
const inner = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inner.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  inner.addSubnet(network, bits, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an IP address is one of a private network, of this machine, or of no host at all. */
export function isInner(address: string): boolean {
  const family = isIP(address);
  return family === 0 || inner.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Whether an IP address is one of this machine. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** @param allowedHosts `host`, `host:port` or `*.host` */
export function isAllowedHost(url: URL, allowedHosts: readonly string[]): boolean {
  const host = hostOf(url);
  return allowedHosts.some((allowed) =>
    allowed.startsWith('*.')
      ? host.endsWith(allowed.slice(1))
      : host === allowed || url.host === allowed,
  );
}

/** Host of an address, without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * Refuses an address that is malformed or visibly inner, before anything is looked up.
 *
 * @param allowedHosts hosts that are called whatever they resolve to: `host`, `host:port` or `*.host`
 * @throws {InnerAddressError}
 */
export function requireOutward(address: string, allowedHosts: readonly string[]): URL {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new InnerAddressError('Expected an address such as https://example.org/hook.');
  if (isAllowedHost(url, allowedHosts)) return url;
  if (url.protocol === 'http:')
    throw new InnerAddressError(`Expected HTTPS for ${url.host}, got HTTP.`);
  const host = hostOf(url);
  if (isIP(host) && isInner(host)) throw innerAddress(host);
  return url;
}

/**
 * Posts JSON to an address that somebody else chose. The name is resolved once; if any of its addresses
 * is inner, nothing is sent, and the connection goes to those that were checked. Redirects are answers,
 * not followed.
 *
 * @throws {InnerAddressError} @throws {UnreachableError}
 */
export async function postOutward(
  address: string,
  {
    body,
    headers = {},
    allowedHosts,
    timeoutMs,
    resolve = askDns,
  }: {
    body: string;
    headers?: Record<string, string>;
    allowedHosts: readonly string[];
    timeoutMs: number;
    resolve?: Resolve;
  },
): Promise<OutwardAnswer> {
  const url = requireOutward(address, allowedHosts);
  const isFree = isAllowedHost(url, allowedHosts);
  const lookup = checkedLookup(resolve, (host, addresses) =>
    !isFree && addresses.some(isInner) ? innerAddress(host) : null,
  );
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await new Promise<OutwardAnswer>((answer, reject) => {
      const request = send(url, {
        method: 'POST',
        agent: false, // a kept connection would be one that another check allowed
        lookup,
        signal,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'CodeSight',
          ...headers,
        },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        const finish = () =>
          answer({
            status: response.statusCode ?? 0,
            retryAfterMs: retryAfterOf(response.headers['retry-after']),
            text: Buffer.concat(parts).toString('utf8').slice(0, mostTextChars),
          });
        response.on('data', (part: Buffer) => {
          parts.push(part);
          bytes += part.length;
          if (bytes <= mostAnswerBytes) return;
          finish(); // the status is what counts
          response.destroy();
        });
        response.on('end', finish);
        response.on('error', reject);
        response.on('aborted', () => reject(new Error('The connection broke off.')));
      });
      request.end(body);
    });
  } catch (error) {
    if (error instanceof InnerAddressError) throw error;
    if (signal.aborted)
      throw new UnreachableError(`${url.host} did not answer within ${timeoutMs} ms.`, {
        cause: error,
      });
    const said = error instanceof Error ? error.message : String(error);
    throw new UnreachableError(`${url.host} could not be reached, or broke off: ${said}`, {
      cause: error,
    });
  }
}

/**
 * A `fetch` of texts from addresses that somebody else chose. Each name is resolved once, when the
 * connection is made, which goes to the addresses that were judged. Redirects are answers, not followed.
 *
 * @param judge says why the addresses of a host must not be called; `null` when they may
 */
export function openOutwardFetch(judge: Judge, resolve: Resolve = askDns): typeof fetch {
  const lookup = checkedLookup(resolve, judge);
  return async (input, { method = 'GET', headers, body, signal } = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (body != null && typeof body !== 'string')
      throw new TypeError('Expected text for the body.');
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return await new Promise<Response>((answer, reject) => {
      const request = send(url, {
        ...{ method, lookup, agent: false, headers: Object.fromEntries(new Headers(headers)) },
        ...(signal ? { signal } : {}),
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const { statusCode: status = 502, headersDistinct } = response;
        const said = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        );
        const hasBody = status !== 204 && status !== 205 && status !== 304;
        if (!hasBody) response.resume();
        const stream = hasBody ? (Readable.toWeb(response) as ReadableStream<Uint8Array>) : null;
        answer(new Response(stream, { status, headers: said }));
      });
      request.end(body ?? undefined);
    });
  };
}

type Judge = (host: string, addresses: string[]) => Error | null;

function checkedLookup(resolve: Resolve, judge: Judge): LookupFunction {
  return (host, options, answer) => {
    resolve(host, { all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      const refused = error
        ? null
        : judge(
            host,
            addresses.map(({ address }) => address),
          );
      if (error) answer(error, '', 0);
      else if (refused) answer(refused, '', 0);
      else if (!first) answer(new Error(`${host} has no address.`), '', 0);
      else if (options.all) answer(null, addresses);
      else answer(null, first.address, first.family);
    });
  };
}

function innerAddress(host: string): InnerAddressError {
  return new InnerAddressError(
    `Expected a public address for ${host}, it is one of a private network. Name the host in ALERT_ALLOWED_HOSTS to allow it.`,
  );
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfterOf(said: string | undefined): number | null {
  if (!said) return null;
  const seconds = Number(said);
  const waitMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(said) - Date.now();
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
}
