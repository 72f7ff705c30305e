import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ReportPlatform } from '../../contract/report.ts';
import { SyncTelemetry } from '../../contract/sync.ts';
import type { SyncClient } from '../../generated/prisma/client.ts';
import type { SyncHealth } from '../../generated/prisma/enums.ts';
import { type Stall, stallOf } from '../../lib/sync/stall.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { sameBytes } from '../../platform/keys.ts';
import { redactWords } from '../../privacy/redact.ts';
import type { Signal } from '../signals.ts';
import { stateSignals } from '../state-signals.ts';
import { cleanName } from './compared.ts';
import {
  SyncAuthorityUnknownError,
  SyncClientNotFoundError,
  SyncClientTakenError,
  TooManySyncClientsError,
} from './errors.ts';

/** Who reports, as the door has found out. */
export type Reporter = {
  id: string;
  projectId: string;
  name: string;
  platform: ReportPlatform;
  isAuthority: boolean;
  /** Whether it is believed that it is one; known clients stay what they are. */
  mayBeAuthority: boolean;
  /** `null` for a recorder, which its key proves. */
  token: string | null;
  participantId: string | null;
};

/** The worst of each number so far. */
export const SyncWorst = z.object({
  queueDepth: z.number(),
  queueBytes: z.number(),
  oldestAgeMs: z.number(),
  headAttempts: z.number(),
  restarts: z.number(),
  storedBytes: z.number(),
  roundTripMs: z.number(),
  reconnects: z.number(),
  missedPings: z.number(),
  failedPeers: z.number(),
});
export type SyncWorst = z.output<typeof SyncWorst>;

/** Clients of one project, recorders aside: a page that makes a new id at each load must not fill the table. */
const clientsMost = 10_000;

/**
 * The client's row, locked for this transaction; made at its first report.
 *
 * @throws {SyncClientTakenError} the id is another one's, or another project's
 * @throws {SyncAuthorityUnknownError} @throws {TooManySyncClientsError}
 */
export async function admitClient(
  tx: Tx,
  reporter: Reporter,
  sampledAt: Date,
): Promise<SyncClient> {
  const { id, projectId, platform, isAuthority, token, participantId } = reporter;
  const known = await lockClient(tx, id);
  if (known) {
    if (!isHis(known, reporter)) throw new SyncClientTakenError(id);
    return known;
  }
  if (isAuthority && !reporter.mayBeAuthority) throw new SyncAuthorityUnknownError(id);
  // Recorders are as many as the sessions that they record.
  if (participantId === null) await refuseTooMany(tx, projectId);
  // Two first reports at once: the second waits here, and finds the row.
  await tx.syncClient.createMany({
    data: [
      {
        ...{ id, projectId, platform, isAuthority, participantId, sampledAt },
        ...{ name: redactWords(reporter.name), tokenHash: token ? hashOf(token) : null },
        ...{ latest: emptyTelemetry, worst: noWorst },
      },
    ],
    skipDuplicates: true,
  });
  const made = await lockClient(tx, id);
  if (!made || !isHis(made, reporter)) throw new SyncClientTakenError(id);
  return made;
}

async function refuseTooMany(tx: Tx, projectId: string): Promise<void> {
  const count = await tx.syncClient.count({ where: { projectId, participantId: null } });
  if (count >= clientsMost) throw new TooManySyncClientsError(clientsMost);
}

/**
 * Makes a client the one that others are compared with, or no longer. A repeat changes nothing.
 *
 * @throws {SyncClientNotFoundError}
 */
export async function setSyncAuthority(
  { db }: Pick<App, 'db'>,
  projectId: string,
  { clientId, isAuthority }: { clientId: string; isAuthority: boolean },
): Promise<void> {
  const where = { id: clientId, projectId, participantId: null };
  const { count } = await db.syncClient.updateMany({ where, data: { isAuthority } });
  if (count === 0) throw new SyncClientNotFoundError(clientId);
}

/**
 * The client of that id and token.
 *
 * @throws {SyncClientNotFoundError}
 */
export async function clientOf(
  { db }: { db: Pick<Tx, 'syncClient'> },
  projectId: string,
  { id, token }: { id: string; token: string },
): Promise<SyncClient> {
  const client = await db.syncClient.findUnique({ where: { id } });
  const isThis =
    client?.projectId === projectId &&
    client.tokenHash !== null &&
    sameBytes(client.tokenHash, hashOf(token));
  if (!client || !isThis) throw new SyncClientNotFoundError(id);
  return client;
}

