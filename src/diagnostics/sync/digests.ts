import * as z from 'zod';
import { type SyncReport, syncLimits } from '../../contract/sync.ts';
import type { SyncClient, SyncDigest, SyncPair } from '../../generated/prisma/client.ts';
import {
  comparePair,
  newPair,
  type PairState,
  type PairVerdict,
  type Take,
} from '../../lib/sync/compare.ts';
import { type Digest, digestFrom } from '../../lib/sync/digest.ts';
import { compareTrees, type LeafItem, type ToldTree } from '../../lib/sync/tree.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { cleanName } from './compared.ts';
import { type Agreement, openIssue, thisServer } from './issues.ts';

/** How an entity stands after a report. */
export type DigestAnswer = {
  entityType: string;
  entityId: string;
  state: 'WAITING' | 'NOT_COMPARED' | 'AGREE' | 'SUSPECTED' | 'DIVERGENT';
  /** Nodes of the tree whose parts or items to tell next, with the same checkpoint and take. */
  descend: string[];
  issueId: string | null;
};

/** What this server itself holds of an entity at the checkpoint, as the feature that owns it says. */
export type OwnTake = { entityType: string; entityId: string; digest: Digest };

type Told = SyncReport['digests'][number];
type Side = { id: string; take: Take; tree: ToldTree; arrivedAt: Date };
type Needs = Pick<App, 'pubsub' | 'queue'>;

const Nodes = z.array(z.object({ path: z.string(), count: z.number(), sum: z.string() }));
const Leaves = z.array(
  z.object({ path: z.string(), items: z.array(z.object({ key: z.string(), hash: z.string() })) }),
);

/** Others that one report of an entity is compared with; an authority is compared with as many clients. */
const othersMost = 200;
/** Without an authority, with so many peers. */
const peersMost = 16;
/** A clock may be so far ahead without being wrong. */
const aheadMs = 5 * 60_000;

/**
 * Keeps what a client holds at a checkpoint, and compares it with this server's own state or with the
 * others that told of the same checkpoint: with the authority where there is one.
 */
export async function takeDigests(
  app: Needs,
  tx: Tx,
  client: SyncClient,
  {
    told,
    checkpoint,
    takenAt,
    isQueueEmpty,
    own,
    now,
  }: {
    told: Told[];
    checkpoint: string;
    takenAt: Date;
    isQueueEmpty: boolean;
    own: OwnTake[];
    now: Date;
  },
): Promise<{ answers: DigestAnswer[]; agreed: Agreement[] }> {
  if (told.length === 0) return { answers: [], agreed: [] };
  const where = {
    projectId: client.projectId,
    OR: told.map(({ entityType, entityId }) => ({ entityType, entityId })),
  };
  const before = await tx.syncDigest.findMany({
    where: { ...where, clientId: client.id, checkpoint },
  });
  const others = await tx.syncDigest.findMany({
    where: { ...where, checkpoint, clientId: { not: client.id } },
    include: { client: { select: { isAuthority: true } } },
    // Those that a client must be compared with first, or many peers would crowd them out.
    orderBy: [{ client: { isAuthority: 'desc' } }, { createdAt: 'desc' }],
    take: othersMost * told.length,
  });
  const pairs = await tx.syncPair.findMany({
    where: { ...where, AND: { OR: [{ a: client.id }, { b: client.id }] } },
  });
  const rows: SyncDigest[] = [];
  const found: Found[] = [];
  for (const item of told) {
    const { entityType, entityId } = item;
    const isThis = (row: { entityType: string; entityId: string }) =>
      row.entityType === entityType && row.entityId === entityId;
    const row = rowOf(before.find(isThis), item, {
      ...{ client, checkpoint, takenAt, isQueueEmpty, now },
    });
    rows.push(row);
    const mine = sideOf(row);
    const ours = own.find(isThis);
    const sides = ours
      ? [ownSide(ours, mine)]
      : opposite(client, others.filter(isThis)).map(sideOf);
    const those = pairs.filter(isThis);
    found.push(
      await compareAll(app, tx, client, { entityType, entityId, mine, sides, pairs: those, now }),
    );
  }
  await tx.syncDigest.deleteMany({ where: { ...where, clientId: client.id, checkpoint } });
  await tx.syncDigest.createMany({ data: rows.map(forCreation) });
  await keepPairs(
    tx,
    client.projectId,
    found.flatMap((one) => one.pairs),
    now,
  );
  await dropOlder(tx, client.id, told);
  return {
    answers: found.map(({ answer }) => answer),
    agreed: found.flatMap(({ agreed }) => agreed),
  };
}

