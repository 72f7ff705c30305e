/** What kind of trouble a report tells of; absent, the server classifies it. */
export type Category =
  | 'NETWORK_TIMEOUT'
  | 'CONNECTION_LOST'
  | 'PROTOCOL_VIOLATION'
  | 'DATABASE_ERROR'
  | 'SCHEMA_VIOLATION'
  | 'CONSTRAINT_VIOLATION'
  | 'TRANSACTION_ROLLBACK'
  | 'SYNC_CONFLICT'
  | 'SYNC_TIMEOUT'
  | 'VERSION_MISMATCH'
  | 'CRDT_CONFLICT'
  | 'CONTRACT_VIOLATION'
  | 'SERVICE_UNAVAILABLE'
  | 'RATE_LIMIT_EXCEEDED'
  | 'AUTH_EXPIRED'
  | 'PERMISSION_DENIED'
  | 'TOKEN_INVALID'
  | 'EXTRACTION_FAILED'
  | 'AI_PROVIDER_ERROR'
  | 'CONTENT_PARSE_ERROR'
  | 'VALIDATION_FAILED'
  | 'INPUT_TOO_LARGE'
  | 'MALFORMED_REQUEST'
  | 'OTHER';

export type Severity = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW' | 'INFO';

export type Platform = 'SERVER' | 'PWA' | 'EXTENSION' | 'NETWORK' | 'DATABASE' | 'WORKER';

/** How a contract is broken. */
export type Violation = 'PARAM_MISMATCH' | 'RESPONSE_SCHEMA_ERROR' | 'TIMEOUT' | 'UNAVAILABLE';

/** Where a value departs from its schema, in types and names. The pointer has `*` for items of lists. */
export type Deviation = { pointer: string; keyword: string; expected: string; actual: string };

/** One call of a stack. Lines and columns count from 1. */
export type Frame = {
  file?: string;
  function?: string;
  line?: number;
  column?: number;
};

/** One error of a chain; its frames end with the innermost call. */
export type Exception = { type?: string; message?: string; frames: Frame[] };

/** What the reporter cannot find out by itself. All of it is scrubbed. */
export type Details = {
  category?: Category;
  severity?: Severity;
  /** Groups by these instead; `{{ default }}` stands for the default grouping. */
  fingerprint?: string[];
  /** Another platform than the reporter's own, for example `DATABASE`. */
  platform?: Platform;
  module?: string;
  function?: string;
  /** W3C trace id; absent: of the work that runs now. */
  correlationId?: string;
  request?: {
    method?: string;
    url?: string;
    operationName?: string;
    headers?: Record<string, string>;
  };
  response?: {
    /** HTTP status, or 0 where none came. */
    status?: number;
    code?: string;
    /** Close code of a WebSocket. */
    closeCode?: number;
    headers?: Record<string, string>;
    durationMs?: number;
  };
  database?: { code?: string; table?: string; constraint?: string; queryShape?: string };
  contract?: {
    hash?: string;
    operation?: string;
    violation?: Violation;
    /** JSON pointer of the first deviation. */
    pointer?: string;
    deviations?: Deviation[];
    /** Of a timeout: an answer followed after all. */
    isLate?: boolean;
  };
  sync?: {
    type?: string;
    /** Which copies disagree, or which way it went: names of services, never a person's. */
    source?: string;
    target?: string;
    entityType?: string;
    pendingOperations?: number;
    lastSyncedAt?: string;
  };
  /** What was done about it. Absent: PENDING. */
  resolution?: { state: 'PENDING' | 'RESOLVED' | 'IGNORED' | 'WORKAROUND'; note?: string };
  /** An id that says nothing about the person. */
  user?: { id: string };
  tags?: Record<string, string>;
};

export type Crumb = { at: string; kind: string; message?: string };

/** A report as it crosses the wire. */
export type WireReport = Omit<Details, 'module' | 'function' | 'platform'> & {
  id: string;
  occurredAt: string;
  message?: string;
  exceptions: Exception[];
  platform: Platform;
  source: { service: string; module?: string; function?: string };
  environment: { release?: string; name?: string; runtime?: string };
  debug?: { breadcrumbs?: Crumb[]; storage?: { name: string; bytes: number }[] | null };
};

/** What was not sent, and why. The id lets a repeat count once. */
export type Account = {
  id: string;
  discarded: { reason: string; category?: Category; count: number }[];
};

/** Where every captured report is. `captured` is the sum of all others, always. */
export type Ledger = {
  captured: number;
  /** The server took it. */
  accepted: number;
  /** The server had it already: an answer was lost. */
  duplicate: number;
  /** `beforeSend`, or a rule of the server, kept it back. */
  filtered: number;
  /** Too many of its kind came at once. It is counted, not told. */
  rateLimited: number;
  /** The server cannot read it. */
  invalid: number;
  /** There was no room for it. */
  discarded: number;
  /** It waits to be sent. */
  queued: number;
};

export type Counts = Omit<Ledger, 'queued'>;

/** A report that waits. `rank`: 0 is the most severe. */
export type Kept = { id: string; rank: number; category?: Category; json: string };

/** What changed since the last write; `counts` and `owed` replace what was there. */
export type Change = { put: Kept[]; gone: string[]; counts: Counts; owed: Account[] };

/**
 * Keeps what waits, over the end of the process or page. Each write is whole or not at all, in the
 * order of the calls; one that throws or rejects leaves the reporter with its memory.
 */
export type ReportStore = {
  /** What others left behind that are gone, and this one's own. */
  load(): Change | Promise<Change>;
  /** @param all everything that is to be kept, for a store that now and then begins anew */
  write(change: Change, all: () => Change): void | Promise<void>;
  close(): void | Promise<void>;
};

/** Why a part of the reporter does not work; never thrown, never reported. */
export type OnFault = (fault: unknown) => void;
