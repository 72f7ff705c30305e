import type { HeldDraft } from '../outbox/types.ts';
import { askPage, UnansweredError } from '../wire.ts';
import { withLastShot } from './answer.ts';
import type { Camera } from './camera.ts';
import type { Current, Desk } from './desk.ts';
import { lastOrderOf, orderOf } from './order.ts';
import { recordOf } from './record.ts';

/** A document that was left tells its last things late. */
const lastWordsMs = 1_500;
const soonMs = 50;

/** Gives the drafts their numbers when it is time, and their pictures with them. */
export function openNumbering(desk: Desk, camera: Camera) {
  const { store, inTurn } = desk;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt = Number.POSITIVE_INFINITY;

  const schedule = (inMs = soonMs): void => {
    const at = Date.now() + inMs;
    if (at >= dueAt) return;
    dueAt = at;
    clearTimeout(timer);
    timer = setTimeout(() => {
      dueAt = Number.POSITIVE_INFINITY;
      pump().catch((error: unknown) => {
        console.error('Drafts could not be numbered:', error);
        schedule(1_000);
      });
    }, inMs);
  };

  const pump = async (): Promise<void> => {
    const session = desk.current();
    if (!session) return;
    const { silent, againAt } = await inTurn(async () => {
      const drafts = await store.drafts(session.id);
      const order = orderOf(drafts, Date.now(), ({ draftId }) => camera.isWaitedFor(draftId));
      await number(session, order.ripe);
      return order;
    });
    for (const held of silent) await closeSilent(session, held);
    if (againAt !== null) schedule(Math.max(soonMs, againAt - Date.now()));
  };

  /** Call it in turn. */
  const number = async (session: Current, drafts: HeldDraft[]): Promise<void> => {
    if (drafts.length === 0) return;
    const late = new Map<string, Partial<HeldDraft>>();
    for (const held of drafts) {
      late.set(held.draftId, await withLastShot(desk, camera, session, held));
    }
    const numbered = new Map<string, { held: HeldDraft; sequence: number }>();
    const ids = drafts.map(({ draftId }) => draftId);
    await store.number(session.id, ids, (stored, sequence) => {
      const held = { ...stored, ...late.get(stored.draftId) };
      numbered.set(held.draftId, { held, sequence });
      return recordOf(held, sequence, session.startedAt);
    });
    for (const { held, sequence } of numbered.values()) {
      const { draftId, beforeImageId: before, afterImageId: after } = held;
      await camera.claim(draftId, sequence, { before, after });
    }
    desk.changed();
  };

  /** The document closes it, so that what follows is one of its own; if it cannot, we do. */
  const closeSilent = async (session: Current, held: HeldDraft): Promise<void> => {
    const { tabId, documentId, heardAt, draftId } = held;
    try {
      if (documentId) await askPage({ tabId, documentId }, 'page.finish', null);
    } catch (error) {
      if (!(error instanceof UnansweredError)) throw error; // it is gone
    }
    await close(session, (each) => each.draftId === draftId && each.heardAt === heardAt);
  };

  /** Closes open drafts as they stand; those of which only the beginning is known are none. */
  const close = (session: Current, isMeant: (held: HeldDraft) => boolean): Promise<void> =>
    inTurn(async () => {
      for (const held of await store.drafts(session.id)) {
        if (!held.isOpen || !isMeant(held)) continue;
        if (held.draft) await store.changeDraft(session.id, held.draftId, { isOpen: false });
        else await store.removeDraft(session.id, held.draftId);
      }
      schedule();
    });

  return {
    schedule,

    /** Documents are gone; their open drafts are closed when their last words had time to arrive. */
    closeLater(isMeant: (held: HeldDraft) => boolean): void {
      const session = desk.current();
      if (!session) return;
      setTimeout(() => {
        close(session, isMeant).catch((error: unknown) =>
          console.error('Drafts of a document that is gone could not be closed:', error),
        );
      }, lastWordsMs);
    },

    close,

    /** Numbers everything, however far it came. */
    finish: (session: Current): Promise<void> =>
      inTurn(async () => {
        clearTimeout(timer);
        dueAt = Number.POSITIVE_INFINITY;
        const { whole, empty } = lastOrderOf(await store.drafts(session.id));
        for (const { draftId } of empty) await store.removeDraft(session.id, draftId);
        await number(session, whole);
      }),
  };
}

export type Numbering = ReturnType<typeof openNumbering>;
