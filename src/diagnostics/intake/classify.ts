import type { Report, ReportCategory, ReportSeverity } from '../../contract/report.ts';

/** What a category is for, read from what a report says. The first rule that fits decides. */
type Rule = { category: ReportCategory; fits: (signs: Signs) => boolean };

/** What of a report tells its category. */
type Signs = {
  /** SQLSTATE or code of Prisma; empty without one. */
  database: string;
  /** Code of a refusal or of the system, upper-case; empty without one. */
  code: string;
  /** HTTP status; `null` without one. */
  status: number | null;
  /** Close code of a WebSocket; `null` without one. */
  close: number | null;
  /** Classes of the chained errors, the outermost first. */
  types: string[];
  /** Messages of the chained errors and of the report. */
  words: string;
  /** What asked: the request's address, or the service. */
  whom: string;
  sync: string;
  violation: string;
  isContract: boolean;
  isDatabase: boolean;
  isSync: boolean;
};

/** How much a category matters when its report does not say. */
const severities: Record<ReportCategory, ReportSeverity> = {
  DATABASE_ERROR: 'CRITICAL',
  SCHEMA_VIOLATION: 'CRITICAL',
  CRDT_CONFLICT: 'HIGH',
  TRANSACTION_ROLLBACK: 'HIGH',
  CONSTRAINT_VIOLATION: 'HIGH',
  CONTRACT_VIOLATION: 'HIGH',
  SERVICE_UNAVAILABLE: 'HIGH',
  SYNC_CONFLICT: 'MEDIUM',
  SYNC_TIMEOUT: 'MEDIUM',
  VERSION_MISMATCH: 'HIGH',
  PROTOCOL_VIOLATION: 'HIGH',
  EXTRACTION_FAILED: 'MEDIUM',
  AI_PROVIDER_ERROR: 'HIGH',
  CONTENT_PARSE_ERROR: 'MEDIUM',
  NETWORK_TIMEOUT: 'MEDIUM',
  CONNECTION_LOST: 'MEDIUM',
  PERMISSION_DENIED: 'MEDIUM',
  TOKEN_INVALID: 'MEDIUM',
  RATE_LIMIT_EXCEEDED: 'LOW',
  AUTH_EXPIRED: 'LOW',
  VALIDATION_FAILED: 'LOW',
  INPUT_TOO_LARGE: 'LOW',
  MALFORMED_REQUEST: 'LOW',
  OTHER: 'HIGH', // an exception that nobody foresaw
};

