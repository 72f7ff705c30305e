import { type ApiScope, apiScopes } from '../contract/accounts.ts';
import { wordsOf } from '../contract/vocabulary.ts';
import type { ApiKey, Prisma } from '../generated/prisma/client.ts';
import { InvalidInputError } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import {
  ApiKeyNotFoundError,
  ApiKeyNotLiveError,
  IdTakenError,
  RotationUnderWayError,
  ScopesExceededError,
  SecretAlreadyShownError,
} from './errors.ts';
import { hashSecret, makeKey, prefixOf } from './key-format.ts';
import { participantByLabel, requireParticipant } from './participants.ts';
import { forgetViewer } from './viewers.ts';

/** A key that was just made. The secret is kept nowhere. */
export type IssuedKey = { id: string; secret: string };

/** Who gives rights, and which they have. */
export type Grantor = { projectId: string; scopes: ReadonlySet<ApiScope> };

type Needs = Pick<App, 'config' | 'db' | 'pubsub'>;

export const allScopes: ReadonlySet<ApiScope> = new Set(wordsOf(apiScopes));

const firstStartLock = 0x6373_6b31; // any number that nothing else locks

/**
 * Creates a key in the grantor's project.
 *
 * @param id made by the caller, so that a repeat does not make a second key
 * @param participantLabel whose key it is, made when absent; not looked at when `participantId` is given
 * @throws {SecretAlreadyShownError} a repeat
 * @throws {IdTakenError} the id is another project's key
 * @throws {ScopesExceededError} the grantor lacks a scope
 * @throws {ParticipantNotFoundError} it is absent or another project's
 * @throws {InvalidInputError} CAPTURE without a participant, or an expiry in the past
 */
export async function createKey(
  { db }: Pick<Needs, 'db'>,
  grantor: Grantor,
  key: {
    id: string;
    name: string;
    scopes: ApiScope[];
    participantId?: string | null;
    participantLabel?: string | null;
    expiresAt?: Date | null;
    now: Date;
  },
): Promise<IssuedKey> {
  const { projectId } = grantor;
  return db.$transaction(async (tx) => {
    await refuseRepeat(tx, projectId, key.id);
    requireScopes(grantor, key.scopes);
    requireFuture(key.expiresAt, key.now);
    const participantId = await participantOf(tx, projectId, key);
    const { id, name, expiresAt, now } = key;
    return insertKey(tx, {
      id,
      projectId,
      name,
      participantId,
      scopes: key.scopes,
      expiresAt,
      createdAt: now,
    });
  });
}

/**
 * Makes the next key of a lineage, good at once. The older one stays good for the overlap, so that
 * clients can change over; there are never more than two.
 *
 * @param id of the new key, made by the caller
 * @param overlapMinutes life of the older key from now; it never lengthens the life it had
 * @param expiresAt of the new key; absent: it lives as long as the older one was made to
 * @throws {SecretAlreadyShownError} a repeat
 * @throws {IdTakenError} the id is another key's
 * @throws {ApiKeyNotFoundError} the older key is absent or another project's
 * @throws {ApiKeyNotLiveError} the older key was revoked or has expired
 * @throws {RotationUnderWayError} two keys of the lineage are good already
 * @throws {ScopesExceededError} the key can do what the grantor cannot
 */
export async function rotateKey(
  app: Needs,
  grantor: Grantor,
  {
    id,
    keyId,
    overlapMinutes,
    expiresAt,
    now,
  }: {
    id: string;
    keyId: string;
    overlapMinutes: number;
    expiresAt?: Date | null;
    now: Date;
  },
): Promise<IssuedKey> {
  const { projectId } = grantor;
  const issued = await app.db.$transaction(async (tx) => {
    await refuseRepeat(tx, projectId, id, keyId);
    const older = await lockKey(tx, projectId, keyId);
    if (!isLive(older, now)) throw new ApiKeyNotLiveError(keyId);
    requireScopes(grantor, older.scopes);
    requireFuture(expiresAt, now);
    await refuseThird(tx, older, now);

    const overlapEnds = new Date(now.getTime() + overlapMinutes * 60_000);
    const olderEnds =
      older.expiresAt && older.expiresAt < overlapEnds ? older.expiresAt : overlapEnds;
    await tx.apiKey.update({ where: { id: keyId }, data: { expiresAt: olderEnds } });
    await app.pubsub.notify(tx, { topic: 'key', projectId, subjectId: keyId });
    return insertKey(tx, {
      id,
      projectId,
      name: older.name,
      participantId: older.participantId,
      scopes: older.scopes,
      expiresAt: expiresAt ?? renewedExpiry(older, now),
      rotatedFromId: keyId,
      createdAt: now,
    });
  });
  forgetViewer(app, keyId);
  return issued;
}

/**
 * Ends a key for good; a repeat changes nothing. Its sockets are closed as soon as the change is
 * seen, its requests are refused within a second by every process.
 *
 * @throws {ApiKeyNotFoundError} it is absent or another project's
 */
export async function revokeKey(
  app: Needs,
  { projectId, keyId, now }: { projectId: string; keyId: string; now: Date },
): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const { count } = await tx.apiKey.updateMany({
      where: { id: keyId, projectId, revokedAt: null },
      data: { revokedAt: now },
    });
    if (count === 1) await app.pubsub.notify(tx, { topic: 'key', projectId, subjectId: keyId });
    else if (
      !(await tx.apiKey.findFirst({ where: { id: keyId, projectId }, select: { id: true } }))
    )
      throw new ApiKeyNotFoundError(keyId);
  });
  forgetViewer(app, keyId);
}

