import * as z from 'zod';
import { type Report, type ReportPlatform, reportLimits } from '../../contract/report.ts';
import { newId } from '../../lib/ids.ts';

// What SDKs of many languages and ages send: whatever is not as expected is left out, not refused.
const words = z.string().catch('');
const maybe = z.string().optional().catch(undefined);
const whole = z.int().min(0).optional().catch(undefined);
const instant = z.union([z.number(), z.string()]).optional().catch(undefined);
const anything = z.record(z.string(), z.unknown()).catch({});
const list = <T extends z.ZodType>(item: T) =>
  z
    .union([z.array(item), z.object({ values: z.array(item) }).transform((given) => given.values)])
    .catch([]);

const Frame = z.object({
  filename: maybe,
  abs_path: maybe,
  function: maybe,
  module: maybe,
  lineno: whole,
  colno: whole,
  in_app: z.boolean().optional().catch(undefined),
});

const Exception = z.object({
  type: maybe,
  value: maybe,
  stacktrace: z
    .object({ frames: z.array(Frame).catch([]) })
    .optional()
    .catch(undefined),
});

const Crumb = z.object({
  timestamp: instant,
  category: maybe,
  type: maybe,
  message: maybe,
  data: anything,
});

/** An event: https://develop.sentry.dev/sdk/data-model/event-payloads/. */
const Event = z.object({
  event_id: maybe,
  timestamp: instant,
  level: maybe,
  platform: maybe,
  logger: maybe,
  transaction: maybe,
  release: maybe,
  environment: maybe,
  message: z
    .union([z.string(), z.object({ formatted: maybe, message: maybe })])
    .optional()
    .catch(undefined),
  logentry: z.object({ formatted: maybe, message: maybe }).optional().catch(undefined),
  exception: list(Exception),
  breadcrumbs: list(Crumb),
  fingerprint: z.array(words).optional().catch(undefined),
  tags: z
    .union([z.array(z.tuple([words, z.unknown()])).transform(Object.fromEntries), anything])
    .catch({}),
  user: z
    .object({ id: z.union([z.string(), z.number()]).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  request: z.object({ url: maybe, method: maybe, headers: anything }).optional().catch(undefined),
  contexts: z
    .object({
      trace: z.object({ trace_id: maybe }).optional().catch(undefined),
      runtime: z.object({ name: maybe, version: maybe }).optional().catch(undefined),
      browser: z.object({ name: maybe, version: maybe }).optional().catch(undefined),
      os: z.object({ name: maybe, version: maybe }).optional().catch(undefined),
      response: z.object({ status_code: whole }).optional().catch(undefined),
      app: z.object({ app_name: maybe }).optional().catch(undefined),
    })
    .catch({}),
});
type Event = z.output<typeof Event>;

const severities: Record<string, Report['severity']> = {
  fatal: 'CRITICAL',
  warning: 'MEDIUM',
  info: 'INFO',
  log: 'INFO',
  debug: 'INFO',
};

/**
 * The event of an SDK as a report. What has no place in one (extra data, loaded modules, e-mail and network
 * address of the user, local variables) stays behind.
 *
 * @param receivedAt for events that do not say when they happened
 * @returns `null`: it is no event
 */
export function reportOfEvent(given: unknown, receivedAt: Date): Report | null {
  const parsed = Event.safeParse(given);
  if (!parsed.success) return null;
  const event = parsed.data;
  const { contexts, request, tags } = event;
  const runtime = nameOf(contexts.runtime ?? contexts.browser);
  return {
    id: idOf(event.event_id),
    occurredAt: instantOf(event.timestamp, receivedAt),
    // An error without more is as severe as its category.
    severity: severities[event.level ?? ''],
    message: cut(messageOf(event), reportLimits.messageChars),
    exceptions: exceptionsOf(event),
    fingerprint: event.fingerprint
      ?.slice(0, reportLimits.fingerprintParts)
      .map((part) => part.slice(0, 2_048)),
    platform: platformOf(event),
    source: {
      service:
        cut(tags.service ?? contexts.app?.app_name ?? event.logger, 512) ||
        event.platform?.slice(0, 64) ||
        'unknown',
      function: cut(event.transaction, 512),
    },
    correlationId: /^[0-9a-f]{32}$/.test(contexts.trace?.trace_id ?? '')
      ? contexts.trace?.trace_id
      : undefined,
    request: request && {
      method: cut(request.method, 16),
      url: cut(request.url?.replace(/[?#].*/, ''), 4_096),
      headers: entriesOf(request.headers),
    },
    response: contexts.response?.status_code
      ? { status: contexts.response.status_code }
      : undefined,
    environment: {
      release: cut(event.release, 512),
      name: cut(event.environment, 512),
      runtime: cut(runtime, 512),
      os: cut(nameOf(contexts.os), 512),
    },
    user: event.user?.id === undefined ? undefined : { id: String(event.user.id).slice(0, 512) },
    debug: {
      breadcrumbs: event.breadcrumbs.slice(-reportLimits.breadcrumbs).map((crumb) => ({
        at: instantOf(crumb.timestamp, receivedAt),
        kind: (crumb.category ?? crumb.type ?? 'default').slice(0, 64),
        message: cut(crumb.message ?? wordsOf(crumb.data), 2_048),
      })),
    },
    tags: entriesOf(tags),
  };
}

/** SDKs put the cause first; a report begins with the error that was caught. */
function exceptionsOf({ exception }: Event): Report['exceptions'] {
  return exception
    .toReversed()
    .slice(0, reportLimits.exceptions)
    .map(({ type, value, stacktrace }) => ({
      type: cut(type, 512),
      message: cut(value, reportLimits.messageChars),
      frames: (stacktrace?.frames ?? []).slice(-reportLimits.frames).map((frame) => ({
        file: cut(frame.abs_path ?? frame.filename ?? frame.module, 2_048),
        function: cut(frame.function, 512),
        line: frame.lineno,
        column: frame.colno,
        isInApp: frame.in_app,
      })),
    }));
}

function messageOf({ message, logentry }: Event): string | undefined {
  if (typeof message === 'string') return message;
  const entry = logentry ?? message;
  return entry?.formatted ?? entry?.message;
}

function platformOf({ platform, contexts }: Event): ReportPlatform {
  return platform === 'javascript' || contexts.browser ? 'PWA' : 'SERVER';
}

/** The event's own id, so that a repeat is one. */
function idOf(eventId: string | undefined): string {
  const id = eventId
    ?.replaceAll('-', '')
    .toLowerCase()
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return z.uuid().safeParse(id).data ?? newId();
}

/** Seconds since 1970, or text. */
function instantOf(given: string | number | undefined, otherwise: Date): string {
  const at = new Date(typeof given === 'number' ? given * 1000 : (given ?? Number.NaN));
  return (Number.isNaN(at.getTime()) ? otherwise : at).toISOString();
}

function nameOf(thing: { name?: string; version?: string } | undefined): string | undefined {
  return thing?.name && [thing.name, thing.version].filter(Boolean).join(' ');
}

function entriesOf(given: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(given).slice(0, reportLimits.entries);
  return Object.fromEntries(
    entries.map(([name, value]) => [storable(name.slice(0, 128)), cut(value, 2_048) ?? '']),
  );
}

/** What a breadcrumb says where it has no message: what was called, and how it ended. */
function wordsOf({
  method,
  url,
  status_code: status,
}: Record<string, unknown>): string | undefined {
  const said = [method, typeof url === 'string' ? url.replace(/[?#].*/, '') : url, status];
  const known = said.filter((part) => typeof part === 'string' || typeof part === 'number');
  return known.length > 0 ? known.join(' ') : undefined;
}

function cut(value: unknown, chars: number): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return undefined;
  return storable(String(value).slice(0, chars));
}

function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
