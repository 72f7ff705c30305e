import { IdTakenError } from '../accounts/errors.ts';
import { ConsentRecord } from '../contract/consent.ts';
import type { Viewer } from '../graphql/context.ts';
import { parseInput } from '../graphql/input.ts';
import { refuseUnstorableInstant } from '../lib/storable.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { sameBytes } from '../platform/keys.ts';
import { ConsentMissingError, ConsentNotFoundError, ParticipantMissingError } from './errors.ts';
import { redactWords } from './redact.ts';

type Needs = Pick<App, 'db'>;

/**
 * Takes note that the viewer's participant agreed; a repeat changes nothing, not even after it was
 * withdrawn. Answers with the id as the database says it.
 *
 * @throws {InvalidInputError}
 * @throws {ParticipantMissingError} the key belongs to nobody
 * @throws {IdTakenError} the id is of another consent
 */
export async function recordConsent(
  { db }: Needs,
  { projectId, participantId }: Viewer,
  input: unknown,
): Promise<string> {
  if (participantId === null) throw new ParticipantMissingError();
  const record = parseInput(ConsentRecord, input, 'input');
  const acceptedAt = new Date(record.acceptedAt);
  refuseUnstorableInstant(acceptedAt, 'input.acceptedAt');
  const id = record.id.toLowerCase();
  const version = redactWords(record.version);
  const textSha256 = new Uint8Array(Buffer.from(record.textSha256, 'hex'));
  const locale = redactWords(record.locale);
  await db.consent.createMany({
    data: [{ id, projectId, participantId, version, textSha256, locale, acceptedAt }],
    skipDuplicates: true,
  });
  const held = await db.consent.findFirst({
    where: { id, projectId, participantId, version, locale, acceptedAt },
    select: { textSha256: true },
  });
  if (!held || !sameBytes(held.textSha256, textSha256)) throw new IdTakenError(id);
  return id;
}

/**
 * Withdraws a consent: no session starts under it any more. Sessions that were recorded under it stay
 * until they are discarded. The first withdrawal counts; a repeat changes nothing.
 *
 * @throws {ConsentNotFoundError} it is absent or another participant's; an administrator may withdraw
 *   any of the project
 */
export async function withdrawConsent(
  { db }: Needs,
  viewer: Viewer,
  { id, at }: { id: string; at: Date },
): Promise<void> {
  const { projectId, participantId, scopes } = viewer;
  // `undefined` would not restrict: somebody without a participant has none of theirs.
  const own = scopes.has('ADMIN') ? {} : { participantId: participantId ?? { in: [] } };
  const where = { id, projectId, ...own };
  const { count } = await db.consent.updateMany({
    where: { ...where, withdrawnAt: null },
    data: { withdrawnAt: at },
  });
  if (count === 0 && (await db.consent.count({ where })) === 0) throw new ConsentNotFoundError(id);
}

/** @throws {ConsentMissingError} it is absent, another participant's or withdrawn */
export async function requireConsent(
  tx: Tx,
  { projectId, participantId }: Pick<Viewer, 'projectId' | 'participantId'>,
  id: string,
): Promise<void> {
  const consent = await tx.consent.findFirst({
    where: { id, projectId, participantId: participantId ?? { in: [] } },
    select: { withdrawnAt: true },
  });
  if (!consent || consent.withdrawnAt)
    throw new ConsentMissingError(id, consent?.withdrawnAt ?? null);
}
