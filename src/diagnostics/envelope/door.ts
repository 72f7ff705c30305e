import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { reportLimits } from '../../contract/report.ts';
import { tokenOf } from '../../graphql/http.ts';
import { sendJson } from '../../graphql/server.ts';
import { isStorableInstant } from '../../lib/storable.ts';
import type { App } from '../../platform/app.ts';
import type { LedgerEntry } from '../intake/ledger.ts';
import { type ReportReceipt, takeReports } from '../intake/take.ts';
import { DoorRefusal, jsonOf, readBody } from './body.ts';
import { takeChecks } from './checks.ts';
import { reportOfEvent } from './event.ts';
import { envelopeLimits, type Item, readEnvelope } from './items.ts';
import { senderOf, tokenOfSdk } from './sender.ts';

/** What an outage is answered with: reporters keep what they have. */
const outageSeconds = 10;
const sdkPath = /^\/api\/(\d{1,9})\/(envelope|store)\/?$/;
/** Types of items that SDKs send and that are no reports; others are counted under one name. */
const otherItems =
  /^(transaction|session|sessions|attachment|check_in|profile|profile_chunk|span|log|trace_metric|feedback|user_report|replay_event|replay_recording|statsd|metric_buckets)$/;

const Call = z.object({
  reports: z.array(z.unknown()).default([]),
  clientReports: z.array(z.unknown()).max(reportLimits.clientReportsPerCall).default([]),
  sentAt: z.iso.datetime({ offset: true }).nullish(),
});

const Discarded = z.object({
  discarded_events: z.array(
    z.object({
      reason: z.string(),
      category: z.string(),
      quantity: z
        .int()
        .min(1)
        .max(2 ** 31 - 1),
    }),
  ),
});

/**
 * Takes reports by HTTP, from any origin: at `/api/reports` our own reporter's, at `/api/checks` how it saw
 * contracts kept, at `/api/<project number>/envelope/` and `/store/` those of SDKs that speak envelopes, with the address
 * `https://<key>@<host>/<project number>`.
 */
export async function handleReports(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const sdk = sdkPath.exec(path);
  try {
    if (!sdk && path !== '/api/reports' && path !== '/api/checks')
      throw new DoorRefusal(
        404,
        'Expected /api/reports, /api/checks or /api/<project number>/envelope/.',
      );
    if (request.method !== 'POST')
      throw new DoorRefusal(405, `Expected POST, got ${request.method}.`);
    if (sdk) await takeSdk(app, request, response, Number(sdk[1]), sdk[2] === 'store');
    else if (path === '/api/checks') await takeChecks(app, request, response);
    else await takeOwn(app, request, response);
  } catch (error) {
    refuse(app, request, response, error);
  }
}

