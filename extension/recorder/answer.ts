import type { HeldDraft } from '../outbox/types.ts';
import type { Camera } from './camera.ts';
import type { Current, Desk } from './desk.ts';
import { isAction, type Shot } from './film.ts';

/** What the draft becomes with a picture of the page after it. */
export function withShot(held: HeldDraft, { picture, state }: Shot): Partial<HeldDraft> {
  const isSamePage = held.frameId === 0 && held.after?.url === state.url;
  const { draft } = held;
  // Nothing of the page stood when it came up.
  const titled = draft?.type === 'NAVIGATION' && { ...draft, pageTitle: state.title };
  return {
    afterImageId: picture.id,
    after: isSamePage ? held.after : state,
    ...(titled ? { draft: titled } : {}),
  };
}

/**
 * What the draft becomes with the last picture before something else was done, when it has none of the
 * page at rest. Counts what it has no picture of; call it once, when it gets its number.
 */
export async function withLastShot(
  { film, coverage }: Pick<Desk, 'film' | 'coverage'>,
  camera: Camera,
  session: Current,
  held: HeldDraft,
): Promise<Partial<HeldDraft>> {
  const { draft, tabId, beforeImageId, afterImageId } = held;
  if (!draft) return {};
  const { type, draftId, endedAt } = draft;
  if (isAction(type) && !beforeImageId) coverage.add(session.id, { missed: 'before' });
  if (afterImageId) return {};
  const isModal = type === 'MODAL_OPEN' || type === 'MODAL_CLOSE';
  if (!isAction(type) && !isModal && type !== 'NAVIGATION') return {};
  const shot = film.after(tabId, { draftId, endedAt });
  if (shot) {
    await camera.keepAfter(session, shot, draftId);
    return withShot(held, shot);
  }
  if (type !== 'NAVIGATION') coverage.add(session.id, { missed: isModal ? 'modal' : 'after' });
  return {};
}
