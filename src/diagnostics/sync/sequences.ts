import type { SyncReport } from '../../contract/sync.ts';
import type { SyncClient, SyncSequence } from '../../generated/prisma/client.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { type GapVerdict, judgeSequence } from '../../lib/sync/sequence.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { redactWords } from '../../privacy/redact.ts';
import { type Continued, closeContinued, openIssue } from './issues.ts';

/** How a sequence stands after a report. */
export type SequenceAnswer = {
  stream: string;
  state: 'OK' | 'WAITING' | 'MISSING_DATA' | 'ORDER_VIOLATION';
  /** What is missing or out of order, at most 100. */
  sequences: number[];
};

type Told = SyncReport['sequences'][number];

/** Sequences that one client may have; a name for each operation would be none. */
const streamsMost = 200;

/**
 * Takes note of what a client issued, or of what another side applied of it, and judges what does not
 * follow: when both have told of the same checkpoint, or after 30 s without progress. What a checkpoint
 * no longer shows is over.
 *
 * @param checkpoint `null` without one, or while the reporter still has something to upload
 * @throws {InvalidInputError} an unknown client, or too many streams
 */
export async function takeSequences(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  client: SyncClient,
  { told, checkpoint, now }: { told: Told[]; checkpoint: string | null; now: Date },
): Promise<SequenceAnswer[]> {
  if (told.length === 0) return [];
  const owners = await ownersOf(tx, client, told);
  const ids = [...owners.keys()];
  const rows = await tx.syncSequence.findMany({ where: { clientId: { in: ids } } });
  const known = new Map(rows.map((row) => [`${row.clientId}/${row.stream}`, row]));
  const answers: SequenceAnswer[] = [];
  const continued: Continued[] = [];
  for (const item of told) {
    const owner = owners.get(item.clientId ?? client.id) ?? client;
    const stream = redactWords(item.stream);
    const key = `${owner.id}/${stream}`;
    const before = known.get(key);
    if (!before && rows.filter(({ clientId }) => clientId === owner.id).length >= streamsMost)
      throw new InvalidInputError(
        'input.sequences',
        `Expected at most ${streamsMost} sequences of a client, got more.`,
      );
    const row = after(before, { ...item, stream }, { clientId: owner.id, checkpoint, now });
    await tx.syncSequence.upsert({
      where: { clientId_stream: { clientId: owner.id, stream } },
      create: row,
      update: row,
      select: { stream: true },
    });
    known.set(key, row);
    const verdicts = judge(row, owner, now);
    await openGaps(app, tx, { owner, row, verdicts, otherId: client.id });
    answers.push(answerOf(row, verdicts));
    if (isCheckpoint(row)) {
      const shown = verdicts.map(({ type }) => typeOf[type]);
      const types = Object.values(typeOf).filter((type) => !shown.includes(type));
      continued.push({ clientId: owner.id, stream, types });
    }
  }
  await closeContinued(app, tx, { entityType: sequenceEntity, continued });
  return answers;
}

function judge(row: SyncSequence, { isOnline }: SyncClient, now: Date): GapVerdict[] {
  const { applied, waiting, progressedAt, issued, pendingFrom } = row;
  return judgeSequence(
    { last: applied, waiting, progressedAt: progressedAt.getTime() },
    { last: issued, pendingFrom },
    { now: now.getTime(), isCheckpoint: isCheckpoint(row), isOnline },
  );
}

/** Both sides have told of the same one. */
function isCheckpoint({ issuedCheckpoint, appliedCheckpoint }: SyncSequence): boolean {
  return issuedCheckpoint !== null && issuedCheckpoint === appliedCheckpoint;
}

const typeOf = { missing_data: 'MISSING_DATA', order_violation: 'ORDER_VIOLATION' } as const;

