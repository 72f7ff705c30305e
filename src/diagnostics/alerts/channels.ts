import { IdTakenError } from '../../accounts/errors.ts';
import { projectKey } from '../../accounts/project-key.ts';
import type { ChannelKind } from '../../generated/prisma/enums.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { InnerAddressError, requireOutward } from '../../platform/outward.ts';
import { publicUrlOf } from './compose.ts';
import { ChannelAddressRefusedError, ChannelNotFoundError } from './errors.ts';
import { testMessage } from './message.ts';
import { type Address, openAddress, sealAddress, sendTo } from './send.ts';

type ChannelInput = {
  projectId: string;
  id: string;
  kind: ChannelKind;
  name: string;
  /** `null` leaves it as it is. */
  url: string | null;
  /** `null` leaves it as it is. */
  secret: string | null;
  enabled: boolean;
};

/** Channels of a project. */
const mostChannels = 100;

/**
 * Makes or changes a channel; a repeat changes nothing. One that was switched off by itself is on again.
 *
 * @throws {IdTakenError} @throws {InvalidInputError} @throws {ChannelAddressRefusedError}
 */
export async function saveChannel(app: App, input: ChannelInput): Promise<void> {
  const { id, projectId, kind, name, enabled } = input;
  await app.db.$transaction(async (tx) => {
    await lockSaved(tx, id);
    const known = await tx.channel.findUnique({ where: { id } });
    if (known && known.projectId !== projectId) throw new IdTakenError(id);
    if (known && known.kind !== kind)
      throw new InvalidInputError(
        'input.kind',
        `Expected ${known.kind}, the channel’s kind, got ${kind}.`,
      );
    if (!known && (await tx.channel.count({ where: { projectId } })) >= mostChannels)
      throw new InvalidInputError(
        'input.id',
        `Expected at most ${mostChannels} channels in a project.`,
      );
    const key = await projectKey(app, tx, projectId);
    const address = addressOf(input, known ? openAddress(key, known) : null);
    requireAddress(app, address.url);
    const columns = {
      name,
      enabled,
      hint: hintOf(address.url),
      sealed: sealAddress(key, id, address),
      offReason: null,
      pausedUntil: null,
    };
    await tx.channel.upsert({
      where: { id },
      create: { id, projectId, kind, ...columns },
      update: { ...columns, updatedAt: new Date() },
      select: { id: true },
    });
  });
}

/**
 * Makes whoever saves the same channel or rule wait until the end of the transaction: of two that change
 * different parts at once both stay, and of two that make it at once one does.
 */
export async function lockSaved(tx: Pick<Tx, '$executeRaw'>, id: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`alerts ${id}`}, 0))`;
}

/** Deletes a channel with its deliveries, and takes it out of the rules that name it. A repeat does nothing. */
export async function deleteChannel(
  { db }: Pick<App, 'db'>,
  { projectId, id }: { projectId: string; id: string },
): Promise<void> {
  await db.$transaction(async (tx) => {
    const { count } = await tx.channel.deleteMany({ where: { id, projectId } });
    if (count === 0) return;
    await tx.$executeRaw`UPDATE "AlertRule" SET "channelIds" = array_remove("channelIds", ${id}::uuid)
      WHERE "projectId" = ${projectId}::uuid AND ${id}::uuid = ANY("channelIds")`;
    await tx.alertCap.deleteMany({ where: { channelId: id } });
  });
}

/**
 * Sends a test message at once, whether the channel is on or off. A repeat with the same id, at the same
 * time or later, sends nothing and finds what the channel said, or that it has not said anything.
 *
 * @param id of the new delivery
 * @throws {ChannelNotFoundError} @throws {IdTakenError}
 */
export async function testChannel(
  app: App,
  { projectId, channelId, id }: { projectId: string; channelId: string; id: string },
): Promise<void> {
  const channel = await app.db.channel.findFirst({ where: { id: channelId, projectId } });
  if (!channel) throw new ChannelNotFoundError(channelId);
  const now = new Date();
  const { count } = await app.db.delivery.createMany({
    data: [{ id, projectId, channelId, kind: 'TEST', state: 'PENDING', dueAt: now }],
    skipDuplicates: true,
  });
  if (count === 0) {
    const known = await app.db.delivery.findUnique({ where: { id } });
    if (known?.projectId === projectId && known.kind === 'TEST' && known.channelId === channelId)
      return;
    throw new IdTakenError(id);
  }
  const message = testMessage(channel.name, now, publicUrlOf(app));
  const { became, status, said } = await sendTo(app, channel, { id, message });
  const isTaken = became === 'TAKEN';
  await app.db.delivery.updateMany({
    where: { id, state: 'PENDING' },
    data: {
      state: isTaken ? 'SENT' : 'DEAD',
      attempts: 1,
      lastStatus: status,
      lastAnswer: said,
      sentAt: isTaken ? new Date() : null,
    },
  });
}

/** Host and the last four characters: enough to recognise an address whose path is a secret. */
function hintOf(address: string): string {
  const url = new URL(address);
  const rest = `${url.pathname}${url.search}`;
  return rest.length > 12 ? `${url.host}/…${rest.slice(-4)}` : `${url.host}/…`;
}

function addressOf({ kind, url, secret }: ChannelInput, before: Address | null): Address {
  const next = { url: url ?? before?.url ?? null, secret: secret ?? before?.secret ?? null };
  if (!next.url) throw new InvalidInputError('input.url', 'Expected an address for a new channel.');
  if (kind === 'WEBHOOK' && !next.secret)
    throw new InvalidInputError(
      'input.secret',
      'Expected the secret that signs the messages of a WEBHOOK: whsec_ and 24 to 64 bytes in base64.',
    );
  if (kind !== 'WEBHOOK' && secret)
    throw new InvalidInputError(
      'input.secret',
      `Expected no secret for ${kind}: its address is one.`,
    );
  return { url: next.url, secret: next.secret };
}

function requireAddress({ config }: Pick<App, 'config'>, url: string): void {
  try {
    requireOutward(url, config.alerts.allowedHosts);
  } catch (error) {
    if (error instanceof InnerAddressError) throw new ChannelAddressRefusedError(error.message);
    throw error;
  }
}
