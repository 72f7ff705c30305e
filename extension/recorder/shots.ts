import { withShot } from './answer.ts';
import type { Camera } from './camera.ts';
import type { Desk } from './desk.ts';
import type { Shot } from './film.ts';
import type { Numbering } from './numbering.ts';
import type { Wish } from './wishes.ts';

/** Gives the pictures that were wished for to the interactions that wait for them. */
export function giveShots(
  { store, film, inTurn, current }: Pick<Desk, 'store' | 'film' | 'inTurn' | 'current'>,
  camera: Camera,
  numbering: Numbering,
): void {
  camera.whenShot(async ({ draftId, kind }: Wish, shot: Shot) => {
    const session = current();
    if (!draftId || !session) return;
    await inTurn(async () => {
      const held = (await store.drafts(session.id)).find((each) => each.draftId === draftId);
      if (!held?.draft || held.afterImageId) return;
      // Something else was done before the picture was taken: it does not show what came of this.
      if (kind === 'after' && !film.isRightAfter(shot, held.draft)) return;
      await store.changeDraft(session.id, draftId, withShot(held, shot));
    });
    numbering.schedule();
  });
}
