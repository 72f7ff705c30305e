import type { ReportCategory } from '../../contract/report.ts';
import type { ReportSettings } from '../../generated/prisma/client.ts';
import { DomainError, InvalidInputError } from '../../lib/errors.ts';
import type { App } from '../../platform/app.ts';
import { parseRules } from '../grouping/rules.ts';
import { forgetSettings } from './settings.ts';

/** Somebody changed the settings first. */
export class ReportSettingsConflictError extends DomainError {
  override name = 'ReportSettingsConflictError';
  readonly code = 'REPORT_SETTINGS_CONFLICT';
  readonly current: ReportSettings;
  constructor(current: ReportSettings, expected: number) {
    super(`Expected version ${expected} of the settings, they are at version ${current.version}.`);
    this.current = current;
  }
}

/** All settings of a project; what is left out is emptied. */
export type NewSettings = {
  filteredCategories: ReportCategory[];
  filteredReleases: string[];
  filteredMessages: string[];
  filtersForeignScripts: boolean;
  groupingRules: string;
};

const maxPatterns = 100;
const maxPatternChars = 300;
const maxStars = 5;

/** A project's settings, or what holds for one that has none of its own: version 0. */
export async function readSettings(
  { db }: Pick<App, 'db'>,
  projectId: string,
): Promise<ReportSettings> {
  const row = await db.reportSettings.findUnique({ where: { projectId } });
  return (
    row ?? {
      projectId,
      version: 0,
      filteredCategories: [],
      filteredReleases: [],
      filteredMessages: [],
      filtersForeignScripts: true,
      groupingRules: '',
      updatedAt: new Date(0),
    }
  );
}

/**
 * Replaces a project's settings. Later reports follow them within five seconds; earlier ones stay as
 * they were grouped. Saying again what holds already changes nothing.
 *
 * @throws {InvalidInputError} a pattern or a rule is none
 * @throws {ReportSettingsConflictError}
 */
export async function saveSettings(
  app: Pick<App, 'db' | 'config'>,
  projectId: string,
  { expectedVersion, settings }: { expectedVersion: number; settings: NewSettings },
): Promise<ReportSettings> {
  parseRules(settings.groupingRules, 'input.groupingRules');
  requirePatterns(settings.filteredReleases, 'input.filteredReleases');
  requirePatterns(settings.filteredMessages, 'input.filteredMessages');
  const saved = await app.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId}::uuid FOR NO KEY UPDATE`;
    const current = await readSettings({ db: tx as App['db'] }, projectId);
    if (isSame(current, settings)) return current;
    if (current.version !== expectedVersion)
      throw new ReportSettingsConflictError(current, expectedVersion);
    return tx.reportSettings.upsert({
      where: { projectId },
      create: { projectId, ...settings },
      update: { ...settings, version: { increment: 1 } },
    });
  });
  forgetSettings(app, projectId);
  return saved;
}

function isSame(current: ReportSettings, settings: NewSettings): boolean {
  const of = ({
    filteredCategories,
    filteredReleases,
    filteredMessages,
    filtersForeignScripts,
    groupingRules,
  }: NewSettings) =>
    JSON.stringify([
      filteredCategories,
      filteredReleases,
      filteredMessages,
      filtersForeignScripts,
      groupingRules,
    ]);
  return of(current) === of(settings);
}

function requirePatterns(patterns: string[], field: string): void {
  if (patterns.length > maxPatterns)
    throw new InvalidInputError(
      field,
      `Expected at most ${maxPatterns} patterns, got ${patterns.length}.`,
    );
  for (const [index, pattern] of patterns.entries()) {
    const stars = pattern.split('*').length - 1;
    if (pattern.trim() === '' || pattern.length > maxPatternChars || stars > maxStars)
      throw new InvalidInputError(
        `${field}.${index}`,
        `Expected a pattern of 1 to ${maxPatternChars} characters with at most ${maxStars} stars.`,
      );
  }
}