/** Opens an issue for each verdict. @param otherId who told; the other side where it is not the client itself */
async function openGaps(
  app: Pick<App, 'pubsub' | 'queue'>,
  tx: Tx,
  {
    owner,
    row,
    verdicts,
    otherId,
  }: { owner: SyncClient; row: SyncSequence; verdicts: GapVerdict[]; otherId: string | null },
): Promise<void> {
  const other = otherId === owner.id ? null : otherId;
  for (const { type, sequences } of verdicts)
    await openIssue(app, tx, {
      projectId: owner.projectId,
      type: typeOf[type],
      entityType: sequenceEntity,
      entityId: row.stream,
      message:
        type === 'missing_data'
          ? `${sequences.length} operations were sent and are not there, the first is ${sequences[0]}.`
          : `${sequences.length} operations are out of order, the first is ${sequences[0]}.`,
      sourceId: owner.id,
      targetId: other ?? (await authorityOf(tx, owner.projectId)),
      keys: sequences.map(String),
    });
}

/** What kind of thing a gap in a sequence is about; the stream is its id. */
export const sequenceEntity = 'Sequence';

/** The client that the others are compared with. `null` when none said to be. */
export async function authorityOf(tx: Tx, projectId: string): Promise<string | null> {
  const found = await tx.syncClient.findFirst({
    where: { projectId, isAuthority: true },
    orderBy: { createdAt: 'asc' },
    select: { id: true },
  });
  return found?.id ?? null;
}

async function ownersOf(
  tx: Tx,
  client: SyncClient,
  told: Told[],
): Promise<Map<string, SyncClient>> {
  const others = told.flatMap(({ clientId }) => clientId ?? []).filter((id) => id !== client.id);
  const owners = new Map([[client.id, client]]);
  if (others.length === 0) return owners;
  const found = await tx.syncClient.findMany({
    where: { id: { in: others }, projectId: client.projectId },
  });
  for (const owner of found) owners.set(owner.id, owner);
  if (!client.isAuthority && (await authorityOf(tx, client.projectId)) !== null)
    throw new InvalidInputError(
      'input.sequences.clientId',
      `Expected the project's authority to tell of sequences of others, got client ${client.id}.`,
    );
  const missing = others.find((id) => !owners.has(id));
  if (missing)
    throw new InvalidInputError(
      'input.sequences.clientId',
      `Expected a sync client of the project, ${missing} has never reported.`,
    );
  return owners;
}

/** What is not told stays; what was applied never goes back. */
function after(
  before: SyncSequence | undefined,
  told: Told,
  { clientId, checkpoint, now }: { clientId: string; checkpoint: string | null; now: Date },
): SyncSequence {
  const applied = Math.max(before?.applied ?? 0, told.applied ?? 0);
  const latest = told.waiting ?? before?.waiting ?? [];
  const waiting = [...new Set(latest)].filter((one) => one > applied).sort((a, b) => a - b);
  const hasMoved =
    !before || applied > before.applied || waiting.length === 0 || before.waiting.length === 0;
  const [tellsIssued, tellsApplied] = [told.issued != null, told.applied != null];
  return {
    ...{ clientId, stream: told.stream, applied, waiting, updatedAt: now },
    issued: tellsIssued
      ? Math.max(before?.issued ?? 0, told.issued ?? 0)
      : (before?.issued ?? null),
    pendingFrom: told.pendingFrom ?? before?.pendingFrom ?? null,
    issuedCheckpoint: tellsIssued ? checkpoint : (before?.issuedCheckpoint ?? null),
    appliedCheckpoint: tellsApplied ? checkpoint : (before?.appliedCheckpoint ?? null),
    progressedAt: hasMoved ? now : before.progressedAt,
  };
}

function answerOf({ stream, waiting }: SyncSequence, verdicts: GapVerdict[]): SequenceAnswer {
  const missing = verdicts.find(({ type }) => type === 'missing_data');
  const [verdict] = missing ? [missing] : verdicts;
  if (!verdict) return { stream, state: waiting.length > 0 ? 'WAITING' : 'OK', sequences: [] };
  return { stream, state: typeOf[verdict.type], sequences: verdict.sequences };
}
