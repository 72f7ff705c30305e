import { createHmac, randomBytes } from 'node:crypto';
import type { Role } from '../contract/accounts.ts';
import type { RefreshToken } from '../generated/prisma/client.ts';
import { networkOf } from '../graphql/limits.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { RefreshRefusedError, SignInRefusedError } from './errors.ts';
import {
  beginAttempt,
  countFailure,
  forgetFailures,
  isTrusted,
  refuseGuessing,
  trust,
} from './guesses.ts';
import { hashSecret } from './key-format.ts';
import { verifyPassword } from './passwords.ts';
import { signAccessToken } from './tokens.ts';
import { forgetViewer } from './viewers.ts';

/** Tokens of a user in a project. The refresh token is good once. */
export type Tokens = {
  accessToken: string;
  accessTokenExpiresAt: Date;
  refreshToken: string;
  refreshTokenExpiresAt: Date;
};

type Needs = Pick<App, 'config' | 'db' | 'keys' | 'log' | 'metrics' | 'pubsub'>;
type Owner = { userId: string; projectId: string; role: Role };

const dayMs = 86_400_000;

/**
 * Signs a user in. Failures are counted by e-mail address and by network address; where the user has
 * signed in before, their own failures count alone, so that others cannot lock them out.
 *
 * @param email lower-case
 * @param projectId which project, for members of several; `null` for the one joined first
 * @throws {SignInRefusedError} no such user, another password, or not a member
 * @throws {GraphQLError} RATE_LIMITED
 */
export async function signIn(
  app: Needs,
  {
    email,
    password,
    projectId,
    address,
    now,
  }: {
    email: string;
    password: string;
    projectId: string | null;
    address: string;
    now: Date;
  },
): Promise<Tokens> {
  const own = `email:${email} ${networkOf(address)}`;
  const shared = [`address:${networkOf(address)}`, `email:${email}`];
  const isKnown = isTrusted(app, `email:${email}`, address);
  const attempt = await beginAttempt(app, isKnown ? [own] : shared);
  try {
    const owner = await memberOf(app, { email, password, projectId });
    const tokens = await app.db.$transaction((tx) => startFamily(app, tx, owner, now));
    trust(app, `email:${email}`, address);
    await attempt.forgive();
    await forgetFailures(app, isKnown ? own : `email:${email}`);
    return tokens;
  } catch (error) {
    if (!(error instanceof SignInRefusedError)) await attempt.forgive(); // an outage is not a guess
    throw error;
  }
}

/**
 * Exchanges a refresh token for new tokens. A repeat with the same `operationId` gives the same
 * refresh token again, as long as that one was not used: an answer can get lost. Any other use of a
 * token that was replaced ends the whole sign-in, for one of the two users has stolen it (RFC 9700,
 * section 4.14.2).
 *
 * @throws {RefreshRefusedError} the token is unknown, used, expired or signed out
 * @throws {GraphQLError} RATE_LIMITED
 */
export async function refresh(
  app: Needs,
  {
    refreshToken,
    operationId,
    address,
    now,
  }: {
    refreshToken: string;
    operationId: string;
    address: string;
    now: Date;
  },
): Promise<Tokens> {
  const names = [`address:${networkOf(address)}`];
  const row = await app.db.refreshToken.findUnique({ where: { hash: hashSecret(refreshToken) } });
  if (!row) {
    await refuseGuessing(app, names);
    await countFailure(app, names);
    throw new RefreshRefusedError();
  }
  const next = successorOf(app, refreshToken, operationId);
  const tokens = await app.db.$transaction(async (tx) => {
    const owner = await ownerOf(tx, row);
    if (!owner || row.revokedAt || row.expiresAt <= now) throw new RefreshRefusedError();
    const { count } = await tx.refreshToken.updateMany({
      where: { id: row.id, replacedAt: null, revokedAt: null },
      data: { replacedAt: now },
    });
    if (count === 1)
      return issueTokens(app, tx, owner, { familyId: row.familyId, refreshToken: next, now });
    return repeatTokens(app, tx, owner, { familyId: row.familyId, refreshToken: next, now });
  });
  if (tokens) return tokens;
  app.log.warn(
    { userId: row.userId, familyId: row.familyId },
    'a used refresh token came back; its sign-in was ended',
  );
  await endFamily(app, row, now);
  throw new RefreshRefusedError();
}

