import type { Camera } from './camera.ts';
import type { Desk } from './desk.ts';
import type { Shot } from './film.ts';
import type { Numbering } from './numbering.ts';
import type { Wish } from './wishes.ts';

/** Gives the pictures that were wished for to the interactions that wait for them. */
export function giveShots(desk: Desk, camera: Camera, numbering: Numbering): void {
  const { store, film, inTurn, coverage } = desk;
  camera.whenShot(async (wish: Wish, shot: Shot) => {
    const { draftId, kind } = wish;
    const session = desk.current();
    if (!draftId || !session) return;
    await inTurn(async () => {
      const held = (await store.drafts(session.id)).find((each) => each.draftId === draftId);
      if (!held?.draft || held.afterImageId) return;
      const { draft } = held;
      if (kind === 'after' && !film.isRightAfter(shot, draft)) {
        coverage.add(session.id, { missed: 'after' });
        return;
      }
      const isSamePage = held.after?.url === shot.state.url && held.frameId === 0;
      await store.changeDraft(session.id, draftId, {
        afterImageId: shot.picture.id,
        after: isSamePage ? held.after : shot.state,
        // Nothing of the page stood when it came up.
        ...(kind === 'burst' ? { draft: { ...draft, pageTitle: shot.state.title } } : {}),
      });
    });
    numbering.schedule();
  });
}
