import { availableParallelism } from 'node:os';
import * as z from 'zod';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const flag = z
  .enum(['true', 'false', '1', '0'])
  .transform((text) => text === 'true' || text === '1');

/** Every variable, its check, its default and its meaning. `codesight config` prints this. */
const Env = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe(
      'Postgres 15 or newer, `postgres://user:password@host:port/name`. Empty: an embedded Postgres 18 in `DATA_DIR`.',
    ),
  DATA_DIR: z
    .string()
    .min(1)
    .default('.codesight')
    .describe('Folder for everything that is kept on this machine.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  PORT: whole(0, 65_535).default(4000).describe('Port to listen on; 0 takes a free one.'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Address under which clients reach the server, for signed URLs. Empty: `http://HOST:PORT`.',
    ),
  MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, 'expected 32 bytes in base64: `openssl rand -base64 32`')
    .optional()
    .describe(
      'Wraps every data key: 32 bytes in base64. Empty: generated into `DATA_DIR`, mode 0600.',
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
  ALLOWED_ORIGINS: list
    .default([])
    .describe(
      'Origins of web pages and extensions that may call the API, separated by commas, exact. The server’s own origin and our extension’s always may.',
    ),
  TRUST_PROXY: whole(0, 10)
    .default(0)
    .describe('Proxies in front of the server whose `X-Forwarded-For` is believed.'),
  RATE_LIMIT_WINDOW_MS: whole(100, 3_600_000)
    .default(60_000)
    .describe('Window of the rate limit, in milliseconds.'),
  RATE_LIMIT_MAX_REQUESTS: whole(1, 10_000_000)
    .default(30_000)
    .describe('Operations that one key or address may send in a window.'),
  AUTH_MAX_FAILURES: whole(1, 1_000)
    .default(10)
    .describe(
      'Failed attempts per key prefix, e-mail address or network address in 15 minutes before more are refused.',
    ),
  ACCESS_TOKEN_MINUTES: whole(1, 1_440)
    .default(15)
    .describe('Life of an access token, in minutes.'),
  REFRESH_TOKEN_DAYS: whole(1, 365).default(30).describe('Life of a refresh token, in days.'),
  MAX_SOCKETS: whole(1, 100_000).default(2_000).describe('WebSockets in all.'),
  MAX_SOCKETS_PER_KEY: whole(1, 10_000).default(50).describe('WebSockets of one key or user.'),
  MAX_OPERATIONS_PER_SOCKET: whole(1, 1_000)
    .default(64)
    .describe('Operations in flight on one WebSocket, subscriptions included.'),
  MAX_MESSAGE_MB: whole(1, 64)
    .default(8)
    .describe('Largest WebSocket message or HTTP body of an operation, in MiB.'),
  SESSION_TIMEOUT_MINUTES: whole(1, 43_200)
    .default(30)
    .describe('Minutes without anything received after which an active session is paused.'),
  MAX_SESSIONS_PER_USER: whole(1, 10_000)
    .default(50)
    .describe('Sessions of one participant or key that may be active at once.'),
  MAX_SCREENSHOT_SIZE_MB: whole(1, 50).default(5).describe('Largest accepted screenshot, in MiB.'),
  MAX_AUDIO_SIZE_MB: whole(1, 512).default(64).describe('Largest accepted audio clip, in MiB.'),
  SCREENSHOT_COMPRESSION_QUALITY: whole(1, 100)
    .default(80)
    .describe('Quality of the WebP that screenshots become.'),
  UPLOAD_URL_MINUTES: whole(1, 10_080).default(60).describe('Life of a signed URL, in minutes.'),
  MAX_CONCURRENT_JOBS: whole(1, 256)
    .default(availableParallelism())
    .describe(
      'Jobs of one kind that a worker runs at once. Default: the processors of the machine.',
    ),
  MAX_JOBS_PER_PROJECT: whole(1, 1_000)
    .default(8)
    .describe(
      'Jobs of one kind that run at once for one project, over all workers; a few more for a moment when workers fetch together.',
    ),
  JOB_TIMEOUT_MS: whole(1_000, 86_400_000)
    .default(300_000)
    .describe('Longest run of one attempt of a job, in milliseconds.'),
  MAX_RETRIES: whole(0, 20)
    .default(3)
    .describe('Attempts after the first before a job becomes a dead letter.'),
  RETRY_DELAY_SECONDS: whole(1, 3_600)
    .default(2)
    .describe('Delay before the first retry, in seconds; it doubles, with jitter, to ten minutes.'),
  MAX_QUEUE_DEPTH: whole(1, 10_000_000)
    .default(20_000)
    .describe('Waiting jobs above which new sessions are refused for a while.'),
  MAX_EVENT_LOOP_DELAY_MS: whole(10, 60_000)
    .default(1_000)
    .describe(
      'Delay of the event loop (p99) above which ingest is refused for a while, in milliseconds.',
    ),
  MAX_POOL_WAIT_MS: whole(10, 60_000)
    .default(2_000)
    .describe(
      'Wait for a database connection above which ingest is refused for a while, in milliseconds.',
    ),
  DATABASE_POOL_SIZE: whole(2, 200)
    .default(10)
    .describe(
      'Connections of one process for the API; ingest and the queue have four each of their own.',
    ),
  DATABASE_CONNECT_TIMEOUT_MS: whole(100, 120_000)
    .default(5_000)
    .describe('Longest wait for a connection, in milliseconds.'),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(100, 600_000)
    .default(30_000)
    .describe('Longest run of one statement, in milliseconds.'),
  DATA_RETENTION_DAYS: whole(1, 36_500)
    .default(365)
    .describe(
      'Days after its end, by the server’s clock, at which a session is erased: its key destroyed, its data deleted.',
    ),
  ARCHIVE_CLEANUP_INTERVAL_HOURS: whole(1, 720)
    .default(24)
    .describe('Hours between two clean-ups: retention, abandoned uploads, old outbox rows.'),
  REPORTS_PER_SECOND_KEY: whole(1, 1_000_000)
    .default(200)
    .describe('Reports that one key may send in a second, on average, to each process.'),
  REPORTS_BURST_KEY: whole(1, 10_000_000)
    .default(10_000)
    .describe('Reports that one key may send at once after a quiet time.'),
  REPORTS_PER_SECOND_PROJECT: whole(1, 1_000_000)
    .default(1_000)
    .describe('Reports that a project may send in a second, on average, to each process.'),
  REPORTS_BURST_PROJECT: whole(1, 10_000_000)
    .default(50_000)
    .describe('Reports that a project may send at once after a quiet time.'),
  REPORTS_SPIKE_FLOOR: whole(1, 1_000_000_000)
    .default(200_000)
    .describe(
      'Reports of a project in an hour, to each process, below which nothing counts as a spike. Above it and ten times its mean hour, what is well known is refused.',
    ),
  REPORT_RETENTION_DAYS: whole(1, 3_650)
    .default(30)
    .describe('Days that reports are kept; their issues and hourly counts stay longer.'),
  REPORT_COUNTS_RETENTION_DAYS: whole(8, 3_650)
    .default(400)
    .describe('Days that hourly counts of reports and the ledger are kept.'),
  OPENAI_API_KEY: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Key of OpenAI, or of the server in `OPENAI_BASE_URL`, for the trainer OPENAI and its models. Empty: that trainer is refused.',
    ),
  OPENAI_BASE_URL: z
    .url({ protocol: /^https?$/ })
    .default('https://api.openai.com/v1')
    .describe('Base address of OpenAI, or of any server with its API.'),
  OPENAI_TIMEOUT_MS: whole(100, 600_000)
    .default(60_000)
    .describe(
      'Longest wait for an answer of a model server, in milliseconds; uploads get ten times as long.',
    ),
  OPENAI_RETRIES: whole(0, 10)
    .default(3)
    .describe('Attempts after the first to reach a model server, where a repeat does no harm.'),
  OPENAI_RETRY_DELAY_MS: whole(1, 60_000)
    .default(500)
    .describe(
      'Delay before the first of these, in milliseconds; it doubles, with jitter. A `Retry-After` of up to a minute goes before.',
    ),
  OPENAI_UPLOAD_PART_MB: whole(1, 64)
    .default(64)
    .describe('Training files above this go up in parts of this size, in MiB.'),
  OPENAI_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/=]+$/, 'expected a secret that begins with whsec_')
    .optional()
    .describe(
      'Secret of the webhook that tells `/webhooks/openai` of ended jobs. Empty: jobs are only polled.',
    ),
  TRAINING_POLL_MS: whole(100, 3_600_000)
    .default(10_000)
    .describe('Time between two looks at a training job at a provider, in milliseconds.'),
  MODEL_ENDPOINT_HOSTS: list
    .default([])
    .describe(
      'Hosts that endpoints of models may be on, exact or as `*.example.org`, separated by commas. Empty: any host by HTTPS, and loopback.',
    ),
  ALERT_ALLOWED_HOSTS: list
    .default([])
    .describe(
      'Hosts that channels of alerts may be on though they are inside a private network, or without HTTPS: `host`, `host:port` or `*.example.org`, separated by commas.',
    ),
  DIAGNOSTICS_PROJECT: whole(1, 2 ** 31 - 1)
    .optional()
    .describe(
      'Number of the project that gets the faults of CodeSight itself that belong to no project. Empty: the first one.',
    ),
  SHUTDOWN_TIMEOUT_SECONDS: whole(1, 600)
    .default(30)
    .describe('Longest wait for running work when the process is told to stop, in seconds.'),
  GRAPHIQL: flag.default(true).describe('Whether `/graphql` shows GraphiQL to a browser.'),
});