/**
 * Ends the sign-in that a refresh token came from, its access tokens included; a repeat or an unknown
 * token changes nothing.
 */
export async function signOut(
  app: Needs,
  { refreshToken, now }: { refreshToken: string; now: Date },
): Promise<void> {
  const row = await app.db.refreshToken.findUnique({ where: { hash: hashSecret(refreshToken) } });
  if (row) await endFamily(app, row, now);
}

/** Deletes refresh tokens that nobody can use any more. */
export async function deleteExpiredTokens({ db }: Pick<Needs, 'db'>, now: Date): Promise<number> {
  const { count } = await db.refreshToken.deleteMany({ where: { expiresAt: { lt: now } } });
  return count;
}

async function memberOf(
  { db }: Pick<Needs, 'db'>,
  { email, password, projectId }: { email: string; password: string; projectId: string | null },
): Promise<Owner> {
  const user = await db.user.findUnique({
    where: { email },
    include: {
      memberships: {
        where: projectId ? { projectId } : {},
        orderBy: [{ createdAt: 'asc' }, { projectId: 'asc' }],
        take: 1,
      },
    },
  });
  const isRight = await verifyPassword(user?.passwordHash ?? null, password);
  const membership = user?.memberships[0];
  if (!isRight || !membership) throw new SignInRefusedError();
  return membership;
}

async function ownerOf(tx: Tx, { userId, projectId }: RefreshToken): Promise<Owner | null> {
  return tx.membership.findUnique({ where: { projectId_userId: { projectId, userId } } });
}

async function startFamily(app: Needs, tx: Tx, owner: Owner, now: Date): Promise<Tokens> {
  const refreshToken = randomBytes(32).toString('base64url');
  return issueTokens(app, tx, owner, { familyId: newId(), refreshToken, now });
}

type Issue = { familyId: string; refreshToken: string; now: Date };

async function issueTokens(
  app: Needs,
  tx: Tx,
  owner: Owner,
  { familyId, refreshToken, now }: Issue,
): Promise<Tokens> {
  const { userId, projectId } = owner;
  const expiresAt = new Date(now.getTime() + app.config.auth.refreshTokenDays * dayMs);
  const hash = hashSecret(refreshToken);
  await tx.refreshToken.create({
    data: { id: newId(), familyId, userId, projectId, hash, expiresAt, createdAt: now },
  });
  return withAccess(app, owner, { familyId, refreshToken, now }, expiresAt);
}

/** The tokens of a refresh whose answer got lost; `null` when this is not a repeat of it. */
async function repeatTokens(
  app: Needs,
  tx: Tx,
  owner: Owner,
  issue: Issue,
): Promise<Tokens | null> {
  const row = await tx.refreshToken.findUnique({ where: { hash: hashSecret(issue.refreshToken) } });
  if (!row || row.replacedAt || row.revokedAt || row.expiresAt <= issue.now) return null;
  return withAccess(app, owner, issue, row.expiresAt);
}

async function withAccess(
  app: Needs,
  { userId, projectId, role }: Owner,
  { familyId, refreshToken, now }: Issue,
  refreshTokenExpiresAt: Date,
): Promise<Tokens> {
  const { accessToken, expiresAt } = await signAccessToken(app, {
    userId,
    projectId,
    role,
    familyId,
    now,
  });
  return { accessToken, accessTokenExpiresAt: expiresAt, refreshToken, refreshTokenExpiresAt };
}

/** 32 bytes that only the server and the bearer of both can name, the same ones at every repeat. */
function successorOf({ keys }: Needs, refreshToken: string, operationId: string): string {
  return createHmac('sha256', keys.derive('refresh-tokens'))
    .update(`${refreshToken}\n${operationId}`)
    .digest('base64url');
}

async function endFamily(
  app: Needs,
  { familyId, projectId, userId }: Pick<RefreshToken, 'familyId' | 'projectId' | 'userId'>,
  now: Date,
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    // Waits for a refresh under way, whose new token the update would not see otherwise.
    await tx.$executeRaw`SELECT 1 FROM "RefreshToken" WHERE "familyId" = ${familyId}::uuid ORDER BY "id" FOR UPDATE`;
    const { count } = await tx.refreshToken.updateMany({
      where: { familyId, revokedAt: null },
      data: { revokedAt: now },
    });
    if (count > 0) await app.pubsub.notify(tx, { topic: 'key', projectId, subjectId: userId });
  });
  forgetViewer(app, userId);
}
