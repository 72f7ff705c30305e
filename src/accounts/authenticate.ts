import type { ApiKey } from '../generated/prisma/client.ts';
import type { Authenticate, Viewer } from '../graphql/context.ts';
import { networkOf } from '../graphql/limits.ts';
import type { App } from '../platform/app.ts';
import { countFailure, isTrusted, refuseGuessing, trust } from './guesses.ts';
import { hashSecret, type ParsedKey, parseKey } from './key-format.ts';
import { isLive } from './keys.ts';
import { scopesOfRole } from './members.ts';
import { type AccessClaims, looksLikeToken, readAccessToken } from './tokens.ts';
import { rememberViewer } from './viewers.ts';

type Key = Extract<ParsedKey, { form: 'KEY' }>;

/**
 * Finds who a key or access token belongs to, asking the database at most once a second for each.
 *
 * @returns `null` for nobody: no token, a wrong one, an expired or revoked one
 * @throws {GraphQLError} RATE_LIMITED with `retryAfterSeconds`: too many wrong ones
 * @throws {Error} the database cannot be asked; whoever it is may come again
 */
export const authenticate: Authenticate = async (app, { token, address }) => {
  if (!token) return null;
  const now = new Date();
  const key = parseKey(token);
  if (key.form === 'KEY')
    return rememberViewer(app, key.hash.toString('base64'), now, () =>
      viewerOfKey(app, key, address, now),
    );
  if (key.form === 'OTHER' && looksLikeToken(token))
    return rememberViewer(app, hashSecret(token).toString('base64'), now, () =>
      viewerOfToken(app, token, address, now),
    );
  return refuse(app, addressOnly(address));
};

async function viewerOfKey(
  app: App,
  { prefix, hash }: Key,
  address: string,
  now: Date,
): Promise<Viewer | null> {
  const names = [...addressOnly(address), `prefix:${prefix}`];
  const credential = `key:${hash.toString('base64')}`;
  if (!isTrusted(app, credential, address)) await refuseGuessing(app, names);
  // The index compares digests, whose bytes nobody can choose: its timing tells nothing of the key.
  const row = await app.db.apiKey.findUnique({ where: { hash } });
  if (!row) return refuse(app, names);
  trust(app, credential, address); // also one that is not good any more: its owner does not guess
  if (!isLive(row, now)) return null;
  await noteUse(app, row, now);
  const { id, projectId, participantId, scopes, expiresAt } = row;
  return { kind: 'KEY', id, projectId, participantId, scopes: new Set(scopes), expiresAt };
}

async function viewerOfToken(
  app: App,
  token: string,
  address: string,
  now: Date,
): Promise<Viewer | null> {
  const claims = await readAccessToken(app, token, now);
  if (claims === 'EXPIRED') return null;
  if (claims === 'FORGED') return refuse(app, addressOnly(address));
  const role = await presentRole(app, claims, now);
  if (!role) return null;
  const { userId, projectId, expiresAt } = claims;
  return {
    kind: 'USER',
    id: userId,
    projectId,
    participantId: null,
    scopes: scopesOfRole[role],
    expiresAt,
  };
}

/** The member's role now; `null` when they left the project or the sign-in was ended. */
async function presentRole(
  { db }: Pick<App, 'db'>,
  { userId, projectId, familyId }: AccessClaims,
  now: Date,
) {
  const family = await db.refreshToken.findFirst({
    where: { familyId, userId, projectId, revokedAt: null, expiresAt: { gt: now } },
    select: { user: { select: { memberships: { where: { projectId }, select: { role: true } } } } },
  });
  return family?.user.memberships[0]?.role ?? null;
}

/** Counts a wrong token. @throws {GraphQLError} RATE_LIMITED when there were too many before */
async function refuse(app: App, names: string[]): Promise<null> {
  await refuseGuessing(app, names);
  await countFailure(app, names);
  return null;
}

/** Writes when a key was used, at most once a minute; that it could not be written keeps nobody out. */
async function noteUse(
  { db, log }: Pick<App, 'db' | 'log'>,
  key: ApiKey,
  now: Date,
): Promise<void> {
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000);
  if (key.lastUsedAt && key.lastUsedAt >= minute) return;
  try {
    await db.apiKey.updateMany({
      where: { id: key.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: minute } }] },
      data: { lastUsedAt: minute },
    });
  } catch (error) {
    log.warn({ err: error, keyId: key.id }, 'the use of a key was not noted');
  }
}

function addressOnly(address: string): string[] {
  return [`address:${networkOf(address)}`];
}
