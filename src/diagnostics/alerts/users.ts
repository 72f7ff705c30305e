import type { Tx } from '../../platform/db.ts';
import type { Signal } from '../signals.ts';
import type { Rule } from './rule.ts';
import { keyOf } from './watches.ts';

/** Somebody who comes again within this part of the window is not noted again. */
const notedParts = 60;

type Match = { rule: Pick<Rule, 'id' | 'trigger' | 'windowSeconds'>; signal: Signal };

/** Users within a window, without those of the signals and with them. */
export type UsersWithin = { before: number; after: number };

/**
 * Different users that met a thing within the window of a rule that counts users, by rule and thing. Three
 * statements, and none where no rule counts users. The caller has locked the watches.
 */
export async function countUsers(
  tx: Pick<Tx, '$queryRaw' | '$executeRaw'>,
  matches: Match[],
  at: Date,
): Promise<Map<string, UsersWithin>> {
  const counting = matches.filter(({ rule }) => rule.trigger === 'USERS_OVER');
  if (counting.length === 0) return new Map();
  const before = await countWithin(tx, counting, at);
  await noteUsers(tx, counting, at);
  const after = await countWithin(tx, counting, at);
  return new Map(
    [...after].map(([key, users]) => [key, { before: before.get(key) ?? 0, after: users }]),
  );
}

async function noteUsers(tx: Pick<Tx, '$executeRaw'>, matches: Match[], at: Date): Promise<void> {
  const met = matches.flatMap(({ rule, signal: { subjectId, userHashes = [] } }) =>
    userHashes.map((hash) => ({ ruleId: rule.id, subjectId, hash: hash.toString('hex') })),
  );
  if (met.length === 0) return;
  await tx.$executeRaw`
      INSERT INTO "AlertWatchUser" AS u ("ruleId", "subjectId", "userHash", "lastAt")
      SELECT DISTINCT m."ruleId", m."subjectId", decode(m."hash", 'hex'), ${at}::timestamptz
      FROM unnest(
        ${met.map(({ ruleId }) => ruleId)}::uuid[], ${met.map(({ subjectId }) => subjectId)}::text[],
        ${met.map(({ hash }) => hash)}::text[]
      ) AS m("ruleId", "subjectId", "hash")
      ORDER BY 1, 2, 3
      ON CONFLICT ("ruleId", "subjectId", "userHash") DO UPDATE SET "lastAt" = EXCLUDED."lastAt"
      WHERE u."lastAt" < EXCLUDED."lastAt" - (
        SELECT make_interval(secs => r."windowSeconds" / ${notedParts}::float8) FROM "AlertRule" r WHERE r."id" = u."ruleId")`;
}

async function countWithin(
  tx: Pick<Tx, '$queryRaw'>,
  matches: Match[],
  at: Date,
): Promise<Map<string, number>> {
  const rows = await tx.$queryRaw<{ ruleId: string; subjectId: string; users: number }[]>`
    SELECT k."ruleId"::text, k."subjectId", (
      SELECT count(*)::int FROM "AlertWatchUser" u
      WHERE u."ruleId" = k."ruleId" AND u."subjectId" = k."subjectId"
        AND u."lastAt" > ${at}::timestamptz - make_interval(secs => k."window")) AS "users"
    FROM (SELECT DISTINCT * FROM unnest(
      ${matches.map(({ rule }) => rule.id)}::uuid[], ${matches.map(({ signal }) => signal.subjectId)}::text[],
      ${matches.map(({ rule }) => rule.windowSeconds ?? 0)}::float8[]
    ) AS w("ruleId", "subjectId", "window")) k`;
  return new Map(rows.map(({ users, ...key }) => [keyOf(key), users]));
}
