import * as z from 'zod';
import { text } from './text.ts';

/** Limits of reports. The server refuses what is over them; a reporter keeps within them. */
export const reportLimits = {
  /** Reports in one call. */
  reportsPerCall: 100,
  /** Accounts of what was dropped. */
  clientReportsPerCall: 100,
  /** JSON of one report, in UTF-16 code units. */
  reportChars: 131_072,
  /** Message of an error, in UTF-16 code units. */
  messageChars: 8_192,
  /** Errors in a chain of causes. */
  exceptions: 10,
  /** Frames of one stack. */
  frames: 100,
  /** Recent actions and lines of the console. */
  breadcrumbs: 100,
  /** Tags, and names of headers. */
  entries: 64,
  /** Deviations from a contract. */
  deviations: 50,
  /** Parts of a fingerprint that a client gives. */
  fingerprintParts: 16,
} as const;

/** What kind of trouble a report tells of. `OTHER` only where no rule of classification fits. */
export const reportCategories = [
  'NETWORK_TIMEOUT',
  'CONNECTION_LOST',
  'PROTOCOL_VIOLATION',
  'DATABASE_ERROR',
  'SCHEMA_VIOLATION',
  'CONSTRAINT_VIOLATION',
  'TRANSACTION_ROLLBACK',
  'SYNC_CONFLICT',
  'SYNC_TIMEOUT',
  'VERSION_MISMATCH',
  'CRDT_CONFLICT',
  'CONTRACT_VIOLATION',
  'SERVICE_UNAVAILABLE',
  'RATE_LIMIT_EXCEEDED',
  'AUTH_EXPIRED',
  'PERMISSION_DENIED',
  'TOKEN_INVALID',
  'EXTRACTION_FAILED',
  'AI_PROVIDER_ERROR',
  'CONTENT_PARSE_ERROR',
  'VALIDATION_FAILED',
  'INPUT_TOO_LARGE',
  'MALFORMED_REQUEST',
  'OTHER',
] as const;
export type ReportCategory = (typeof reportCategories)[number];

/** Most severe first. */
export const reportSeverities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'] as const;
export type ReportSeverity = (typeof reportSeverities)[number];

/** Where a report comes from. */
export const reportPlatforms = [
  'SERVER',
  'PWA',
  'EXTENSION',
  'NETWORK',
  'DATABASE',
  'WORKER',
] as const;
export type ReportPlatform = (typeof reportPlatforms)[number];

/** What became of a report; the ledger of a client and of the server balances over these. */
export const reportOutcomes = [
  'ACCEPTED',
  'DUPLICATE',
  'FILTERED',
  'RATE_LIMITED',
  'INVALID',
  'DISCARDED',
] as const;
export type ReportOutcome = (typeof reportOutcomes)[number];

/** How a contract can be broken. */
export const contractViolations = [
  'PARAM_MISMATCH',
  'RESPONSE_SCHEMA_ERROR',
  'TIMEOUT',
  'UNAVAILABLE',
] as const;
export type ContractViolationKind = (typeof contractViolations)[number];

/** What its reporter did about a trouble. */
export const reportResolutions = ['PENDING', 'RESOLVED', 'IGNORED', 'WORKAROUND'] as const;

const name = text(512);
const line = text(2_048);
const traceId = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits');
const instant = z.iso.datetime({ offset: true });
const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

/** Names and values, for example tags or headers. */
const entries = z
  .record(text(128), line)
  .refine((value) => Object.keys(value).length <= reportLimits.entries, {
    message: `expected at most ${reportLimits.entries} entries`,
  });

/** One call of a stack, the innermost last. */
export const ReportFrame = z.object({
  /** As the runtime names it: an address, a path or a name of a file. */
  file: line.nullish(),
  function: name.nullish(),
  /** From 1. */
  line: count.nullish(),
  /** From 1. */
  column: count.nullish(),
  /** Whether it is the platform's own code and not a library's. Absent: judged by its file. */
  isInApp: z.boolean().nullish(),
});

export const ReportException = z.object({
  /** Class of the error. */
  type: name.nullish(),
  message: text(reportLimits.messageChars).nullish(),
  frames: z
    .array(ReportFrame)
    .max(reportLimits.frames)
    .nullish()
    .transform((frames) => frames ?? []),
});

export const Breadcrumb = z.object({
  at: instant,
  /** For example `click`, `navigation`, `http`, `console`. */
  kind: text(64),
  message: line.nullish(),
});

/** One place where a value does not fit its JSON Schema. */
export const Deviation = z.object({
  /** JSON pointer with `*` for the items of lists; empty for the whole. */
  pointer: line,
  /** Keyword of JSON Schema that does not hold, or a word for why there was no answer. */
  keyword: text(64),
  /** Type that was expected. */
  expected: text(128),
  /** Type that came. */
  actual: text(128),
});

