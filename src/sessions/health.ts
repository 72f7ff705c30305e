import { HealthSample } from '../contract/health.ts';
import { type CaptureHealth, Prisma } from '../generated/prisma/client.ts';
import type { Viewer } from '../graphql/context.ts';
import { parseInput } from '../graphql/input.ts';
import { refuseUnstorableInstant } from '../lib/storable.ts';
import type { App } from '../platform/app.ts';
import { redactWords } from '../privacy/redact.ts';
import { SessionNotFoundError } from './errors.ts';
import { openSessionFor } from './session-keys.ts';
import { reportRecorder } from './sync.ts';

const latest = [
  'sampledAt',
  'queueDepth',
  'oldestAgeMs',
  'attempts',
  'lastError',
  'restarts',
  'storedBytes',
  'quotaBytes',
] as const;
const greatest = {
  maxQueueDepth: 'queueDepth',
  maxOldestAgeMs: 'oldestAgeMs',
  maxAttempts: 'attempts',
  maxRestarts: 'restarts',
  maxStoredBytes: 'storedBytes',
} as const;

/**
 * Keeps the latest sample of a session's recorder, by the recorder's clock, and the greatest of each
 * number; a late or repeated sample changes the latest no more. Does not count as activity: a recorder
 * that only tells how it is sends nothing. Sync hears of it, too.
 *
 * @throws {InvalidInputError} @throws {SessionNotFoundError}
 */
export async function reportCaptureHealth(
  app: App,
  viewer: Viewer,
  { sessionId, ...input }: { sessionId: string } & Record<string, unknown>,
): Promise<CaptureHealth> {
  const sample = parseInput(HealthSample, input, 'input');
  refuseUnstorableInstant(new Date(sample.sampledAt), 'input.sampledAt');
  const takenAt = sample.sync?.digest?.takenAt;
  if (takenAt) refuseUnstorableInstant(new Date(takenAt), 'input.sync.digest.takenAt');
  const { projectId } = await openSessionFor(app, viewer, sessionId);
  const values = { ...sample, lastError: redactWords(sample.lastError) };
  const [health] = await app.db.$queryRaw<CaptureHealth[]>(statement(sessionId, values));
  if (!health) throw new SessionNotFoundError(sessionId); // removed meanwhile
  await reportRecorder(app, viewer, { projectId, sessionId }, sample);
  if (sample.oldestAgeMs != null) app.metrics.captureAgeSeconds.observe(sample.oldestAgeMs / 1000);
  return health;
}

function statement(sessionId: string, sample: HealthSample): Prisma.Sql {
  const given = {
    ...sample,
    sampledAt: Prisma.sql`${sample.sampledAt}::timestamptz`,
    oldestAgeMs: Prisma.sql`${sample.oldestAgeMs ?? null}::int`,
    lastError: Prisma.sql`${sample.lastError ?? null}::text`,
    quotaBytes: Prisma.sql`${sample.quotaBytes ?? null}::bigint`,
  };
  const names = [...latest, ...Object.keys(greatest)].map(quoted);
  const values = [...latest, ...Object.values(greatest)].map((name) => given[name]);
  const changes = [
    ...latest.map((name) => {
      const column = quoted(name);
      return Prisma.sql`${column} = CASE WHEN EXCLUDED."sampledAt" >= h."sampledAt" THEN EXCLUDED.${column} ELSE h.${column} END`;
    }),
    // GREATEST passes over null.
    ...Object.entries(greatest).map(
      ([name, of]) =>
        Prisma.sql`${quoted(name)} = GREATEST(h.${quoted(name)}, EXCLUDED.${quoted(of)})`,
    ),
  ];
  // `FOR KEY SHARE` waits for a removal that goes on, which leaves nothing to report on.
  return Prisma.sql`
    WITH "there" AS (
      SELECT s."id" FROM "Session" s
      WHERE s."id" = ${sessionId}::uuid AND s."state" NOT IN ('DISCARDED', 'ERASED') FOR KEY SHARE
    )
    INSERT INTO "CaptureHealth" AS h ("sessionId", ${Prisma.join(names)})
    SELECT t."id", ${Prisma.join(values)} FROM "there" t
    ON CONFLICT ("sessionId") DO UPDATE SET ${Prisma.join(changes)}, "reportedAt" = now()
    RETURNING *`;
}

function quoted(column: string): Prisma.Sql {
  return Prisma.raw(`"${column}"`);
}
