import type { PageState } from '../../src/contract/interaction.ts';
import type { HeldDraft } from '../outbox/types.ts';
import type { Camera } from './camera.ts';
import type { Current, Desk } from './desk.ts';
import { isAction } from './film.ts';

/**
 * The draft with the picture from before it, which goes to disk now. What it was before is kept.
 *
 * @param tabId the tab that was in front before
 */
export async function withBefore(
  desk: Pick<Desk, 'film' | 'coverage'>,
  camera: Camera,
  session: Current,
  held: HeldDraft,
  tabId = held.tabId,
): Promise<HeldDraft> {
  if (held.beforeImageId) return held;
  const { draftId, startedAt, draft, isOpen } = held;
  const type = draft?.type ?? 'CLICK'; // it may become anything that somebody does
  const shot = desk.film.before(tabId, { draftId, type, startedAt });
  if (!shot) {
    if (!isOpen && isAction(type)) desk.coverage.add(session.id, { missed: 'before' });
    return held;
  }
  const beforeFrameAgeMs = Math.round(startedAt - shot.at);
  await camera.keepBefore(session, shot, beforeFrameAgeMs);
  return { ...held, beforeImageId: shot.picture.id, beforeFrameAgeMs };
}

/** What the tab looked like when it was last seen. */
export function lastStateOf({ film }: Pick<Desk, 'film'>, tabId: number): PageState | null {
  return film.latest(tabId)?.state ?? null;
}