/**
 * Takes a sample: the latest by the client's clock is kept, and the worst of each number. Says so when the
 * queue stands still, or its health is another one.
 */
export async function takeSample(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  client: SyncClient,
  { sampledAt, telemetry, now }: { sampledAt: Date; telemetry: SyncTelemetry; now: Date },
): Promise<SyncClient> {
  const before = SyncTelemetry.parse(client.latest);
  const isStoreSound = telemetry.isStoreSound ?? before.isStoreSound ?? null; // what is not told stays
  const headId = telemetry.headId == null ? null : cleanName(telemetry.headId);
  const lastError = redactWords(telemetry.lastError);
  const sample = { ...telemetry, headId, isStoreSound, lastError };
  const worst = worstOf(SyncWorst.parse(client.worst), sample);
  const isLate = sampledAt < client.sampledAt;
  if (isLate)
    return tx.syncClient.update({ where: { id: client.id }, data: { worst, lastSeenAt: now } });
  const isSameHead = (sample.headId ?? null) === (before.headId ?? null) && client.headSince;
  const { attemptAgeMs, retryIntervalMs = null } = sample;
  const queue = {
    isOnline: sample.isOnline,
    queueDepth: sample.queueDepth,
    headSince: sample.queueDepth === 0 ? null : isSameHead ? client.headSince : now,
    attemptedAt: attemptAgeMs == null ? null : new Date(now.getTime() - attemptAgeMs),
    retryIntervalMs,
  };
  const stall = stallIn(queue, now);
  // Without a network nothing stands still, and nothing moves either: it is over when it goes on.
  const moves = stall === null && (queue.isOnline || queue.queueDepth === 0);
  const health = healthOf(sample, stall);
  const updated = await tx.syncClient.update({
    where: { id: client.id },
    data: {
      ...{ sampledAt, latest: sample, worst, health, stall, lastSeenAt: now, ...queue },
      stalledAt: moves ? null : (client.stalledAt ?? (stall && now)),
    },
  });
  await tellHealth(app, tx, client, updated);
  return updated;
}

/** The client's queue stands still, as of now: the same as a sample would have found. */
export function stallIn(
  client: Pick<
    SyncClient,
    'isOnline' | 'queueDepth' | 'headSince' | 'attemptedAt' | 'retryIntervalMs'
  >,
  now: Date,
): Stall | null {
  const { isOnline, queueDepth, headSince, attemptedAt, retryIntervalMs } = client;
  return stallOf(
    {
      ...{ isOnline, depth: queueDepth, retryIntervalMs },
      headSince: headSince?.getTime() ?? null,
      attemptedAt: attemptedAt?.getTime() ?? null,
    },
    now.getTime(),
  );
}

type Said = Pick<Signal, 'kind' | 'title' | 'severity' | 'category'> & { subjectId?: string };

/** Says that a queue stands still or moves again, and that a store is corrupt or sound again. */
export async function tellHealth(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  before: Pick<SyncClient, 'health' | 'stall' | 'stalledAt'>,
  after: SyncClient,
): Promise<void> {
  const { id, projectId, name, health, stall } = after;
  const said: Said[] = [];
  const [wasStalled, isStalled] = [before.stalledAt !== null, after.stalledAt !== null];
  if (isStalled && !wasStalled)
    said.push({
      ...{ kind: 'queue.stalled', severity: 'HIGH', category: 'SYNC_TIMEOUT' },
      title: `The queue of ${name} stands still`,
    });
  if (wasStalled && !isStalled)
    said.push({
      ...{ kind: 'queue.moved', severity: 'INFO', category: null },
      title: `The queue of ${name} moves again`,
    });
  const subjectId = storeOf(id);
  const [wasCorrupt, isCorrupt] = [before.health === 'CORRUPT', health === 'CORRUPT'];
  if (isCorrupt && !wasCorrupt)
    said.push({
      ...{ kind: 'sync.diverged', severity: 'CRITICAL', category: 'SYNC_CONFLICT', subjectId },
      title: `The local store of ${name} is corrupt`,
    });
  if (wasCorrupt && !isCorrupt)
    said.push({
      ...{ kind: 'sync.resolved', severity: 'INFO', category: null, subjectId },
      title: `The local store of ${name} is sound again`,
    });
  const isSame = before.health === health && before.stall === stall;
  if (said.length === 0 && !isSame)
    said.push({
      ...{ kind: 'sync.updated', severity: 'INFO', category: null },
      title: `${name} is ${health}`,
    });
  const { socket, lastError, headAttempts, isOnline } = SyncTelemetry.parse(after.latest);
  const signals = said.map(
    ({ title, ...one }): Signal => ({
      ...{ projectId, subjectId: id, source: name, clientId: id, correlationId: null },
      ...one,
      title: title.slice(0, 200),
      detail: {
        ...{ health, stall, headAttempts, lastError: lastError ?? null },
        pendingOperations: after.queueDepth,
        lastSyncTimestamp: after.agreedAt?.toISOString() ?? null,
        offlineQueue: isOnline ? 0 : after.queueDepth,
        reconnects: socket?.reconnects ?? 0,
      },
    }),
  );
  await stateSignals(app, tx, signals);
}

