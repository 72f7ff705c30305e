import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { FoundIssue } from '../../contract/sync.ts';
import type { SyncCopy, SyncIssue } from '../../generated/prisma/client.ts';
import type { SyncSide } from '../../generated/prisma/enums.ts';
import { canonicalJson } from '../../lib/canonical.ts';
import { contentHash } from '../../lib/sync/digest.ts';
import type { VersionVector } from '../../lib/sync/vectors.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { seal, unseal } from '../../platform/keys.ts';
import { Vector } from './versions.ts';

/** What one side held, opened. */
export type OpenCopy = {
  side: SyncSide;
  format: FoundIssue['format'];
  value: unknown;
  hash: string;
  vector: VersionVector;
};

type Needs = Pick<App, 'keys'>;
type Keyed = Pick<SyncIssue, 'id' | 'generation' | 'wrapped'>;

/**
 * Seals copies with the issue's own key, which is made with the first. Copies are exact, for a resolution
 * gives them back to the clients; to people they are shown redacted.
 *
 * @returns the issue's key, to be kept with it
 */
export async function keepCopies(
  app: Needs,
  tx: Tx,
  issue: Keyed,
  copies: Omit<OpenCopy, 'hash'>[],
): Promise<Pick<SyncIssue, 'generation' | 'wrapped'>> {
  const { generation, wrapped } = issue;
  const own = generation && wrapped ? { generation, wrapped } : app.keys.create(issue.id);
  const key = app.keys.open(issue.id, own);
  for (const { side, format, value, vector } of copies) {
    const json = canonicalJson(value);
    const row = {
      ...{ format, vector, hash: contentHash(value), bytes: Buffer.byteLength(json) },
      sealed: new Uint8Array(seal(key, zstdCompressSync(json), contextOf(issue.id, side))),
      createdAt: new Date(),
    };
    await tx.syncCopy.upsert({
      where: { issueId_side: { issueId: issue.id, side } },
      create: { issueId: issue.id, side, ...row },
      update: row,
      select: { side: true },
    });
  }
  return { generation: own.generation, wrapped: new Uint8Array(own.wrapped) };
}

export function openCopy(app: Needs, issue: Keyed, copy: SyncCopy): OpenCopy {
  const { generation, wrapped } = issue;
  if (!generation || !wrapped) throw new Error(`Expected a key of sync issue ${issue.id}.`);
  const key = app.keys.open(issue.id, { generation, wrapped });
  const plain = unseal(key, copy.sealed, contextOf(issue.id, copy.side));
  return {
    side: copy.side,
    format: formatOf(copy.format),
    value: JSON.parse(zstdDecompressSync(plain).toString()),
    hash: copy.hash,
    vector: Vector.parse(copy.vector),
  };
}

function formatOf(format: string): OpenCopy['format'] {
  return format === 'YJS' || format === 'AUTOMERGE' ? format : 'JSON';
}

function contextOf(issueId: string, side: SyncSide): string {
  return `sync-copy/${issueId}/${side}`;
}
