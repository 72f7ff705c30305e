import * as z from 'zod';
import type { SyncReport } from '../../contract/sync.ts';
import type { SyncClient, SyncVersion } from '../../generated/prisma/client.ts';
import { compareVersions } from '../../lib/sync/vectors.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { type Agreement, openIssue } from './issues.ts';

/** How the version of an entity stands to the others'. */
export type VersionAnswer = {
  entityType: string;
  entityId: string;
  state: 'ALONE' | 'SAME' | 'LAG' | 'CONFLICT' | 'DIVERGENT';
  issueId: string | null;
};

type Told = SyncReport['versions'][number];

export const Vector = z.record(z.string(), z.number());
const peersMost = 16;
const rowsMost = 3_000;

/**
 * Keeps which version of each entity a client holds and compares it with the others'. A conflict is
 * concurrent and different; a lag is none. The same changes with different content are a divergence only
 * when they still are at the client's next report.
 */
export async function takeVersions(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  client: SyncClient,
  { told, now }: { told: Told[]; now: Date },
): Promise<{ answers: VersionAnswer[]; agreed: Agreement[] }> {
  if (told.length === 0) return { answers: [], agreed: [] };
  const { projectId } = client;
  const rows = await tx.syncVersion.findMany({
    where: { projectId, OR: told.map(({ entityType, entityId }) => ({ entityType, entityId })) },
    include: { client: { select: { isAuthority: true } } },
    orderBy: [{ client: { isAuthority: 'desc' } }, { updatedAt: 'desc' }], // peers crowd no authority out
    take: rowsMost,
  });
  await keep(tx, client, told, now);
  const answers: VersionAnswer[] = [];
  const agreed: Agreement[] = [];
  for (const item of told) {
    const { entityType, entityId } = item;
    const held = rows.filter((row) => row.entityType === entityType && row.entityId === entityId);
    const before = held.find(({ clientId }) => clientId === client.id);
    const others = held.filter(({ clientId }) => clientId !== client.id);
    const authorities = others.filter((row) => row.client.isAuthority);
    const answer: VersionAnswer = { entityType, entityId, state: 'ALONE', issueId: null };
    const sides = client.isAuthority || authorities.length === 0 ? others : authorities;
    for (const side of sides
      .slice(0, peersMost)
      .toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1))) {
      const found = compareVersions(item, { vector: Vector.parse(side.vector), hash: side.hash });
      answer.state = worse(answer.state, found);
      if (found === 'same')
        agreed.push({ entityType, entityId, sides: [client.id, side.clientId] });
      // Once may be a copy that was read in the middle of a change.
      const isFirst = found === 'divergent' && !isSame(before, item);
      if (found === 'same' || found === 'lag' || isFirst) continue;
      const { id } = await openIssue(app, tx, {
        ...{ projectId, entityType, entityId },
        type: found === 'conflict' ? 'CONFLICT' : 'DIVERGENCE',
        message:
          found === 'conflict'
            ? 'Both sides changed it, neither has seen the other’s change, and the copies differ.'
            : 'Both sides have seen the same changes, and the copies differ.',
        ...(client.isAuthority
          ? { sourceId: side.clientId, targetId: client.id }
          : { sourceId: client.id, targetId: side.clientId }),
      });
      answer.issueId = id;
    }
    answers.push(answer);
  }
  return { answers, agreed };
}

async function keep(tx: Tx, client: SyncClient, told: Told[], now: Date): Promise<void> {
  const { id: clientId, projectId } = client;
  const unique = new Map(told.map((item) => [`${item.entityType}\0${item.entityId}`, item]));
  const rows = [...unique.values()];
  await tx.syncVersion.deleteMany({
    where: { clientId, OR: rows.map(({ entityType, entityId }) => ({ entityType, entityId })) },
  });
  await tx.syncVersion.createMany({
    data: rows.map((item) => ({ ...item, clientId, projectId, updatedAt: now })),
  });
}

function isSame(before: SyncVersion | undefined, { hash }: Told): boolean {
  return before?.hash === hash;
}

const ranks = ['ALONE', 'SAME', 'LAG', 'DIVERGENT', 'CONFLICT'] as const;

function worse(
  state: VersionAnswer['state'],
  found: ReturnType<typeof compareVersions>,
): VersionAnswer['state'] {
  const other = found.toUpperCase() as VersionAnswer['state'];
  return ranks.indexOf(other) > ranks.indexOf(state) ? other : state;
}