type Found = {
  answer: DigestAnswer;
  agreed: Agreement[];
  pairs: Omit<SyncPair, 'projectId' | 'updatedAt'>[];
};

async function compareAll(
  app: Needs,
  tx: Tx,
  client: SyncClient,
  {
    entityType,
    entityId,
    mine,
    sides,
    pairs,
    now,
  }: {
    entityType: string;
    entityId: string;
    mine: Side;
    sides: Side[];
    pairs: SyncPair[];
    now: Date;
  },
): Promise<Found> {
  const { projectId } = client;
  const answer: DigestAnswer = {
    ...{ entityType, entityId, descend: [], issueId: null },
    state: sides.length === 0 ? 'WAITING' : 'NOT_COMPARED',
  };
  const found: Found = { answer, agreed: [], pairs: [] };
  const descend = new Set<string>();
  // In one order, so that two reports at once do not wait for each other's rows.
  for (const side of sides.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const isFirst = mine.id < side.id;
    const [a, b] = isFirst ? [mine, side] : [side, mine];
    const pair = pairs.find((row) => row.a === a.id && row.b === b.id);
    const { verdict, state } = comparePair(pairState(pair, a.take, b.take, now), a.take, b.take);
    if (verdict === 'not_compared') continue;
    const seenA = new Date(state.seen?.a ?? a.take.takenAt);
    const seenB = new Date(state.seen?.b ?? b.take.takenAt);
    found.pairs.push({
      ...{ entityType, entityId, a: a.id, b: b.id, streak: state.streak, seenA, seenB },
    });
    answer.state = worse(answer.state, verdict);
    if (verdict === 'agree') {
      found.agreed.push({ entityType, entityId, sides: [client.id, side.id] });
      continue;
    }
    const { ask, differing } = compareTrees(mine.tree, side.tree);
    for (const path of side.id === thisServer ? [] : ask.a) descend.add(path);
    if (verdict !== 'divergent') continue;
    const [counted, there] = [mine.take.digest.count, side.take.digest.count];
    const { id: issueId } = await openIssue(app, tx, {
      ...{ projectId, type: 'DIVERGENCE', entityType, entityId },
      message: `${counted} items on one side and ${there} on the other at ${mine.take.checkpoint}${differing.length > 0 ? `; ${differing.length} differ` : ''}.`,
      ...(client.isAuthority
        ? { sourceId: side.id, targetId: client.id }
        : { sourceId: client.id, targetId: side.id === thisServer ? null : side.id }),
      keys: differing,
    });
    answer.issueId = issueId;
  }
  answer.descend = [...descend].sort();
  return found;
}

function forCreation({ nodes, leaves, ...row }: SyncDigest) {
  return { ...row, nodes: Nodes.parse(nodes), leaves: Leaves.parse(leaves) };
}