/**
 * SQLSTATEs by class and, where a class holds several troubles, by code. The longer prefix goes first.
 * https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const sqlStates: [prefix: string, category: ReportCategory][] = [
  ['23', 'CONSTRAINT_VIOLATION'],
  ['44', 'CONSTRAINT_VIOLATION'], // WITH CHECK OPTION
  ['40', 'TRANSACTION_ROLLBACK'], // serialisation failures and deadlocks
  ['25P02', 'TRANSACTION_ROLLBACK'], // in a failed transaction
  ['25P03', 'TRANSACTION_ROLLBACK'], // idle in transaction
  ['25P04', 'TRANSACTION_ROLLBACK'], // transaction time-out
  ['2D', 'TRANSACTION_ROLLBACK'],
  ['3B', 'TRANSACTION_ROLLBACK'],
  ['08P01', 'PROTOCOL_VIOLATION'],
  ['08', 'CONNECTION_LOST'],
  ['28', 'PERMISSION_DENIED'],
  ['42501', 'PERMISSION_DENIED'],
  ['42', 'SCHEMA_VIOLATION'], // unknown tables, columns, functions; syntax
  ['3D', 'SCHEMA_VIOLATION'],
  ['3F', 'SCHEMA_VIOLATION'],
  ['2B', 'SCHEMA_VIOLATION'],
  ['0A', 'SCHEMA_VIOLATION'],
  ['54', 'INPUT_TOO_LARGE'], // program limits
  ['22001', 'INPUT_TOO_LARGE'],
  ['22003', 'VALIDATION_FAILED'],
  ['22', 'VALIDATION_FAILED'],
  ['57014', 'NETWORK_TIMEOUT'], // cancelled by statement_timeout
  ['55P03', 'NETWORK_TIMEOUT'], // lock_timeout
  ['57P', 'SERVICE_UNAVAILABLE'], // shut down, starting, crashed
  ['53300', 'SERVICE_UNAVAILABLE'], // too many connections
];

/** https://www.prisma.io/docs/orm/reference/error-reference */
const prismaCodes: Record<string, ReportCategory> = {
  P1000: 'PERMISSION_DENIED',
  P1001: 'SERVICE_UNAVAILABLE',
  P1002: 'NETWORK_TIMEOUT',
  P1003: 'SCHEMA_VIOLATION',
  P1008: 'NETWORK_TIMEOUT',
  P1009: 'SCHEMA_VIOLATION',
  P1010: 'PERMISSION_DENIED',
  P1011: 'CONNECTION_LOST',
  P1012: 'SCHEMA_VIOLATION',
  P1014: 'SCHEMA_VIOLATION',
  P1017: 'CONNECTION_LOST',
  P2000: 'INPUT_TOO_LARGE',
  P2001: 'DATABASE_ERROR',
  P2002: 'CONSTRAINT_VIOLATION',
  P2003: 'CONSTRAINT_VIOLATION',
  P2004: 'CONSTRAINT_VIOLATION',
  P2005: 'VALIDATION_FAILED',
  P2006: 'VALIDATION_FAILED',
  P2007: 'VALIDATION_FAILED',
  P2008: 'MALFORMED_REQUEST',
  P2009: 'MALFORMED_REQUEST',
  P2010: 'DATABASE_ERROR',
  P2011: 'CONSTRAINT_VIOLATION',
  P2012: 'VALIDATION_FAILED',
  P2013: 'VALIDATION_FAILED',
  P2014: 'CONSTRAINT_VIOLATION',
  P2017: 'CONSTRAINT_VIOLATION',
  P2018: 'CONSTRAINT_VIOLATION',
  P2019: 'VALIDATION_FAILED',
  P2020: 'VALIDATION_FAILED',
  P2021: 'SCHEMA_VIOLATION',
  P2022: 'SCHEMA_VIOLATION',
  P2024: 'NETWORK_TIMEOUT', // no connection of the pool came free
  P2025: 'DATABASE_ERROR',
  P2026: 'SCHEMA_VIOLATION',
  P2028: 'TRANSACTION_ROLLBACK',
  P2029: 'INPUT_TOO_LARGE',
  P2033: 'VALIDATION_FAILED',
  P2034: 'TRANSACTION_ROLLBACK',
  P2035: 'DATABASE_ERROR',
  P2037: 'SERVICE_UNAVAILABLE', // too many connections
};

/** Close codes of WebSockets: RFC 6455, section 7.4.1, the IANA registry, and graphql-ws (44xx). */
const closeCodes: Record<number, ReportCategory> = {
  1001: 'CONNECTION_LOST',
  1002: 'PROTOCOL_VIOLATION',
  1003: 'PROTOCOL_VIOLATION',
  1005: 'CONNECTION_LOST',
  1006: 'CONNECTION_LOST',
  1007: 'MALFORMED_REQUEST',
  1008: 'PERMISSION_DENIED',
  1009: 'INPUT_TOO_LARGE',
  1010: 'PROTOCOL_VIOLATION',
  1011: 'SERVICE_UNAVAILABLE',
  1012: 'SERVICE_UNAVAILABLE',
  1013: 'RATE_LIMIT_EXCEEDED',
  1014: 'SERVICE_UNAVAILABLE',
  1015: 'CONNECTION_LOST',
  4400: 'MALFORMED_REQUEST',
  4401: 'TOKEN_INVALID',
  4403: 'AUTH_EXPIRED',
  4406: 'PROTOCOL_VIOLATION',
  4408: 'NETWORK_TIMEOUT',
  4409: 'PROTOCOL_VIOLATION',
  4429: 'RATE_LIMIT_EXCEEDED',
  4499: 'CONNECTION_LOST',
  4500: 'SERVICE_UNAVAILABLE',
  4504: 'NETWORK_TIMEOUT',
};