/** One trouble, told once. What a report says of people and content goes through the redactor before it is kept. */
export const Report = z
  .object({
    /** Made by the reporter, so that a report can be sent again. */
    id: z.uuid(),
    /** By the reporter's clock. */
    occurredAt: instant,
    /** Absent: classified from what the report says. */
    category: z.enum(reportCategories).nullish(),
    /** Absent: by its category. */
    severity: z.enum(reportSeverities).nullish(),
    message: text(reportLimits.messageChars).nullish(),
    /** The error and what caused it; the outermost first. */
    exceptions: z
      .array(ReportException)
      .max(reportLimits.exceptions)
      .nullish()
      .transform((exceptions) => exceptions ?? []),
    /** Groups by these instead; `{{ default }}` stands for the default grouping. */
    fingerprint: z.array(line).max(reportLimits.fingerprintParts).nullish(),
    platform: z.enum(reportPlatforms),
    source: z
      .object({
        service: name,
        module: name.nullish(),
        function: name.nullish(),
      })
      .nullish(),
    /** W3C trace id. */
    correlationId: traceId.nullish(),
    request: z
      .object({
        method: text(16).nullish(),
        url: text(4_096).nullish(),
        operationName: name.nullish(),
        headers: entries.nullish(),
      })
      .nullish(),
    response: z
      .object({
        /** HTTP status, or 0 where none came. */
        status: count.nullish(),
        /** Code of the refusal, for example `extensions.code`, or of the system, for example `ECONNREFUSED`. */
        code: name.nullish(),
        /** Where in a GraphQL result: names of fields and places in lists. */
        path: z
          .array(z.union([name, count]))
          .max(64)
          .nullish(),
        /** Close code of a WebSocket. */
        closeCode: count.nullish(),
        headers: entries.nullish(),
        durationMs: z.number().min(0).nullish(),
      })
      .nullish(),
    database: z
      .object({
        /** SQLSTATE, or a code of Prisma. */
        code: text(16).nullish(),
        table: name.nullish(),
        constraint: name.nullish(),
        /** The statement with its values taken out. */
        queryShape: text(4_096).nullish(),
      })
      .nullish(),
    contract: z
      .object({
        hash: text(64).nullish(),
        operation: name.nullish(),
        violation: z.enum(contractViolations).nullish(),
        /** JSON pointer of the first deviation. */
        pointer: line.nullish(),
        /** All of them; types only, never a value. */
        deviations: z.array(Deviation).max(reportLimits.deviations).nullish(),
        /** Of a timeout: an answer followed after all. */
        isLate: z.boolean().nullish(),
      })
      .nullish(),
    sync: z
      .object({
        type: text(64).nullish(),
        /** Which copies disagree, or which way it went: names of services or kinds of client, never a person's. */
        source: name.nullish(),
        target: name.nullish(),
        entityType: name.nullish(),
        pendingOperations: count.nullish(),
        lastSyncedAt: instant.nullish(),
      })
      .nullish(),
    environment: z
      .object({
        release: name.nullish(),
        /** For example `production`. */
        name: name.nullish(),
        runtime: name.nullish(),
        os: name.nullish(),
      })
      .nullish(),
    /** An id that says nothing about the person; it is hashed before it is kept. */
    user: z.object({ id: name }).nullish(),
    debug: z
      .object({
        breadcrumbs: z.array(Breadcrumb).max(reportLimits.breadcrumbs).nullish(),
        /** Of local and session storage and of cookies: names and sizes, never values. */
        storage: z
          .array(z.object({ name, bytes: count }))
          .max(reportLimits.breadcrumbs)
          .nullish(),
      })
      .nullish(),
    /** Absent: PENDING. */
    resolution: z
      .object({
        state: z.enum(reportResolutions),
        /** In words, for example which way around it was taken. */
        note: line.nullish(),
      })
      .nullish(),
    tags: entries.nullish(),
  })
  .refine((report) => JSON.stringify(report).length <= reportLimits.reportChars, {
    message: `expected at most ${reportLimits.reportChars} characters of JSON`,
  });

export type Report = z.output<typeof Report>;

/** What a reporter did not send, and why: it is counted, so that nothing is unaccounted for. */
export const ClientReport = z.object({
  /** Names the account, so that a repeat counts once. */
  id: z.uuid(),
  discarded: z
    .array(
      z.object({
        /** For example `queue_overflow`, `rate_limited`, `filtered`, `send_error`. */
        reason: text(64),
        category: z.enum(reportCategories).nullish(),
        count: count.min(1),
      }),
    )
    .max(100),
});

export type ClientReport = z.output<typeof ClientReport>;