/** The keys of a project, newest first, without their digests. */
export async function listKeys(
  { db }: Pick<Needs, 'db'>,
  { projectId }: { projectId: string },
): Promise<Omit<ApiKey, 'hash'>[]> {
  return db.apiKey.findMany({
    where: { projectId },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    omit: { hash: true },
  });
}

/** Keys that are good at an instant, or those that are not. */
export function keysThatAre(live: boolean, now: Date): Prisma.ApiKeyWhereInput {
  const good = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
  return live ? good : { NOT: good };
}

export function isLive(key: Pick<ApiKey, 'revokedAt' | 'expiresAt'>, now: Date): boolean {
  return key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);
}

/**
 * Makes the project "Default" with a participant and a key of all scopes, at the first start.
 *
 * @returns the key, shown this once; `null` when there is a project already
 */
export async function ensureFirstKey(
  { db }: Pick<Needs, 'db'>,
  now: Date,
): Promise<(IssuedKey & { projectId: string; participantId: string }) | null> {
  return db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${firstStartLock}::bigint)`; // replicas start together
    if (await tx.project.findFirst({ select: { id: true } })) return null;
    const projectId = newId();
    await tx.project.create({ data: { id: projectId, name: 'Default' } });
    const participantId = await participantByLabel(tx, projectId, 'first');
    const issued = await insertKey(tx, {
      id: newId(),
      projectId,
      name: 'First key',
      participantId,
      scopes: [...allScopes],
      createdAt: now,
    });
    return { ...issued, projectId, participantId };
  });
}

/** Id of the project that the first start made: what concerns the installation as a whole belongs to it. */
export async function firstProject({ db }: Pick<Needs, 'db'>): Promise<string> {
  const { id } = await db.project.findFirstOrThrow({
    orderBy: { number: 'asc' },
    select: { id: true },
  });
  return id;
}

async function insertKey(
  tx: Tx,
  key: Omit<Prisma.ApiKeyUncheckedCreateInput, 'prefix' | 'hash'> & { id: string },
): Promise<IssuedKey> {
  const secret = makeKey();
  const { count } = await tx.apiKey.createMany({
    data: [{ ...key, prefix: prefixOf(secret), hash: hashSecret(secret) }],
    skipDuplicates: true,
  });
  if (count === 0) throw new SecretAlreadyShownError(key.id); // the same request came twice at once
  return { id: key.id, secret };
}

async function refuseRepeat(
  tx: Tx,
  projectId: string,
  id: string,
  rotatedFromId: string | null = null,
): Promise<void> {
  const found = await tx.apiKey.findUnique({
    where: { id },
    select: { projectId: true, rotatedFromId: true },
  });
  if (!found) return;
  const isRepeat = found.projectId === projectId && found.rotatedFromId === rotatedFromId;
  throw isRepeat ? new SecretAlreadyShownError(id) : new IdTakenError(id);
}

/** Two rotations of one key wait for each other here. */
async function lockKey(tx: Tx, projectId: string, keyId: string): Promise<ApiKey> {
  await tx.$executeRaw`SELECT 1 FROM "ApiKey" WHERE "id" = ${keyId}::uuid FOR UPDATE`;
  const key = await tx.apiKey.findFirst({ where: { id: keyId, projectId } });
  if (!key) throw new ApiKeyNotFoundError(keyId);
  return key;
}

/** Keys that are good are neighbours: a good key's neighbours are the only others that can be. */
async function refuseThird(tx: Tx, key: ApiKey, now: Date): Promise<void> {
  const { projectId, id, rotatedFromId } = key;
  const neighbour = await tx.apiKey.findFirst({
    where: {
      projectId,
      AND: [
        keysThatAre(true, now),
        { OR: [{ rotatedFromId: id }, { id: rotatedFromId ?? id, NOT: { id } }] },
      ],
    },
  });
  if (!neighbour) return;
  const [older, newer] = neighbour.rotatedFromId === id ? [key, neighbour] : [neighbour, key];
  throw new RotationUnderWayError(older, newer.id);
}

async function participantOf(
  tx: Tx,
  projectId: string,
  key: { scopes: ApiScope[]; participantId?: string | null; participantLabel?: string | null },
): Promise<string | null> {
  if (key.participantId) return requireParticipant(tx, projectId, key.participantId);
  if (key.participantLabel) return participantByLabel(tx, projectId, key.participantLabel);
  if (!key.scopes.includes('CAPTURE')) return null;
  const expected =
    'expected participantId or participantLabel for a key with the scope CAPTURE, got neither';
  throw new InvalidInputError('input.participantLabel', `input.participantLabel: ${expected}`);
}

function requireScopes(grantor: Grantor, scopes: readonly ApiScope[]): void {
  const missing = scopes.filter((scope) => !grantor.scopes.has(scope));
  if (missing.length > 0) throw new ScopesExceededError(missing);
}

function requireFuture(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt && expiresAt <= now)
    throw new InvalidInputError(
      'input.expiresAt',
      `input.expiresAt: expected an instant in the future, got ${expiresAt.toISOString()}`,
    );
}

function renewedExpiry(older: ApiKey, now: Date): Date | null {
  if (!older.expiresAt) return null;
  return new Date(now.getTime() + older.expiresAt.getTime() - older.createdAt.getTime());
}