/** HTTP statuses, RFC 9110 section 15 and RFC 6585. Of 5xx only what says that nobody was there. */
const statuses: Record<number, ReportCategory> = {
  400: 'MALFORMED_REQUEST',
  401: 'TOKEN_INVALID',
  403: 'PERMISSION_DENIED',
  405: 'MALFORMED_REQUEST',
  406: 'PROTOCOL_VIOLATION',
  407: 'PERMISSION_DENIED',
  408: 'NETWORK_TIMEOUT',
  409: 'SYNC_CONFLICT',
  411: 'MALFORMED_REQUEST',
  412: 'VERSION_MISMATCH',
  413: 'INPUT_TOO_LARGE',
  414: 'INPUT_TOO_LARGE',
  415: 'PROTOCOL_VIOLATION',
  421: 'PROTOCOL_VIOLATION',
  422: 'VALIDATION_FAILED',
  426: 'VERSION_MISMATCH',
  428: 'VERSION_MISMATCH',
  429: 'RATE_LIMIT_EXCEEDED',
  431: 'INPUT_TOO_LARGE',
  451: 'PERMISSION_DENIED',
  498: 'TOKEN_INVALID',
  499: 'CONNECTION_LOST',
  500: 'SERVICE_UNAVAILABLE',
  501: 'SERVICE_UNAVAILABLE',
  502: 'SERVICE_UNAVAILABLE',
  503: 'SERVICE_UNAVAILABLE',
  504: 'NETWORK_TIMEOUT',
  505: 'PROTOCOL_VIOLATION',
  507: 'SERVICE_UNAVAILABLE',
  511: 'PERMISSION_DENIED',
  520: 'SERVICE_UNAVAILABLE',
  521: 'SERVICE_UNAVAILABLE',
  522: 'NETWORK_TIMEOUT',
  523: 'SERVICE_UNAVAILABLE',
  524: 'NETWORK_TIMEOUT',
  529: 'SERVICE_UNAVAILABLE', // overloaded, by Anthropic and others
};

