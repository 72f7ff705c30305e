import type { InteractionRecord } from '../contract/interaction.ts';
import type { App } from '../platform/app.ts';
import { readDetails } from './details.ts';

/** An interaction of a session with its columns and its detail; tombstones are left out. */
export type Step = Pick<
  InteractionRecord,
  'sequence' | 'type' | 'url' | 'sessionTimeMs' | 'confidence'
> &
  Partial<
    Pick<
      InteractionRecord,
      'pageTitle' | 'target' | 'selectors' | 'value' | 'key' | 'modifiers' | 'before' | 'after'
    >
  > & { id: string };

/** All interactions of a session by sequence. */
export async function readSteps(
  app: Pick<App, 'db' | 'keys'>,
  ids: { projectId: string; sessionId: string },
): Promise<Step[]> {
  const details = await readDetails(app, ids);
  const rows = await app.db.interaction.findMany({
    where: { ...ids, dropped: null },
    orderBy: { sequence: 'asc' },
    select: {
      id: true,
      sequence: true,
      type: true,
      url: true,
      pageTitle: true,
      sessionTimeMs: true,
      confidence: true,
    },
  });
  return rows.map((row) => {
    const { target, selectors, value, key, modifiers, before, after } =
      details.get(row.sequence) ?? {};
    return { ...row, target, selectors, value, key, modifiers, before, after };
  });
}