async function takeOwn(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const receivedAt = new Date();
  const token = tokenOf(request.headers.authorization);
  const sender = await senderOf(app, request, { token, project: null });
  const parsed = Call.safeParse(jsonOf(await readBody(request)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DoorRefusal(400, `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
  }
  const { reports, clientReports, sentAt } = parsed.data;
  const receipt = await takeReports(app, sender, {
    reports,
    clientReports,
    sentAt: dateOf(sentAt),
    receivedAt,
  });
  limit(response, receipt);
  sendJson(response, receipt.rateLimited > 0 ? 429 : 200, {
    outcomes: receipt.outcomes.map((outcome, index) => ({ id: idOf(reports[index]), outcome })),
    invalid: receipt.invalid,
    // One that does not fit never will, so it is done with, too.
    clientReports: clientReports.map(idOf),
    retryAfterSeconds: receipt.retryAfterSeconds,
  });
}

async function takeSdk(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  project: number,
  isStore: boolean,
): Promise<void> {
  const receivedAt = new Date();
  const early = tokenOfSdk(request, {});
  // A wrong key is told before the body is read, unless the key is in the body.
  let sender = early ? await senderOf(app, request, { token: early, project }) : null;
  const body = await readBody(request);
  const { header, items } = isStore
    ? { header: {}, items: [{ type: 'event', payload: body }] }
    : readEnvelope(body);
  sender ??= await senderOf(app, request, { token: tokenOfSdk(request, header), project });

  const { reports, clientReports, ledger } = sort(items, receivedAt, String(sender.keyId));
  const receipt = await takeReports(app, sender, {
    reports,
    clientReports,
    sentAt: dateOf(header.sent_at),
    receivedAt,
    counted: ledger,
  });
  const isRefused = receipt.rateLimited > 0 && receipt.rateLimited === reports.length;
  limit(response, receipt);
  sendJson(response, isRefused ? 429 : 200, {
    id: idOf(reports[0])?.replaceAll('-', '') ?? null,
    ...(receipt.invalid[0] ? { detail: receipt.invalid[0].message } : {}),
  });
}

/** Events are reports; what an SDK dropped is an account; all else is counted, with the reason. */
function sort(items: Item[], receivedAt: Date, keyId: string) {
  const reports: unknown[] = [];
  const clientReports: unknown[] = [];
  const ledger: LedgerEntry[] = [];
  const count = (outcome: 'FILTERED' | 'INVALID', reason: string) =>
    ledger.push({ outcome, reason, category: 'OTHER', count: 1 });
  for (const { type, payload } of items) {
    if (type !== 'event' && type !== 'client_report') {
      count('FILTERED', otherItems.test(type) ? `item_${type}` : 'item_unknown');
    } else if (payload.length > envelopeLimits.itemBytes) count('INVALID', 'item_too_large');
    else if (type === 'event') {
      const report = reportOfEvent(jsonOf(payload), receivedAt);
      if (report) reports.push(report);
      else count('INVALID', 'malformed');
    } else {
      const parsed = Discarded.safeParse(jsonOf(payload));
      if (parsed.success) clientReports.push(accountOf(parsed.data, keyId, payload));
      else count('INVALID', 'malformed');
    }
  }
  return { reports, clientReports, ledger };
}

/** An SDK names its accounts not; the same bytes of the same key are the same account. */
function accountOf(
  { discarded_events: discarded }: z.output<typeof Discarded>,
  keyId: string,
  payload: Buffer,
) {
  const hex = createHash('sha256').update(keyId).update(payload).digest('hex');
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return {
    id,
    discarded: discarded.slice(0, 100).map(({ reason, quantity }) => ({
      reason: reason.slice(0, 64),
      count: quantity,
    })),
  };
}

/** Says when to come again, in the words of HTTP and of SDKs. */
function limit(
  response: ServerResponse,
  { retryAfterSeconds }: Pick<ReportReceipt, 'retryAfterSeconds'>,
): void {
  if (!retryAfterSeconds) return;
  response.setHeader('retry-after', retryAfterSeconds);
  // https://develop.sentry.dev/sdk/expected-features/rate-limiting/
  response.setHeader('x-sentry-rate-limits', `${retryAfterSeconds}:error;default:key`);
}

function refuse(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  const { status, message, retryAfterSeconds } =
    error instanceof DoorRefusal
      ? error
      : new DoorRefusal(503, 'The server cannot take reports now; keep them.', outageSeconds);
  if (status === 503) app.log.error({ err: error }, 'reports were not taken');
  if (status === 408 || response.headersSent) return void response.destroy();
  limit(response, { retryAfterSeconds });
  response.setHeader('x-sentry-error', message.replace(/[^\x20-\x7e]/g, '?'));
  if (!request.complete) response.setHeader('connection', 'close'); // the rest of the body is not read
  sendJson(response, status, { detail: message });
}

function dateOf(value: unknown): Date | null {
  const at = typeof value === 'string' ? new Date(value) : null;
  return at && isStorableInstant(at) ? at : null;
}

function idOf(thing: unknown): string | null {
  const id = typeof thing === 'object' && thing !== null && 'id' in thing ? thing.id : null;
  return typeof id === 'string' ? id.slice(0, 64) : null;
}
