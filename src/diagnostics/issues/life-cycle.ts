import type { ErrorIssue } from '../../generated/prisma/client.ts';
import type { ErrorIssueState } from '../../generated/prisma/enums.ts';
import { compareReleases, type KnownRelease } from './releases.ts';

const day = 86_400_000;

/** How long an issue counts as new, and how long as regressed or escalating, in milliseconds. */
export const newForMs = 7 * day;

/** What of an issue its life depends on. */
export type Living = Pick<
  ErrorIssue,
  | 'state'
  | 'stateSince'
  | 'resolvedIn'
  | 'resolvedAt'
  | 'resolvedRelease'
  | 'archivedUntil'
  | 'archivedUntilAt'
  | 'archivedUntilCount'
  | 'archivedUntilUsers'
  | 'hourLimit'
>;

/** Reports that came together, as far as an issue's life depends on them. */
export type Sighting = { occurredAt: Date; release: string | null };

/** A change that nobody asked for. */
export type Turn = { state: ErrorIssueState; reason: string };

/**
 * What new reports make of an issue; `null` when its state stays. Ignored issues never regress: what
 * ends their rest makes them ongoing, or escalating. Pure.
 *
 * @param count reports in all, the new ones among them
 * @param users different users in all
 * @param thisHour reports that happened in the present hour
 * @param release looks a release up
 */
export function turnOnReports(
  issue: Living,
  {
    sightings,
    count,
    users,
    thisHour,
    release,
  }: {
    sightings: Sighting[];
    count: bigint;
    users: number;
    thisHour: number;
    release: (name: string) => KnownRelease;
  },
): Turn | null {
  switch (issue.state) {
    case 'RESOLVED':
      return regression(issue, sightings, release);
    case 'ARCHIVED':
      return wakening(issue, { count, users, thisHour });
    case 'NEW': // without a limit on its first day: nothing about it has a precedent
    case 'ONGOING':
    case 'REGRESSED':
      return escalation(issue, thisHour);
    case 'ESCALATING':
      return null;
  }
}

/** What time alone makes of an issue; `null` when its state stays. Pure. */
export function turnOnTime(issue: Living, now: Date): Turn | null {
  const sinceMs = now.getTime() - issue.stateSince.getTime();
  switch (issue.state) {
    case 'NEW':
      return sinceMs >= newForMs
        ? { state: 'ONGOING', reason: 'It has been known for seven days.' }
        : null;
    case 'REGRESSED':
      return sinceMs >= newForMs
        ? { state: 'ONGOING', reason: 'It came back seven days ago.' }
        : null;
    case 'ESCALATING':
      return sinceMs >= newForMs
        ? {
            state: 'ONGOING',
            reason: 'It has been escalating for seven days; that is its measure now.',
          }
        : null;
    case 'ARCHIVED':
      return issue.archivedUntil === 'TIME' && issue.archivedUntilAt && issue.archivedUntilAt <= now
        ? { state: 'ONGOING', reason: 'It was archived until now.' }
        : null;
    case 'ONGOING':
    case 'RESOLVED':
      return null;
  }
}

/** Fewest reports in an hour that are called an escalation, however quiet the past was. */
const smallestLimit = 10;

/** What a computed limit may be off by: one that is whole stays so, here and in the database. */
const rounding = 1e-9;

/**
 * Reports in an hour above which an issue escalates, forecast from its own past: the mean of its hours,
 * plus five of their standard deviations, and never below its busiest hour of the week or ten. `null`
 * with less than a day of past. Pure.
 *
 * @param counts of the past hours, oldest first, quiet ones as 0; at most a week, without the present one
 */
export function forecastLimit(counts: number[]): number | null {
  if (counts.length < 24) return null;
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  const likely = mean + 5 * Math.sqrt(variance);
  return Math.ceil(Math.max(smallestLimit, likely, ...counts) - rounding);
}

/**
 * Only a newer release brings a resolved issue back, or, without releases, a report of what *happened*
 * after it was resolved: a backlog that comes late reopens nothing.
 */
function regression(
  { resolvedAt, resolvedRelease, resolvedIn }: Living,
  sightings: Sighting[],
  release: (name: string) => KnownRelease,
): Turn | null {
  for (const { occurredAt, release: name } of sightings) {
    if (resolvedRelease !== null && name !== null) {
      if (compareReleases(release(name), release(resolvedRelease)) > 0)
        return {
          state: 'REGRESSED',
          reason: `It was seen in release ${name}, which is newer than ${resolvedRelease}.`,
        };
      continue;
    }
    // Resolved in a release, but this report names none: it may well be an old one.
    if (resolvedRelease !== null && resolvedIn !== 'NOW') continue;
    if (resolvedAt && occurredAt > resolvedAt)
      return { state: 'REGRESSED', reason: `It happened again at ${occurredAt.toISOString()}.` };
  }
  return null;
}

function wakening(
  { archivedUntil, archivedUntilCount, archivedUntilUsers, hourLimit }: Living,
  { count, users, thisHour }: { count: bigint; users: number; thisHour: number },
): Turn | null {
  if (archivedUntil === 'COUNT' && archivedUntilCount !== null && count >= archivedUntilCount)
    return { state: 'ONGOING', reason: `It was archived until report ${archivedUntilCount}.` };
  if (archivedUntil === 'USERS' && archivedUntilUsers !== null && users >= archivedUntilUsers)
    return {
      state: 'ONGOING',
      reason: `It was archived until ${archivedUntilUsers} users had met it.`,
    };
  if (archivedUntil === 'ESCALATION' && thisHour > (hourLimit ?? smallestLimit))
    return { state: 'ESCALATING', reason: limitPassed(thisHour, hourLimit ?? smallestLimit) };
  return null;
}

function escalation({ hourLimit }: Living, thisHour: number): Turn | null {
  if (hourLimit === null || thisHour <= hourLimit) return null;
  return { state: 'ESCALATING', reason: limitPassed(thisHour, hourLimit) };
}

function limitPassed(count: number, limit: number): string {
  return `It was reported ${count} times within the hour; its own past let at most ${limit} be expected.`;
}