/** Codes of Node and of its system calls, of undici, of browsers, of GraphQL servers and of our own API. */
const codes: [pattern: RegExp, category: ReportCategory][] = [
  [
    /^(?:ETIMEDOUT|ESOCKETTIMEDOUT|ECONNABORTED|ETIME|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT|ERR_TIMED_OUT|ERR_CONNECTION_TIMED_OUT|TIMEOUT|DEADLINE_EXCEEDED|GATEWAY_TIMEOUT|REQUEST_TIMEOUT|ABORT_ERR)$/,
    'NETWORK_TIMEOUT',
  ],
  [
    /^(?:ECONNRESET|EPIPE|ENOTCONN|ESHUTDOWN|ENETDOWN|ENETRESET|ERR_STREAM_PREMATURE_CLOSE|ERR_SOCKET_CLOSED|UND_ERR_SOCKET|UND_ERR_(?:DESTROYED|CLOSED|ABORTED)|ERR_(?:INTERNET_DISCONNECTED|NETWORK_CHANGED|CONNECTION_(?:RESET|CLOSED|ABORTED))|ECONNLOST|CONNECTION_LOST)$/,
    'CONNECTION_LOST',
  ],
  [
    /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ERR_(?:CONNECTION_REFUSED|NAME_NOT_RESOLVED|ADDRESS_UNREACHABLE)|(?:UNABLE_TO_(?:VERIFY|GET)|CERT_|ERR_TLS_|ERR_CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED).*|SERVICE_UNAVAILABLE|UNAVAILABLE|OVERLOADED|BAD_GATEWAY|DOWNSTREAM_SERVICE_ERROR)$/,
    'SERVICE_UNAVAILABLE',
  ],
  [
    /^(?:EPROTO|HPE_\w+|ERR_HTTP2_\w+|ERR_SSL_\w+|ERR_INVALID_HTTP_TOKEN|ERR_HTTP_INVALID_STATUS_CODE|WS_ERR_(?!UNSUPPORTED_MESSAGE_LENGTH|TOO_MANY)\w+)$/,
    'PROTOCOL_VIOLATION',
  ],
  [
    /^(?:WS_ERR_UNSUPPORTED_MESSAGE_LENGTH|EMSGSIZE|E2BIG|EFBIG|TOO_LARGE|PAYLOAD_TOO_LARGE|REQUEST_ENTITY_TOO_LARGE|INPUT_TOO_LARGE|TOO_COMPLEX|FIELD_TOO_LONG|LIMIT_FILE_SIZE|CONTEXT_LENGTH_EXCEEDED)$/,
    'INPUT_TOO_LARGE',
  ],
  [
    /^(?:RATE_LIMITED|RATE_LIMIT_EXCEEDED|TOO_MANY_REQUESTS|THROTTLED|TOO_MANY_SESSIONS|RESOURCE_EXHAUSTED|INSUFFICIENT_QUOTA)$/,
    'RATE_LIMIT_EXCEEDED',
  ],
  [
    /^(?:TOKEN_EXPIRED|AUTH_EXPIRED|SESSION_EXPIRED|ERR_JWT_EXPIRED|EXPIRED_TOKEN)$/,
    'AUTH_EXPIRED',
  ],
  [
    /^(?:UNAUTHENTICATED|UNAUTHORIZED|INVALID_TOKEN|TOKEN_INVALID|INVALID_API_KEY|ERR_J(?:WT|WS|WE|WK|OSE)\w*)$/,
    'TOKEN_INVALID',
  ],
  [/^(?:FORBIDDEN|PERMISSION_DENIED|EACCES|EPERM|ACCESS_DENIED)$/, 'PERMISSION_DENIED'],
  [
    /^(?:GRAPHQL_PARSE_FAILED|GRAPHQL_VALIDATION_FAILED|BAD_REQUEST|MALFORMED_REQUEST|PERSISTED_QUERY_NOT_(?:FOUND|SUPPORTED)|OPERATION_RESOLUTION_FAILURE|ERR_INVALID_URL)$/,
    'MALFORMED_REQUEST',
  ],
  [
    /^(?:BAD_USER_INPUT|INVALID_INPUT|VALIDATION_FAILED|VALIDATION_ERROR|INVALID_ARGUMENT|OUT_OF_RANGE|ERR_INVALID_ARG_(?:TYPE|VALUE)|ERR_OUT_OF_RANGE|FAILED_PRECONDITION)$/,
    'VALIDATION_FAILED',
  ],
  [/^(?:VERSION_CONFLICT|CONFLICT|SYNC_CONFLICT|OPERATION_REUSED)$/, 'SYNC_CONFLICT'],
  [/^(?:VERSION_MISMATCH|CLIENT_OUTDATED|SCHEMA_MISMATCH)$/, 'VERSION_MISMATCH'],
  [/^(?:ABORTED|TRANSACTION_ABORTED)$/, 'TRANSACTION_ROLLBACK'],
];

