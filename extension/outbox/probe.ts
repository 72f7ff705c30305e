import { ViewerDocument, type ViewerQuery } from '../../src/generated/extension/graphql.ts';
import { contractHashOf } from './contracts.ts';

/** What a server says to an address and a key. */
export type Probed =
  | {
      ok: true;
      /** Without `/graphql` and a slash at the end. */
      url: string;
      key: string;
      projectId: string;
      project: string;
      participant: string;
      /** The scope REPORT. */
      mayReport: boolean;
    }
  | {
      ok: false;
      message: string;
      advice: string;
      /** The entry to change, if one is to blame. */
      about?: 'url' | 'key';
      /** Another try with the same entries is of no use. */
      isFinal: boolean;
    };

const query = String(ViewerDocument);
const contractHash = contractHashOf(query);
const timeoutMs = 10_000;
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const askForKey =
  'Ask whoever runs the project for a key made for you: the command is `key create --scope CAPTURE,READ,REPORT --participant YOUR-LABEL`.';

/**
 * Asks the server who the key belongs to. Sends the key to nobody but the address, and by plain HTTP
 * only to this machine.
 */
export async function probe(ask: { url: string; key: string }): Promise<Probed> {
  const url = baseOf(ask.url);
  if (!url)
    return refusal(
      `“${ask.url.trim()}” is no address of a server.`,
      'Enter it like https://codesight.example.org, as you were given it.',
      'url',
    );
  if (url.protocol === 'http:' && !loopback.test(url.hostname))
    return refusal(
      'This address is not encrypted, so the key and what you record could be read on the way.',
      `Use https://${url.host}.`,
      'url',
    );
  const key = ask.key.trim();
  if (!key || /[^\x21-\x7e]/.test(key))
    return refusal('This is no key.', `Paste the whole key, without spaces. ${askForKey}`, 'key');

  const base = url.href.replace(/\/$/, '');
  let response: Response;
  let said: unknown;
  try {
    response = await fetch(`${base}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, operationName: 'Viewer', extensions: { contractHash } }),
      credentials: 'omit',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    said = await response.json().catch(() => null);
  } catch {
    return unreachable(url);
  }
  if (response.type === 'opaqueredirect')
    return refusal(
      `${url.host} sends visitors elsewhere.`,
      'Enter the final address, as the browser shows it after opening this one.',
      'url',
    );
  return judge({ base, key, host: url.host, status: response.status, said });
}

function judge(found: {
  base: string;
  key: string;
  host: string;
  status: number;
  said: unknown;
}): Probed {
  const { base, key, host, status } = found;
  const { data, errors } = Object(found.said) as {
    data?: ViewerQuery | null;
    errors?: { message?: string; extensions?: { code?: string; retryAfterSeconds?: number } }[];
  };
  const [error] = errors ?? [];
  const code = error?.extensions?.code;
  if (code === 'UNAUTHENTICATED')
    return refusal(
      `${host} does not know this key.`,
      `It may be mistyped, expired or revoked. ${askForKey}`,
      'key',
    );
  if (status === 403 && code === 'FORBIDDEN')
    return refusal(
      `${host} does not let this extension in.`,
      `Whoever runs the server must add ${globalThis.location.origin} to ALLOWED_ORIGINS.`,
      'url',
    );
  if (code === 'RATE_LIMITED' || status === 429)
    return later(
      `${host} takes no more tries for now.`,
      `Wait ${minutes(error?.extensions?.retryAfterSeconds)} and try again.`,
    );
  if (code === 'UNEXPECTED' || status >= 500)
    return later(
      `${host} has a problem of its own (${status}).`,
      'Try again in a minute; if it stays, tell whoever runs the server.',
    );
  const viewer = data?.viewer;
  if (!viewer?.project?.id || !Array.isArray(viewer.scopes))
    return refusal(
      `${host} answers, but it is not a CodeSight server.`,
      'Check the address: it is the one under which the server says “CodeSight”.',
      'url',
    );
  if (!viewer.scopes.includes('CAPTURE'))
    return refusal(
      `This key may not record in “${viewer.project.name}”.`,
      `It needs the scope CAPTURE. ${askForKey}`,
      'key',
    );
  if (!viewer.participant)
    return refusal(
      'This key belongs to nobody.',
      `What you record must be yours, so that you can have it removed. ${askForKey}`,
      'key',
    );
  return {
    ok: true,
    url: base,
    key,
    projectId: viewer.project.id,
    project: viewer.project.name,
    participant: viewer.participant.label,
    mayReport: viewer.scopes.includes('REPORT'),
  };
}

/** The server's address of what somebody typed: scheme added, `/graphql` taken off. */
export function baseOf(typed: string): URL | null {
  const text = typed.trim();
  if (/\s/.test(text)) return null;
  const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(text);
  const scheme = loopback.test(text.split(/[:/]/)[0] ?? '') ? 'http' : 'https';
  const url = URL.parse(hasScheme ? text : `${scheme}://${text}`);
  if (!url || !/^https?:$/.test(url.protocol) || !url.hostname) return null;
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/(graphql\/?)?$/, '');
  return url;
}

function unreachable(url: URL): Probed {
  const isHere = loopback.test(url.hostname);
  return {
    ok: false,
    message: `Nothing answers at ${url.host}.`,
    advice: isHere
      ? 'Start the server on this machine (`npm start`) and check the port.'
      : 'Check the address and your network. A certificate that the browser does not trust looks the same: open the address in a tab to see.',
    about: 'url',
    isFinal: false,
  };
}

function refusal(message: string, advice: string, about: 'url' | 'key'): Probed {
  return { ok: false, message, advice, about, isFinal: true };
}

function later(message: string, advice: string): Probed {
  return { ok: false, message, advice, isFinal: false };
}

function minutes(seconds = 60): string {
  const count = Math.max(1, Math.ceil(seconds / 60));
  return count === 1 ? 'a minute' : `${count} minutes`;
}
