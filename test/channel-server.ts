import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { onTestFinished } from 'vitest';
import * as z from 'zod';

/** What a channel does instead of taking a message. */
type Fault = { status: number; retryAfter?: string; location?: string } | 'hang' | 'cut';

/** A message that was taken. */
type Taken = {
  path: string;
  body: Record<string, unknown>;
  headers: IncomingMessage['headers'];
  at: Date;
};

export type ChannelServer = {
  /** `http://127.0.0.1:…` */
  url: string;
  /** Host and port, for `ALERT_ALLOWED_HOSTS`. */
  host: string;
  /** Messages that were taken, in order. */
  taken: Taken[];
  /** Requests, whatever became of them. */
  requests: { path: string; headers: IncomingMessage['headers']; at: Date }[];
  /** What the next requests get. */
  faults: Fault[];
  /** What every request gets from now on. `null` for nothing. */
  always: Fault | null;
};

const plain = z.object({ type: z.literal('plain_text'), text: z.string().min(1).max(150) });
const text = (most: number) =>
  z.object({ type: z.literal('mrkdwn'), text: z.string().min(1).max(most).refine(isEscaped) });

/** https://docs.slack.dev/reference/block-kit/blocks */
const Slack = z.strictObject({
  text: z.string().min(1).max(40_000).refine(isEscaped),
  blocks: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('header'), text: plain }),
        z.strictObject({
          type: z.literal('section'),
          text: text(3_000).optional(),
          fields: z.array(text(2_000)).min(1).max(10).optional(),
        }),
        z.strictObject({
          type: z.literal('context'),
          elements: z.array(text(3_000)).min(1).max(10),
        }),
      ]),
    )
    .min(1)
    .max(50),
  unfurl_links: z.boolean().optional(),
});

/** https://discord.com/developers/docs/resources/message#embed-object */
const Discord = z.strictObject({
  embeds: z
    .array(
      z.strictObject({
        title: z.string().max(256),
        url: z.url(),
        description: z.string().max(4_096),
        color: z.int().min(0).max(0xffffff),
        fields: z
          .array(
            z.strictObject({
              name: z.string().min(1).max(256),
              value: z.string().min(1).max(1_024),
              inline: z.boolean().optional(),
            }),
          )
          .max(25),
        footer: z.strictObject({ text: z.string().max(2_048) }),
        timestamp: z.iso.datetime(),
      }),
    )
    .min(1)
    .max(10)
    .refine((embeds) => charsOf(embeds) <= 6_000, 'more than 6,000 characters'),
  allowed_mentions: z.strictObject({ parse: z.array(z.never()) }),
});

const Own = z.strictObject({
  type: z.enum(['alert.raised', 'alert.resolved', 'alert.digest', 'test']),
  timestamp: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});

/**
 * Slack, Discord and a receiver of Standard Webhooks in one, at `/slack`, `/discord` and `/webhook`. Each
 * refuses what the real one refuses; anything can be made to fail.
 *
 * @param secret that `/webhook` checks signatures by
 */
export async function openChannelServer(secret = testSecret): Promise<ChannelServer> {
  const channels: ChannelServer = {
    url: '',
    host: '',
    taken: [],
    requests: [],
    faults: [],
    always: null,
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url ?? '';
      channels.requests.push({ path, headers: request.headers, at: new Date() });
      const fault = channels.faults.shift() ?? channels.always;
      if (fault) return fail(response, fault);
      const refusal = take(channels, request, Buffer.concat(parts).toString('utf8'), secret);
      response.writeHead(refusal ? 400 : path === '/discord' ? 204 : 200, {
        'content-type': 'text/plain',
      });
      response.end(refusal ?? (path === '/discord' ? undefined : 'ok'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a port.');
  channels.host = `127.0.0.1:${address.port}`;
  channels.url = `http://${channels.host}`;
  return channels;
}

/** `whsec_` and 32 bytes. */
export const testSecret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

/** Takes a message, or says why not. */
function take(
  channels: ChannelServer,
  { url: path = '', headers }: IncomingMessage,
  body: string,
  secret: string,
): string | null {
  try {
    const json: unknown = JSON.parse(body);
    if (body.length > 13_000 && path === '/slack') return 'msg_too_long';
    if (path === '/webhook') {
      new Webhook(secret).verify(body, headers as Record<string, string>); // throws
      Own.parse(json);
    } else (path === '/slack' ? Slack : Discord).parse(json);
    channels.taken.push({ path, headers, body: json as Record<string, unknown>, at: new Date() });
    return null;
  } catch (error) {
    return `invalid: ${error instanceof Error ? error.message : error}`.slice(0, 300);
  }
}

function fail(response: ServerResponse, fault: Fault): void {
  if (fault === 'hang') return; // the caller's patience ends it
  if (fault === 'cut') {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{');
    setImmediate(() => response.destroy());
    return;
  }
  response.writeHead(fault.status, {
    ...(fault.retryAfter ? { 'retry-after': fault.retryAfter } : {}),
    ...(fault.location ? { location: fault.location } : {}),
  });
  response.end(`made to answer ${fault.status}`);
}

/** Slack's rule: `&`, `<` and `>` only as escapes, or around a link. */
function isEscaped(said: string): boolean {
  const bare = said.replaceAll(/<https?:[^<>|]+\|[^<>]+>/g, '').replaceAll(/&(?:amp|lt|gt);/g, '');
  return !/[&<>]/.test(bare);
}

function charsOf(
  embeds: {
    title: string;
    description: string;
    footer: { text: string };
    fields: { name: string; value: string }[];
  }[],
): number {
  return embeds
    .flatMap(({ title, description, footer, fields }) => [
      title,
      description,
      footer.text,
      ...fields.flatMap(({ name, value }) => [name, value]),
    ])
    .join('').length;
}
