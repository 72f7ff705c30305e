import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { authenticate } from '../../accounts/authenticate.ts';
import { addressOf, tokenOf } from '../../graphql/http.ts';
import type { App } from '../../platform/app.ts';
import type { ReportSender } from '../intake/take.ts';
import { DoorRefusal } from './body.ts';

/** Numbers of projects never change. */
const numbers = new LRUCache<string, number>({ max: 10_000 });

/**
 * Who sends reports by HTTP.
 *
 * @param token a key with the scope REPORT
 * @param project number in the address; `null` where there is none, and the key alone says which
 * @throws {DoorRefusal} 401 no good key, 403 a key that may not, or another project's, 429 too many guesses
 */
export async function senderOf(
  app: App,
  request: IncomingMessage,
  { token, project }: { token: string | null; project: number | null },
): Promise<ReportSender> {
  const address = addressOf(request, app.config.trustedProxies);
  const viewer = await authenticate(app, { token, address }).catch((error: unknown) => {
    if (!(error instanceof GraphQLError)) throw error;
    const seconds = Number(error.extensions.retryAfterSeconds);
    throw new DoorRefusal(429, error.message, seconds || 60);
  });
  if (!viewer)
    throw new DoorRefusal(401, 'Expected an API key with the scope REPORT, got none that is good.');
  if (!viewer.scopes.has('REPORT'))
    throw new DoorRefusal(403, 'Expected an API key with the scope REPORT, got one without it.');
  const { projectId } = viewer;
  if (project !== null && project !== (await numberOf(app, projectId)))
    throw new DoorRefusal(403, `Expected a key of project ${project}, got one of another project.`);
  return { projectId, keyId: viewer.id };
}

/**
 * The key of an SDK's request, wherever it put it.
 *
 * @param header of the envelope
 */
export function tokenOfSdk(
  { headers, url = '' }: IncomingMessage,
  header: Record<string, unknown>,
): string | null {
  const auth = [headers['x-sentry-auth'], headers.authorization].find(
    (one) => typeof one === 'string' && one.startsWith('Sentry '),
  );
  const named = /\bsentry_key=(\w+)/.exec(String(auth ?? ''))?.[1];
  const asked = new URLSearchParams(url.split('?', 2)[1]).get('sentry_key');
  const dsn = typeof header.dsn === 'string' ? /^https?:\/\/(\w+)[:@]/.exec(header.dsn)?.[1] : null;
  return named ?? asked ?? dsn ?? tokenOf(headers.authorization);
}

async function numberOf({ db }: Pick<App, 'db'>, projectId: string): Promise<number> {
  const known = numbers.get(projectId);
  if (known !== undefined) return known;
  const { number } = await db.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { number: true },
  });
  numbers.set(projectId, number);
  return number;
}