/** Classes of errors, by their names; of libraries where the name is theirs alone. */
const classes: [pattern: RegExp, category: ReportCategory][] = [
  [
    /^(?:Timeout|ConnectTimeout|HeadersTimeout|BodyTimeout|RequestTimeout|APIConnectionTimeout)(?:Error)?$/,
    'NETWORK_TIMEOUT',
  ],
  [/^(?:AI_\w+|OpenAIError|Anthropic\w*Error|APIConnectionError)$/, 'AI_PROVIDER_ERROR'],
  [/^(?:TokenExpired|JWTExpired|SessionExpired)(?:Error)?$/, 'AUTH_EXPIRED'],
  [
    /^(?:JsonWebToken|JWT\w*|JWS\w*|JOSE\w*|InvalidToken|Authentication|Unauthorized|Unauthenticated)(?:Error)?$/,
    'TOKEN_INVALID',
  ],
  [
    /^(?:Permission(?:Denied)?|Forbidden|AccessDenied|Authorization|NotAllowed|Security)(?:Error)?$/,
    'PERMISSION_DENIED',
  ],
  [/^PrismaClient(?:Initialization|RustPanic)Error$/, 'SERVICE_UNAVAILABLE'],
  [/^PrismaClientValidationError$/, 'VALIDATION_FAILED'],
  [
    /^(?:PrismaClient\w*Error|Sequelize\w*Error|QueryFailedError|DatabaseError|PostgresError|MongoServerError|SqliteError|Dexie\w*Error)$/,
    'DATABASE_ERROR',
  ],
  [
    /^(?:Zod|Validation|Ajv\w*|Yup\w*|Joi\w*|InvalidInput|UserInput)(?:Error)?$/,
    'VALIDATION_FAILED',
  ],
  [
    /^(?:PayloadTooLarge|QuotaExceeded|TooLarge|ContentTooLarge|RequestTooLarge)(?:Error)?$/,
    'INPUT_TOO_LARGE',
  ],
  [
    /^(?:TooManyRequests|RateLimit(?:Exceeded|ed)?|Throttl(?:ed|ing))(?:Error|Exception)?$/,
    'RATE_LIMIT_EXCEEDED',
  ],
  [
    /^(?:ServiceUnavailable|BadGateway|BrokenCircuit(?:Error)?|IsolatedCircuit|BulkheadRejected)(?:Error)?$/,
    'SERVICE_UNAVAILABLE',
  ],
  [
    /^(?:Network|ConnectionLost|ConnectionClosed|Socket|Disconnect(?:ed)?)(?:Error)?$/,
    'CONNECTION_LOST',
  ],
  [/^(?:VersionConflict|Conflict|SyncConflict)(?:Error)?$/, 'SYNC_CONFLICT'],
  [
    /^(?:Extraction(?:Failed)?|SelectorNotFound|ElementNotFound|StaleElementReference\w*|NoSuchElement\w*)(?:Error|Exception)?$/,
    'EXTRACTION_FAILED',
  ],
  [/^(?:GraphQLSyntax|MalformedRequest|BadRequest|URI)(?:Error)?$/, 'MALFORMED_REQUEST'],
  [/^(?:Version|VersionMismatch|VersionChange)(?:Error)?$/, 'VERSION_MISMATCH'],
  [/^(?:Automerge|Yjs|Crdt|CRDT)\w*$/, 'CRDT_CONFLICT'],
  [
    /^(?:Parse|CssSyntax|XmlParse|HtmlParse|Encoding|Decode)(?:r)?(?:Error)?$/,
    'CONTENT_PARSE_ERROR',
  ],
];

