import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import * as z from 'zod';

/** Who is told of alerts. */
export type Channel = {
  url: string;
  /** For `ALERT_ALLOWED_HOSTS`. */
  host: string;
  /** What messages are signed with. */
  secret: string;
  /** Types of the messages that came, in order. */
  told: string[];
  close(): Promise<void>;
};

const Message = z.object({ type: z.string() });

/** A receiver of signed webhooks: what is signed wrongly is refused. */
export async function openChannel(): Promise<Channel> {
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const told: string[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { headers } = request;
    try {
      const signed = new Webhook(secret).verify(Buffer.concat(parts), {
        'webhook-id': String(headers['webhook-id']),
        'webhook-timestamp': String(headers['webhook-timestamp']),
        'webhook-signature': String(headers['webhook-signature']),
      });
      told.push(Message.parse(signed).type);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/webhook`,
    host: `127.0.0.1:${port}`,
    secret,
    told,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
