import { type FoundIssue, SyncReport } from '../../contract/sync.ts';
import type { SyncClient } from '../../generated/prisma/client.ts';
import type { SyncHealth } from '../../generated/prisma/enums.ts';
import { parseInput } from '../../graphql/input.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { refuseUnstorable, refuseUnstorableInstant } from '../../lib/storable.ts';
import { contentHash } from '../../lib/sync/digest.ts';
import { compareVersions } from '../../lib/sync/vectors.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { redactWords } from '../../privacy/redact.ts';
import { admitClient, type Reporter, takeSample } from './clients.ts';
import { cleanName, entityOf, lockCompared, sequencesOf } from './compared.ts';
import { keepCopies, type OpenCopy } from './copies.ts';
import { type DigestAnswer, type OwnTake, takeDigests } from './digests.ts';
import { closeAgreed, openIssue } from './issues.ts';
import { authorityOf, type SequenceAnswer, takeSequences } from './sequences.ts';
import { takeVersions, type VersionAnswer } from './versions.ts';

/** What came of a report. */
export type SyncReceipt = {
  reportId: string;
  clientId: string;
  health: SyncHealth;
  digests: DigestAnswer[];
  versions: VersionAnswer[];
  sequences: SequenceAnswer[];
  /** For each issue that the client found itself, in their order. `null` for what is none: a mere lag, or the same content. */
  issues: (string | null)[];
  /** Instructions that wait for the client. */
  instructions: number;
};

type Needs = Pick<App, 'db' | 'keys' | 'pubsub' | 'queue'>;

/**
 * Takes what a client tells of its copies, and answers what to tell next. A repeat is answered as the
 * first time.
 *
 * @param own what this server holds of the entities itself; others are compared with what other clients told
 * @throws {InvalidInputError} @throws {SyncClientTakenError} @throws {SyncAuthorityUnknownError}
 * @throws {TooManySyncClientsError}
 */
export async function reportSyncState(
  app: Needs,
  who: { projectId: string; participantId?: string | null; mayBeAuthority?: boolean },
  input: unknown,
  own: { takes: OwnTake[] } = { takes: [] },
): Promise<SyncReceipt> {
  const report = parseInput(SyncReport, input, 'input');
  refuseUnfit(report);
  const { client, reportId } = report;
  const reporter: Reporter = {
    ...client,
    ...{ projectId: who.projectId, participantId: who.participantId ?? null },
    token: who.participantId ? null : client.token,
    mayBeAuthority: who.mayBeAuthority ?? false,
  };
  return app.db.$transaction(async (tx) => {
    const now = new Date();
    const sampledAt = sampledBy(report, now);
    const known = await admitClient(tx, reporter, sampledAt);
    // Made by `JSON` of the same type; a repeat by another version of the program is answered as then.
    if (known.lastReportId === reportId) return known.lastAnswer as unknown as SyncReceipt;
    const receipt = await take(app, tx, known, { report, sampledAt, own, now });
    await tx.syncClient.update({
      where: { id: known.id },
      data: { lastReportId: reportId, lastAnswer: receipt, lastSeenAt: now },
      select: { id: true },
    });
    return receipt;
  });
}

/** No sample is from the future: beside one of a clock that ran ahead all later ones would be late. */
function sampledBy({ sampledAt }: SyncReport, now: Date): Date {
  const told = new Date(sampledAt);
  return told > now ? now : told;
}

async function take(
  app: Needs,
  tx: Tx,
  known: SyncClient,
  {
    report,
    sampledAt,
    own,
    now,
  }: { report: SyncReport; sampledAt: Date; own: { takes: OwnTake[] }; now: Date },
): Promise<SyncReceipt> {
  const { telemetry, checkpoint = null, isUploadQueueEmpty } = report;
  const client = telemetry
    ? await takeSample(app, tx, known, { sampledAt, telemetry, now })
    : known;
  await lockCompared(tx, [
    ...[...report.digests, ...report.versions].map((one) => entityOf(client.projectId, one)),
    ...report.sequences.map(({ clientId }) => sequencesOf(clientId ?? client.id)),
  ]);
  const sequences = await takeSequences(app, tx, client, {
    ...{ told: report.sequences, now },
    checkpoint: isUploadQueueEmpty ? checkpoint : null,
  });
  const digests = await takeDigests(app, tx, client, {
    ...{ told: report.digests, checkpoint: checkpoint ?? '', own: own.takes, now },
    takenAt: new Date(report.takenAt ?? report.sampledAt),
    isQueueEmpty: isUploadQueueEmpty,
  });
  const versions = await takeVersions(app, tx, client, { told: report.versions, now });
  const agreed = [...digests.agreed, ...versions.agreed];
  if (agreed.length > 0) {
    await tx.syncClient.update({ where: { id: client.id }, data: { agreedAt: now } });
    await closeAgreed(app, tx, { projectId: client.projectId, agreed, at: now });
  }
  const issues: (string | null)[] = [];
  for (const found of report.issues) issues.push(await takeIssue(app, tx, client, found));
  return {
    ...{ reportId: report.reportId, clientId: client.id, health: client.health },
    ...{ digests: digests.answers, versions: versions.answers, sequences, issues },
    instructions: await tx.syncInstruction.count({
      where: { clientId: client.id, state: 'WAITING' },
    }),
  };
}