/** Words of messages, where nothing else tells. From the engines and libraries themselves. */
const phrases: [pattern: RegExp, category: ReportCategory][] = [
  [
    /\b(?:deadlock detected|could not serialize access|transaction (?:is aborted|was rolled back|rolled back|already closed))/i,
    'TRANSACTION_ROLLBACK',
  ],
  [
    /\b(?:violates (?:unique|foreign key|check|not-null|exclusion) constraint|duplicate key value|unique constraint failed)/i,
    'CONSTRAINT_VIOLATION',
  ],
  [
    /\b(?:relation|column|table) ["'`]?[\w.]+["'`]? does not exist|\bno such (?:table|column)\b/i,
    'SCHEMA_VIOLATION',
  ],
  [
    /\b(?:socket hang up|connection (?:terminated|lost|closed|reset|was lost)|network connection was lost|websocket is (?:already in closing|not open)|client has been disconnected|premature close|other side closed)/i,
    'CONNECTION_LOST',
  ],
  [
    /\b(?:timed? ?out|timeout (?:exceeded|of \d+)|deadline exceeded|took too long)\b/i,
    'NETWORK_TIMEOUT',
  ],
  [
    /\b(?:failed to fetch|networkerror when attempting to fetch|load failed|fetch failed|network request failed|internet connection appears to be offline)/i,
    'CONNECTION_LOST',
  ],
  [
    /\b(?:connection refused|getaddrinfo|service unavailable|bad gateway|econnrefused|no healthy upstream)\b/i,
    'SERVICE_UNAVAILABLE',
  ],
  [/\b(?:too many requests|rate limit(?:ed| exceeded| reached)?)\b/i, 'RATE_LIMIT_EXCEEDED'],
  [/\b(?:jwt|token|session) (?:is |has |was )?expired\b/i, 'AUTH_EXPIRED'],
  [/\b(?:invalid (?:signature|token|api key)|jwt malformed|unauthori[sz]ed)\b/i, 'TOKEN_INVALID'],
  [/\b(?:permission denied|access denied|forbidden|not allowed to)\b/i, 'PERMISSION_DENIED'],
  [
    /\b(?:quota ?exceeded|exceeded the quota|payload too large|entity too large|maximum (?:message|body) size|invalid string length)\b/i,
    'INPUT_TOO_LARGE',
  ],
  [
    /\b(?:unexpected (?:token|end of json|end of input|non-whitespace)|is not valid json|json\.parse:|not well-formed|failed to parse|could not parse)/i,
    'CONTENT_PARSE_ERROR',
  ],
  [
    /\b(?:waiting for (?:selector|locator)|no node found|element (?:is )?not (?:found|attached|visible))\b/i,
    'EXTRACTION_FAILED',
  ],
];

/** Hosts and names of services that are model providers. */
const provider =
  /\b(?:openai|anthropic|claude|gemini|generativelanguage|vertexai|mistral|cohere|bedrock|groq|together\.(?:ai|xyz)|openrouter|ollama|vllm|huggingface|replicate|deepseek)\b/i;

const rules: Rule[] = [
  {
    category: 'CRDT_CONFLICT',
    fits: ({ isSync, sync }) => isSync && /crdt|automerge|yjs/i.test(sync),
  },
  {
    category: 'SYNC_TIMEOUT',
    fits: ({ isSync, sync, words, code }) =>
      isSync && (/time|stall/i.test(sync) || /timed? ?out/i.test(words) || /TIME/.test(code)),
  },
  {
    category: 'VERSION_MISMATCH',
    fits: ({ isSync, sync }) => isSync && /version|outdated/i.test(sync),
  },
  { category: 'SYNC_CONFLICT', fits: ({ isSync, sync }) => isSync && sync !== '' },
  {
    category: 'NETWORK_TIMEOUT',
    fits: ({ isContract, violation }) => isContract && violation === 'TIMEOUT',
  },
  {
    category: 'SERVICE_UNAVAILABLE',
    fits: ({ isContract, violation }) => isContract && violation === 'UNAVAILABLE',
  },
  {
    category: 'CONTRACT_VIOLATION',
    fits: ({ isContract, violation }) => isContract && violation !== '',
  },
];

/**
 * The category of a report that does not name one, read from its error: database codes, then codes of
 * refusals and systems, close codes, status, class, words; the innermost cause that tells decides.
 * Pure. `OTHER` only where no rule fits.
 */
export function categoryOf(report: Report): ReportCategory {
  const signs = signsOf(report);
  for (const { category, fits } of rules) if (fits(signs)) return category;
  const found =
    categoryOfDatabase(signs) ??
    categoryOfCode(signs) ??
    (signs.close === null ? null : categoryOfClose(signs.close)) ??
    (signs.status === null ? null : categoryOfStatus(signs.status)) ??
    categoryOfClasses(signs.types) ??
    firstMatch(phrases, signs.words);
  // A provider of models that fails is its own trouble; that it limits or refuses us is not.
  if (provider.test(signs.whom) && (found === null || providerFaults.has(found)))
    return 'AI_PROVIDER_ERROR';
  if (found) return found;
  if (signs.isDatabase) return 'DATABASE_ERROR';
  if (signs.isSync) return 'SYNC_CONFLICT';
  if (signs.isContract) return 'CONTRACT_VIOLATION';
  return 'OTHER';
}

/** The severity of a report that does not name one. */
export function severityOf(category: ReportCategory): ReportSeverity {
  return severities[category];
}

const providerFaults = new Set<ReportCategory>([
  'SERVICE_UNAVAILABLE',
  'MALFORMED_REQUEST',
  'VALIDATION_FAILED',
  'OTHER',
]);

function signsOf({
  exceptions,
  message,
  response,
  database,
  contract,
  sync,
  request,
  ...report
}: Report): Signs {
  const code = (response?.code ?? '').trim();
  const databaseCode = database?.code ?? (isDatabaseCode(code) ? code : '');
  return {
    database: databaseCode.toUpperCase(),
    code: databaseCode === code ? '' : code.toUpperCase(),
    status: response?.status || null,
    close: response?.closeCode ?? null,
    types: exceptions.flatMap(({ type }) => (type ? [type] : [])),
    words: [...exceptions.map((exception) => exception.message ?? ''), message ?? ''].join('\n'),
    whom: [request?.url ?? '', report.source?.service ?? '', report.source?.module ?? ''].join(' '),
    sync: sync?.type ?? '',
    violation: contract?.violation ?? '',
    isContract: contract != null,
    isDatabase: database != null || report.platform === 'DATABASE',
    isSync: sync != null,
  };
}

/** `P2002` is Prisma's; five digits and capitals with a digit are a SQLSTATE. */
function isDatabaseCode(code: string): boolean {
  return (
    /^P\d{4}$/.test(code) || (/^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) && !/^E/.test(code))
  );
}

