import type { SyncReport } from '../../contract/sync.ts';
import type { SyncClient, SyncSequence } from '../../generated/prisma/client.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { type GapVerdict, gapPatienceMs, judgeSequence } from '../../lib/sync/sequence.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { redactWords } from '../../privacy/redact.ts';
import { lockCompared, sequencesOf } from './compared.ts';
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
 * no longer shows is over. The caller has locked the sequences of those whose they are.
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
  const changed = new Map<string, SyncSequence>();
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
    known.set(key, row);
    changed.set(key, row);
    const verdicts = judge(row, owner, now);
    await openGaps(app, tx, { owner, row, verdicts, otherId: client.id });
    answers.push(answerOf(row, verdicts));
    if (isCheckpoint(row)) {
      const shown = verdicts.map(({ type }) => typeOf[type]);
      const types = Object.values(typeOf).filter((type) => !shown.includes(type));
      continued.push({ clientId: owner.id, stream, types });
    }
  }
  await keep(tx, [...changed.values()]);
  await closeContinued(app, tx, { entityType: sequenceEntity, continued });
  return answers;
}

/** Sequences that one run looks at; the others come with the next. */
const atOnceMost = 500;

/**
 * Judges gaps of which nobody told anything since they became overdue: the other side may have fallen
 * silent. Each is judged once until somebody tells of it again.
 */
export async function findGaps(
  app: Pick<App, 'db' | 'pubsub' | 'queue'>,
  now = new Date(),
): Promise<number> {
  const overdue = (tx: Pick<Tx, '$queryRaw'>, clientId: string | null) => tx.$queryRaw<
    { clientId: string; stream: string }[]
  >`
    SELECT s."clientId"::text, s."stream" FROM "SyncSequence" s JOIN "SyncClient" c ON c."id" = s."clientId"
    WHERE s."progressedAt" <= ${new Date(now.getTime() - gapPatienceMs)} AND cardinality(s."waiting") > 0
      AND s."updatedAt" < s."progressedAt" + make_interval(secs => ${gapPatienceMs / 1_000}::float8) AND c."isOnline"
      AND (${clientId}::uuid IS NULL OR s."clientId" = ${clientId}::uuid)
    ORDER BY s."clientId", s."stream" LIMIT ${atOnceMost}`;
  let found = 0;
  for (const clientId of new Set((await overdue(app.db, null)).map((row) => row.clientId)))
    await app.db.$transaction(async (tx) => {
      await lockCompared(tx, [sequencesOf(clientId)]);
      const streams = (await overdue(tx, clientId)).map(({ stream }) => stream); // it may have moved meanwhile
      const owner = await tx.syncClient.findUnique({ where: { id: clientId } });
      if (!owner || streams.length === 0) return;
      const where = { clientId, stream: { in: streams } };
      for (const row of await tx.syncSequence.findMany({ where, orderBy: { stream: 'asc' } })) {
        const verdicts = judge(row, owner, now);
        await openGaps(app, tx, { owner, row, verdicts, otherId: null });
        found += verdicts.length;
      }
      await tx.syncSequence.updateMany({ where, data: { updatedAt: now } });
    });
  return found;
}

async function keep(tx: Tx, rows: SyncSequence[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO "SyncSequence" ("clientId", "stream", "issued", "pendingFrom", "applied", "waiting",
      "issuedCheckpoint", "appliedCheckpoint", "progressedAt", "updatedAt")
    SELECT g."clientId", g."stream", g."issued", g."pendingFrom", g."applied", g."waiting"::int[],
      g."issuedCheckpoint", g."appliedCheckpoint", g."progressedAt", g."updatedAt"
    FROM unnest(
      ${rows.map(({ clientId }) => clientId)}::uuid[], ${rows.map(({ stream }) => stream)}::text[],
      ${rows.map(({ issued }) => issued)}::int[], ${rows.map(({ pendingFrom }) => pendingFrom)}::int[],
      ${rows.map(({ applied }) => applied)}::int[], ${rows.map(({ waiting }) => `{${waiting.join(',')}}`)}::text[],
      ${rows.map((row) => row.issuedCheckpoint)}::text[], ${rows.map((row) => row.appliedCheckpoint)}::text[],
      ${rows.map((row) => row.progressedAt)}::timestamptz[], ${rows.map((row) => row.updatedAt)}::timestamptz[]
    ) AS g("clientId", "stream", "issued", "pendingFrom", "applied", "waiting",
      "issuedCheckpoint", "appliedCheckpoint", "progressedAt", "updatedAt")
    ON CONFLICT ("clientId", "stream") DO UPDATE SET
      "issued" = EXCLUDED."issued", "pendingFrom" = EXCLUDED."pendingFrom", "applied" = EXCLUDED."applied",
      "waiting" = EXCLUDED."waiting", "issuedCheckpoint" = EXCLUDED."issuedCheckpoint",
      "appliedCheckpoint" = EXCLUDED."appliedCheckpoint", "progressedAt" = EXCLUDED."progressedAt",
      "updatedAt" = EXCLUDED."updatedAt"`;
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