/** A client's store, as alerts name it: its queue may well move while that is corrupt. */
function storeOf(clientId: string): string {
  return `${clientId}/store`;
}

/** A store whose checksum fails is worst; a slow or broken connection is only a little bad. */
export function healthOf(sample: SyncTelemetry, stall: Stall | null): SyncHealth {
  if (sample.isStoreSound === false) return 'CORRUPT';
  if (!sample.isOnline) return 'OFFLINE';
  if (stall) return 'STALLED';
  const { socket, peers, storedBytes, quotaBytes } = sample;
  const isFull = quotaBytes && storedBytes ? storedBytes / quotaBytes > 0.95 : false;
  const arePeersLost = peers ? peers.connected === 0 && peers.failed > 0 : false;
  const isSlow = (socket?.roundTripMs ?? 0) > slowMs || (socket?.missedPings ?? 0) >= pingsMissed;
  return isFull || arePeersLost || isSlow || sample.headAttempts >= attemptsMany
    ? 'DEGRADED'
    : 'HEALTHY';
}

const slowMs = 2_000; // a person notices
const pingsMissed = 2; // one may be lost with its network
const attemptsMany = 5;

const emptyTelemetry: SyncTelemetry = {
  isOnline: true,
  queueDepth: 0,
  headAttempts: 0,
  restarts: 0,
};
const noWorst: SyncWorst = {
  queueDepth: 0,
  queueBytes: 0,
  oldestAgeMs: 0,
  headAttempts: 0,
  restarts: 0,
  storedBytes: 0,
  roundTripMs: 0,
  reconnects: 0,
  missedPings: 0,
  failedPeers: 0,
};

function worstOf(worst: SyncWorst, sample: SyncTelemetry): SyncWorst {
  const greater = (so: number, now: number | null | undefined) => Math.max(so, now ?? 0);
  const { socket, peers } = sample;
  return {
    queueDepth: greater(worst.queueDepth, sample.queueDepth),
    queueBytes: greater(worst.queueBytes, sample.queueBytes),
    oldestAgeMs: greater(worst.oldestAgeMs, sample.oldestAgeMs),
    headAttempts: greater(worst.headAttempts, sample.headAttempts),
    restarts: greater(worst.restarts, sample.restarts),
    storedBytes: greater(worst.storedBytes, sample.storedBytes),
    roundTripMs: greater(worst.roundTripMs, socket?.roundTripMs),
    reconnects: greater(worst.reconnects, socket?.reconnects),
    missedPings: greater(worst.missedPings, socket?.missedPings),
    failedPeers: greater(worst.failedPeers, peers?.failed),
  };
}

async function lockClient(tx: Tx, id: string): Promise<SyncClient | null> {
  await tx.$queryRaw`SELECT 1 FROM "SyncClient" WHERE "id" = ${id}::uuid FOR NO KEY UPDATE`;
  return tx.syncClient.findUnique({ where: { id } });
}

function isHis(client: SyncClient, { projectId, token, participantId }: Reporter): boolean {
  if (client.projectId !== projectId || client.participantId !== participantId) return false;
  if (client.tokenHash === null || token === null) return client.tokenHash === token;
  return sameBytes(client.tokenHash, hashOf(token));
}

function hashOf(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(token).digest());
}
