import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { App } from '../platform/app.ts';
import { sameBytes } from '../platform/keys.ts';
import { endedStates } from './advance.ts';
import { nudge } from './change.ts';

const mostBytes = 64 * 1024;
const toleranceSeconds = 300;

const Event = z.object({
  type: z.string(),
  data: z.object({ id: z.string() }),
});

/**
 * Hears from the provider that a job has ended, signed as Standard Webhooks says
 * (github.com/standard-webhooks), and looks at the job at once. Nothing depends on it: a lost one is made
 * good by the next poll, a repeated or forged one changes nothing.
 */
export async function handleWebhook(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const end = (status: number, message: string) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ message }));
    request.resume();
  };
  const { webhookSecret } = app.config.models;
  if (!webhookSecret) return end(404, 'No webhook is configured.');
  if (request.method !== 'POST') return end(405, `Expected POST, got ${request.method}.`);
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBytes) return end(413, `Expected at most ${mostBytes} bytes.`);
    parts.push(part);
  }
  const body = Buffer.concat(parts).toString('utf8');
  if (!isSigned(request, body, webhookSecret, new Date()))
    return end(401, 'Expected a signature of the provider, made within five minutes.');
  const event = Event.safeParse(parse(body));
  if (event.success && event.data.type.startsWith('fine_tuning.job.'))
    await lookNow(app, event.data.data.id);
  end(200, 'Thank you.');
}

async function lookNow(app: App, providerJobId: string): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const where = { providerJobId, trainer: 'OPENAI' as const, state: { notIn: [...endedStates] } };
    const found = await tx.trainingJob.findFirst({ where, select: { id: true } });
    if (!found) return;
    await tx.$queryRaw`SELECT 1 FROM "TrainingJob" WHERE "id" = ${found.id}::uuid FOR UPDATE`;
    const job = await tx.trainingJob.findFirst({ where: { ...where, id: found.id } });
    if (job) await nudge(app, tx, job);
  });
}

function isSigned({ headers }: IncomingMessage, body: string, secret: string, now: Date): boolean {
  const [id, at, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => String(headers[name] ?? ''),
  ) as [string, string, string];
  const age = Math.abs(now.getTime() / 1_000 - Number(at));
  if (!(age <= toleranceSeconds)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest();
  return signatures
    .split(' ')
    .some((one) => sameBytes(Buffer.from(one.replace(/^v1,/, ''), 'base64'), expected));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