function categoryOfDatabase({ database }: Signs): ReportCategory | null {
  if (database === '') return null;
  if (/^P[1-6]\d{3}$/.test(database)) return prismaCodes[database] ?? 'DATABASE_ERROR';
  let best: [string, ReportCategory] | null = null;
  for (const entry of sqlStates)
    if (database.startsWith(entry[0]) && entry[0].length > (best?.[0].length ?? 0)) best = entry;
  if (best) return best[1];
  return firstMatch(codes, database) ?? 'DATABASE_ERROR';
}

function categoryOfCode({ code, words }: Signs): ReportCategory | null {
  const known = firstMatch(codes, code);
  if (known || code) return known;
  // Node writes the code before the system call: `connect ECONNREFUSED 127.0.0.1:5432`.
  const named = /\b(E[A-Z]{3,}|EAI_AGAIN|net::ERR_[A-Z_]+)\b/.exec(words)?.[1];
  return named ? firstMatch(codes, named.replace('net::', '')) : null;
}

function categoryOfClose(close: number): ReportCategory | null {
  return close === 1000 ? null : (closeCodes[close] ?? 'PROTOCOL_VIOLATION');
}

function categoryOfStatus(status: number): ReportCategory | null {
  return statuses[status] ?? (status >= 500 ? 'SERVICE_UNAVAILABLE' : null);
}

/** The innermost cause knows best. */
function categoryOfClasses(types: string[]): ReportCategory | null {
  for (const type of types.toReversed()) {
    const found = firstMatch(classes, type.split('.').at(-1) ?? type);
    if (found) return found;
  }
  return null;
}

function firstMatch(table: [RegExp, ReportCategory][], text: string): ReportCategory | null {
  if (text === '') return null;
  for (const [pattern, category] of table) if (pattern.test(text)) return category;
  return null;
}
