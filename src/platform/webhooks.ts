import { Webhook } from 'standardwebhooks';

/**
 * Headers by which a receiver knows that a message is ours and not a repeat:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
 *
 * @param id the same at every attempt
 * @param at instant of the attempt; receivers allow 300 s
 */
export function signedHeaders(
  secret: string,
  { id, at, body }: { id: string; at: Date; body: string },
): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}
