import type { PageState } from '../../src/contract/interaction.ts';
import type { HeldDraft } from '../outbox/types.ts';
import type { Camera } from './camera.ts';
import type { Current, Desk } from './desk.ts';

/**
 * The draft with the picture from before it, which goes to disk now. What it was before is kept.
 *
 * @param tabId the tab that was in front before
 */
export async function withBefore(
  { film }: Pick<Desk, 'film'>,
  camera: Camera,
  session: Current,
  held: HeldDraft,
  tabId = held.tabId,
): Promise<HeldDraft> {
  if (held.beforeImageId) return held;
  const { draftId, startedAt, draft } = held;
  const type = draft?.type ?? 'CLICK'; // it may become anything that somebody does
  const shot = film.before(tabId, { draftId, type, startedAt });
  if (!shot) return held;
  const beforeFrameAgeMs = Math.round(startedAt - shot.at);
  await camera.keepBefore(session, shot, beforeFrameAgeMs);
  return { ...held, beforeImageId: shot.picture.id, beforeFrameAgeMs };
}

/** What the tab looked like when it was last seen. */
export function lastStateOf({ film }: Pick<Desk, 'film'>, tabId: number): PageState | null {
  return film.latest(tabId)?.state ?? null;
}
