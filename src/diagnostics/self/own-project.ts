import type { App } from '../../platform/app.ts';

/** The installation's project, which faults of nobody's work belong to. `null` where there is none yet. */
export async function ownProject({
  db,
  config,
}: Pick<App, 'db' | 'config'>): Promise<string | null> {
  const { project } = config.diagnostics;
  const found = await db.project.findFirst({
    where: project ? { number: project } : {},
    orderBy: { number: 'asc' },
    select: { id: true },
  });
  return found?.id ?? null;
}