/**
 * What a client found itself, or its copy of what was found before. A conflict whose vectors say that one
 * side only lags, or whose copies are the same, is none.
 */
async function takeIssue(
  app: Needs,
  tx: Tx,
  client: SyncClient,
  found: FoundIssue,
): Promise<string | null> {
  const { type, entityType, entityId, operation, localVector, remoteVector } = found;
  if (type === 'CONFLICT' && found.local !== undefined && found.remote !== undefined) {
    const isSame = contentHash(found.local) === contentHash(found.remote);
    const relation =
      localVector && remoteVector
        ? compareVersions(
            { vector: localVector, hash: 'local' },
            { vector: remoteVector, hash: 'remote' },
          )
        : 'conflict';
    if (isSame || relation === 'lag') return null;
  }
  const { projectId } = client;
  const mine = await tx.syncIssue.findFirst({
    where: {
      ...{ projectId, type, entityType, entityId, targetId: client.id },
      state: { not: 'CLOSED' },
    },
    orderBy: { lastSeenAt: 'desc' },
  });
  const targetId = found.targetId ?? (await authorityOf(tx, projectId));
  const issue =
    mine ??
    (await openIssue(app, tx, {
      ...{ projectId, type, entityType, entityId, operation, keys: found.keys.map(cleanName) },
      message: redactWords(found.message) ?? 'A client found it.',
      sourceId: client.id,
      targetId: targetId === client.id ? null : targetId,
    }));
  // The copies of a resolution under way are what it can be undone to.
  if (issue.state !== 'OPEN') return issue.id;
  const copies = copiesOf(found, mine !== null);
  if (copies.length > 0) {
    const { generation, wrapped } = await keepCopies(app, tx, issue, copies);
    await tx.syncIssue.update({
      where: { id: issue.id },
      data: { generation, ...(wrapped ? { wrapped: new Uint8Array(wrapped) } : {}) },
      select: { id: true },
    });
  }
  return issue.id;
}

/** @param isTarget who tells holds the other copy: its own one is the remote */
function copiesOf(found: FoundIssue, isTarget: boolean): Omit<OpenCopy, 'hash'>[] {
  const { format, local, remote, base, localVector, remoteVector } = found;
  const [mine, other] = isTarget ? (['REMOTE', 'LOCAL'] as const) : (['LOCAL', 'REMOTE'] as const);
  const copies: Omit<OpenCopy, 'hash'>[] = [];
  if (local !== undefined)
    copies.push({ side: mine, format, value: local, vector: localVector ?? {} });
  if (remote !== undefined)
    copies.push({ side: other, format, value: remote, vector: remoteVector ?? {} });
  if (base !== undefined) copies.push({ side: 'BASE', format, value: base, vector: {} });
  return copies;
}

/** Ids and names are compared as they are, so they cannot be redacted: those that tell of a person are refused. */
function refuseUnfit(report: SyncReport): void {
  refuseUnstorableInstant(new Date(report.sampledAt), 'input.sampledAt');
  if (report.takenAt) refuseUnstorableInstant(new Date(report.takenAt), 'input.takenAt');
  for (const list of ['digests', 'versions', 'issues'] as const)
    for (const [index, { entityType, entityId }] of report[list].entries())
      for (const [field, text] of Object.entries({ entityType, entityId }))
        if (redactWords(text) !== text)
          throw new InvalidInputError(
            `input.${list}.${index}.${field}`,
            `Expected ${field} without personal data, for example a UUID or a hash.`,
          );
  for (const list of ['versions', 'issues'] as const)
    for (const [index, item] of report[list].entries()) {
      const vectors = 'vector' in item ? [item.vector] : [item.localVector, item.remoteVector];
      const names = vectors.flatMap((vector) => Object.keys(vector ?? {})).join('\n');
      if (redactWords(names) !== names)
        throw new InvalidInputError(
          `input.${list}.${index}`,
          'Expected names of replicas in version vectors without personal data, for example UUIDs.',
        );
    }
  if (report.checkpoint && redactWords(report.checkpoint) !== report.checkpoint)
    throw new InvalidInputError('input.checkpoint', 'Expected a checkpoint without personal data.');
  for (const [index, issue] of report.issues.entries())
    refuseUnstorable(
      { local: issue.local, remote: issue.remote, base: issue.base },
      `input.issues.${index}`,
    );
}
