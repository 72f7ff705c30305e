import { IdTakenError } from '../../accounts/errors.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import type { App } from '../../platform/app.ts';
import { lockSaved } from './channels.ts';
import { keepChannels } from './enqueue.ts';
import { ChannelNotFoundError } from './errors.ts';
import type { Rule } from './rule.ts';

type RuleInput = Rule & { name: string; enabled: boolean };

/** Rules of a project. */
const mostRules = 200;

/** What a trigger needs beside its name. Absent: nothing. */
const needs: Partial<
  Record<Rule['trigger'], readonly ('threshold' | 'windowSeconds' | 'sessions')[]>
> = {
  COUNT_OVER: ['threshold', 'windowSeconds'],
  CHANGE_OVER: ['threshold', 'windowSeconds'],
  USERS_OVER: ['threshold', 'windowSeconds'],
  COST: ['threshold'],
  QUALITY: ['threshold', 'sessions'],
};

/**
 * Makes or changes a rule; a repeat changes nothing. What it remembers is forgotten when it measures
 * something else from now on.
 *
 * @throws {IdTakenError} @throws {InvalidInputError} @throws {ChannelNotFoundError}
 */
export async function saveAlertRule({ db }: Pick<App, 'db'>, input: RuleInput): Promise<void> {
  const { id, projectId, ...columns } = input;
  requireMeasures(input);
  await db.$transaction(async (tx) => {
    await lockSaved(tx, id);
    const known = await tx.alertRule.findUnique({ where: { id } });
    if (known && known.projectId !== projectId) throw new IdTakenError(id);
    // Every report of the project is held against each of them.
    if (!known && (await tx.alertRule.count({ where: { projectId } })) >= mostRules)
      throw new InvalidInputError('input.id', `Expected at most ${mostRules} rules in a project.`);
    const kept = await keepChannels(tx, input.channelIds);
    const missing = input.channelIds.find((one) => kept.get(one)?.projectId !== projectId);
    if (missing) throw new ChannelNotFoundError(missing);
    await tx.alertRule.upsert({
      where: { id },
      create: { id, projectId, ...columns },
      update: { ...columns, updatedAt: new Date() },
      select: { id: true },
    });
    if (
      known &&
      (['trigger', 'threshold', 'windowSeconds', 'sessions'] as const).some(
        (name) => known[name] !== input[name],
      )
    )
      await tx.alertWatch.deleteMany({ where: { ruleId: id } });
  });
}

/** Deletes a rule and what it remembers; its alerts stay. A repeat does nothing. */
export async function deleteAlertRule(
  { db }: Pick<App, 'db'>,
  { projectId, id }: { projectId: string; id: string },
): Promise<void> {
  await db.alertRule.deleteMany({ where: { id, projectId } });
}

function requireMeasures(input: RuleInput): void {
  for (const name of ['threshold', 'windowSeconds', 'sessions'] as const) {
    const isNeeded = needs[input.trigger]?.includes(name) ?? false;
    if (isNeeded && input[name] === null)
      throw new InvalidInputError(
        `input.${name}`,
        `Expected ${name} for ${input.trigger}, got none.`,
      );
    if (!isNeeded && input[name] !== null)
      throw new InvalidInputError(
        `input.${name}`,
        `Expected no ${name} for ${input.trigger}, got ${input[name]}.`,
      );
  }
  if (input.trigger === 'QUALITY' && input.threshold !== null && input.threshold > 1)
    throw new InvalidInputError(
      'input.threshold',
      `Expected a mean score from 0 to 1, got ${input.threshold}.`,
    );
}
