import * as z from 'zod';
import { projectKey } from '../../accounts/project-key.ts';
import type { Channel, ChannelKind } from '../../generated/prisma/client.ts';
import { redactText } from '../../lib/redact/text.ts';
import type { App } from '../../platform/app.ts';
import { type DataKey, seal, unseal } from '../../platform/keys.ts';
import { InnerAddressError, postOutward, UnreachableError } from '../../platform/outward.ts';
import { signedHeaders } from '../../platform/webhooks.ts';
import { discordBody } from './discord.ts';
import type { Message } from './message.ts';
import { slackBody } from './slack.ts';

/** What became of one attempt. */
export type Sent = {
  /** `GONE`: nothing will ever be taken; `REFUSED`: this is not; `FAILED`: later it may be. */
  became: 'TAKEN' | 'GONE' | 'REFUSED' | 'FAILED';
  status: number | null;
  said: string;
  retryAfterMs: number | null;
};

/** Where a channel is, as it is sealed. */
export const Address = z.object({ url: z.string(), secret: z.string().nullable() });
export type Address = z.output<typeof Address>;

const timeoutMs = 5_000; // a message must leave within ten seconds, and what hangs holds up others
const saidChars = 500;

/** Sends a message to a channel, in the channel's own form. Never throws for what the channel does. */
export async function sendTo(
  app: Pick<App, 'keys' | 'db' | 'config'>,
  channel: Channel,
  { id, message }: { id: string; message: Message },
): Promise<Sent> {
  const key = await projectKey(app, app.db, channel.projectId);
  const { url, secret } = openAddress(key, channel);
  const body = bodyOf(channel.kind, message);
  const headers = secret ? signedHeaders(secret, { id, at: new Date(), body }) : {};
  const { allowedHosts } = app.config.alerts;
  try {
    const answer = await postOutward(url, { body, headers, allowedHosts, timeoutMs });
    return {
      became: judgeStatus(answer.status),
      status: answer.status,
      said: redactText(`${answer.status} ${answer.text}`.trim()).slice(0, saidChars),
      retryAfterMs: answer.retryAfterMs,
    };
  } catch (error) {
    const isInner = error instanceof InnerAddressError;
    if (!isInner && !(error instanceof UnreachableError)) throw error;
    const said = error.message.slice(0, saidChars);
    return { became: isInner ? 'REFUSED' : 'FAILED', status: null, said, retryAfterMs: null };
  }
}

export function sealAddress(
  key: DataKey,
  channelId: string,
  address: Address,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(seal(key, Buffer.from(JSON.stringify(address)), contextOf(channelId)));
}

export function openAddress(key: DataKey, { id, sealed }: Pick<Channel, 'id' | 'sealed'>): Address {
  return Address.parse(JSON.parse(unseal(key, sealed, contextOf(id)).toString('utf8')));
}

function contextOf(channelId: string): string {
  return `channel/${channelId}`;
}

function judgeStatus(status: number): Sent['became'] {
  if (status >= 200 && status < 300) return 'TAKEN';
  if (status === 410) return 'GONE';
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'FAILED';
  return 'REFUSED'; // a redirect, too: what follows it could be lured into the inner network
}

function bodyOf(kind: ChannelKind, message: Message): string {
  if (kind === 'SLACK') return slackBody(message);
  if (kind === 'DISCORD') return discordBody(message);
  const { type, at, ...data } = message;
  return JSON.stringify({ type, timestamp: at.toISOString(), data });
}
