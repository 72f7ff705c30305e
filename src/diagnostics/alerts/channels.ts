import { IdTakenError } from '../../accounts/errors.ts';
import { projectKey } from '../../accounts/project-key.ts';
import type { ChannelKind } from '../../generated/prisma/enums.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import type { App } from '../../platform/app.ts';
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

/**
 * Makes or changes a channel; a repeat changes nothing. One that was switched off by itself is on again.
 *
 * @throws {IdTakenError} @throws {InvalidInputError} @throws {ChannelAddressRefusedError}
 */
export async function saveChannel(app: App, input: ChannelInput): Promise<void> {
  const { id, projectId, kind, name, enabled } = input;
  const known = await app.db.channel.findUnique({ where: { id } });
  if (known && known.projectId !== projectId) throw new IdTakenError(id);
  if (known && known.kind !== kind)
    throw new InvalidInputError(
      'input.kind',
      `Expected ${known.kind}, the channel’s kind, got ${kind}.`,
    );
  const key = await projectKey(app, app.db, projectId);
  const before = known ? openAddress(key, known) : null;
  const address = addressOf(input, before);
  requireAddress(app, address.url);
  const columns = {
    name,
    enabled,
    hint: hintOf(address.url),
    sealed: sealAddress(key, id, address),
    offReason: null,
    pausedUntil: null,
  };
  await app.db.channel.upsert({
    where: { id },
    create: { id, projectId, kind, ...columns },
    update: { ...columns, updatedAt: new Date() },
    select: { id: true },
  });
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
 * Sends a test message at once, whether the channel is on or off. A repeat with the same id sends nothing
 * and finds what the channel said.
 *
 * @param id of the new delivery
 * @throws {ChannelNotFoundError} @throws {IdTakenError}
 */
export async function testChannel(
  app: App,
  { projectId, channelId, id }: { projectId: string; channelId: string; id: string },
): Promise<void> {
  const known = await app.db.delivery.findUnique({ where: { id } });
  if (known?.projectId === projectId && known.kind === 'TEST' && known.channelId === channelId)
    return;
  if (known) throw new IdTakenError(id);
  const channel = await app.db.channel.findFirst({ where: { id: channelId, projectId } });
  if (!channel) throw new ChannelNotFoundError(channelId);
  const now = new Date();
  const message = testMessage(channel.name, now, publicUrlOf(app));
  const { became, status, said } = await sendTo(app, channel, { id, message });
  const isTaken = became === 'TAKEN';
  await app.db.delivery.createMany({
    data: [
      {
        id,
        projectId,
        channelId,
        kind: 'TEST',
        state: isTaken ? 'SENT' : 'DEAD',
        attempts: 1,
        lastStatus: status,
        lastAnswer: said,
        dueAt: now,
        sentAt: isTaken ? new Date() : null,
      },
    ],
    skipDuplicates: true,
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