async function keepPairs(
  tx: Tx,
  projectId: string,
  pairs: Found['pairs'],
  now: Date,
): Promise<void> {
  if (pairs.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO "SyncPair" ("projectId", "entityType", "entityId", "a", "b", "streak", "seenA", "seenB", "updatedAt")
    SELECT ${projectId}::uuid, g.*, ${now}::timestamptz FROM unnest(
      ${pairs.map(({ entityType }) => entityType)}::text[], ${pairs.map(({ entityId }) => entityId)}::text[],
      ${pairs.map(({ a }) => a)}::uuid[], ${pairs.map(({ b }) => b)}::uuid[],
      ${pairs.map(({ streak }) => streak)}::int[],
      ${pairs.map(({ seenA }) => seenA)}::timestamptz[], ${pairs.map(({ seenB }) => seenB)}::timestamptz[]
    ) g
    ON CONFLICT ("projectId", "entityType", "entityId", "a", "b") DO UPDATE SET
      "streak" = EXCLUDED."streak", "seenA" = EXCLUDED."seenA", "seenB" = EXCLUDED."seenB", "updatedAt" = EXCLUDED."updatedAt"`;
}

/** A new take forgets what was told of an older one; what is told of the same adds to it. */
function rowOf(
  before: SyncDigest | undefined,
  { entityType, entityId, count, sum, ...tree }: Told,
  {
    client,
    checkpoint,
    takenAt,
    isQueueEmpty,
    now,
  }: {
    client: SyncClient;
    checkpoint: string;
    takenAt: Date;
    isQueueEmpty: boolean;
    now: Date;
  },
): SyncDigest {
  const isSame =
    before?.takenAt.getTime() === takenAt.getTime() && before.count === count && before.sum === sum;
  const nodes = isSame ? Nodes.parse(before.nodes) : [];
  const leaves = isSame ? Leaves.parse(before.leaves) : [];
  const told = tree.leaves.map(({ path, items }) => ({ path, items: items.map(cleanItem) }));
  return {
    ...{ clientId: client.id, projectId: client.projectId, entityType, entityId, checkpoint },
    ...{ takenAt, isQueueEmpty, count, sum, createdAt: now },
    nodes: [...nodes, ...tree.nodes].slice(0, syncLimits.treeEntries),
    leaves: [...leaves, ...told],
  };
}

function cleanItem({ key, hash }: LeafItem): LeafItem {
  return { key: cleanName(key), hash };
}

function sideOf(row: SyncDigest): Side {
  const digest = digestFrom(row);
  const nodes = Nodes.parse(row.nodes).map((node) => [node.path, digestFrom(node)] as const);
  const leaves = Leaves.parse(row.leaves).map(({ path, items }) => [path, items] as const);
  return {
    id: row.clientId,
    take: {
      checkpoint: row.checkpoint,
      takenAt: row.takenAt.getTime(),
      digest,
      isQueueEmpty: row.isQueueEmpty,
    },
    tree: { nodes: new Map([['', digest], ...nodes]), leaves: new Map(leaves) },
    arrivedAt: row.createdAt,
  };
}

/** This server's state is taken at every comparison anew. */
function ownSide({ digest }: OwnTake, mine: Side): Side {
  return {
    id: thisServer,
    take: { ...mine.take, digest, isQueueEmpty: true },
    tree: { nodes: new Map([['', digest]]), leaves: new Map() },
    arrivedAt: mine.arrivedAt,
  };
}

/** A client is compared with the authorities that told; where none did, with its peers. */
function opposite<T extends SyncDigest & { client: { isAuthority: boolean } }>(
  client: SyncClient,
  others: T[],
): T[] {
  if (client.isAuthority) return others.slice(0, othersMost);
  const authorities = others.filter((row) => row.client.isAuthority);
  return authorities.length > 0 ? authorities : others.slice(0, peersMost);
}

/** Takes of a clock that ran ahead and was set right are forgotten: beside them, all that come would be old. */
function pairState(pair: SyncPair | undefined, a: Take, b: Take, now: Date): PairState {
  if (!pair) return newPair;
  const seen = { a: pair.seenA.getTime(), b: pair.seenB.getTime() };
  const latest = now.getTime() + aheadMs;
  const wasAhead =
    (seen.a > latest && a.takenAt < seen.a) || (seen.b > latest && b.takenAt < seen.b);
  return { streak: pair.streak, seen: wasAhead ? null : seen };
}

const ranks = ['WAITING', 'NOT_COMPARED', 'AGREE', 'SUSPECTED', 'DIVERGENT'] as const;

function worse(state: DigestAnswer['state'], verdict: PairVerdict): DigestAnswer['state'] {
  const other = verdict.toUpperCase() as DigestAnswer['state'];
  return ranks.indexOf(other) > ranks.indexOf(state) ? other : state;
}

/** Of each entity, the latest few checkpoints are kept. */
async function dropOlder(tx: Tx, clientId: string, told: Told[]): Promise<void> {
  const types = told.map(({ entityType }) => entityType);
  const ids = told.map(({ entityId }) => entityId);
  await tx.$executeRaw`
    DELETE FROM "SyncDigest" d USING (
      SELECT "clientId", "entityType", "entityId", "checkpoint",
        row_number() OVER (PARTITION BY "entityType", "entityId" ORDER BY "createdAt" DESC) AS "place"
      FROM "SyncDigest"
      WHERE "clientId" = ${clientId}::uuid
        AND ("entityType", "entityId") IN (SELECT * FROM unnest(${types}::text[], ${ids}::text[]))
    ) o
    WHERE o."place" > ${syncLimits.checkpoints} AND d."clientId" = o."clientId" AND d."entityType" = o."entityType"
      AND d."entityId" = o."entityId" AND d."checkpoint" = o."checkpoint"`;
}