export type Config = ReturnType<typeof shape>;

/** Start-up was refused: every mistake of the environment at once. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  constructor(issues: readonly { path: PropertyKey[]; message: string }[]) {
    const lines = issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    super(
      `The configuration has ${lines.length === 1 ? 'a mistake' : `${lines.length} mistakes`}:\n${lines.join('\n')}\n\`npm run -s codesight -- config\` prints every variable.`,
    );
  }
}

/**
 * Reads the environment once, at start-up. Empty variables count as absent.
 *
 * @throws {ConfigError} naming every variable that is wrong
 */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Env.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues);
  return shape(parsed.data);
}

/** The configuration of the process that is running. The only read of the real environment. */
export function loadProcessConfig(): Config {
  return loadConfig(process.env);
}

/** Every variable as `{ name, description, fallback }`, in the order of declaration. */
export function configTable(): { name: string; description: string; fallback: string }[] {
  const defaults = Env.parse({});
  return Object.entries(Env.shape).map(([name, field]) => {
    const value = defaults[name as keyof typeof defaults];
    const fallback = Array.isArray(value) ? value.join(',') : String(value ?? '');
    return { name, description: field.description ?? '', fallback };
  });
}

function shape(env: z.infer<typeof Env>) {
  return {
    databaseUrl: env.DATABASE_URL,
    dataDir: env.DATA_DIR,
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.PUBLIC_URL,
    masterKey: env.MASTER_KEY,
    logLevel: env.LOG_LEVEL,
    allowedOrigins: env.ALLOWED_ORIGINS,
    trustedProxies: env.TRUST_PROXY,
    rateLimit: { windowMs: env.RATE_LIMIT_WINDOW_MS, maxRequests: env.RATE_LIMIT_MAX_REQUESTS },
    auth: {
      maxFailures: env.AUTH_MAX_FAILURES,
      accessTokenMinutes: env.ACCESS_TOKEN_MINUTES,
      refreshTokenDays: env.REFRESH_TOKEN_DAYS,
    },
    sockets: {
      max: env.MAX_SOCKETS,
      maxPerKey: env.MAX_SOCKETS_PER_KEY,
      maxOperations: env.MAX_OPERATIONS_PER_SOCKET,
      maxMessageBytes: env.MAX_MESSAGE_MB * 1024 * 1024,
    },
    sessions: {
      timeoutMinutes: env.SESSION_TIMEOUT_MINUTES,
      maxPerUser: env.MAX_SESSIONS_PER_USER,
    },
    images: {
      maxBytes: env.MAX_SCREENSHOT_SIZE_MB * 1024 * 1024,
      quality: env.SCREENSHOT_COMPRESSION_QUALITY,
      urlMinutes: env.UPLOAD_URL_MINUTES,
    },
    audio: { maxBytes: env.MAX_AUDIO_SIZE_MB * 1024 * 1024 },
    jobs: {
      concurrency: env.MAX_CONCURRENT_JOBS,
      perProject: env.MAX_JOBS_PER_PROJECT,
      timeoutMs: env.JOB_TIMEOUT_MS,
      retries: env.MAX_RETRIES,
      retryDelaySeconds: env.RETRY_DELAY_SECONDS,
    },
    overload: {
      queueDepth: env.MAX_QUEUE_DEPTH,
      eventLoopDelayMs: env.MAX_EVENT_LOOP_DELAY_MS,
      poolWaitMs: env.MAX_POOL_WAIT_MS,
    },
    database: {
      poolSize: env.DATABASE_POOL_SIZE,
      connectTimeoutMs: env.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: env.DATABASE_STATEMENT_TIMEOUT_MS,
    },
    retention: { days: env.DATA_RETENTION_DAYS, cleanupHours: env.ARCHIVE_CLEANUP_INTERVAL_HOURS },
    reports: {
      perKey: { perSecond: env.REPORTS_PER_SECOND_KEY, burst: env.REPORTS_BURST_KEY },
      perProject: { perSecond: env.REPORTS_PER_SECOND_PROJECT, burst: env.REPORTS_BURST_PROJECT },
      spikeFloor: env.REPORTS_SPIKE_FLOOR,
      retentionDays: env.REPORT_RETENTION_DAYS,
      countsRetentionDays: env.REPORT_COUNTS_RETENTION_DAYS,
    },
    models: {
      apiKey: env.OPENAI_API_KEY,
      baseUrl: env.OPENAI_BASE_URL.replace(/\/+$/, ''),
      timeoutMs: env.OPENAI_TIMEOUT_MS,
      retries: env.OPENAI_RETRIES,
      retryDelayMs: env.OPENAI_RETRY_DELAY_MS,
      uploadPartBytes: env.OPENAI_UPLOAD_PART_MB * 1024 * 1024,
      webhookSecret: env.OPENAI_WEBHOOK_SECRET,
      pollMs: env.TRAINING_POLL_MS,
      endpointHosts: env.MODEL_ENDPOINT_HOSTS,
    },
    alerts: { allowedHosts: env.ALERT_ALLOWED_HOSTS },
    diagnostics: { project: env.DIAGNOSTICS_PROJECT },
    shutdownTimeoutSeconds: env.SHUTDOWN_TIMEOUT_SECONDS,
    graphiql: env.GRAPHIQL,
  };
}
