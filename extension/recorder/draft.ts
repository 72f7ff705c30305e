import type { InteractionType } from '../../src/contract/vocabulary.ts';
import type { HeldDraft } from '../outbox/types.ts';
import type { Draft } from '../page.ts';

/** A draft of what the recorder itself saw, such as a tab. */
export function draftOf(
  type: InteractionType,
  about: { draftId: string; at: number; url: string } & Partial<Draft>,
): Draft {
  const { at, ...rest } = about;
  const startedAt = Math.round(at);
  return {
    type,
    startedAt,
    endedAt: startedAt,
    snapshotKey: null,
    selectors: [],
    confidence: 1,
    ...rest,
  };
}

/** Where the draft was heard. */
export type Origin = Pick<HeldDraft, 'tabId' | 'frameId' | 'documentId' | 'frame'>;

export function heldOf(
  sessionId: string,
  draftId: string,
  startedAt: number,
  origin: Origin,
): HeldDraft {
  return {
    sessionId,
    draftId,
    isOpen: true,
    draft: null,
    startedAt,
    heardAt: Date.now(),
    ...origin,
    after: null,
    beforeImageId: null,
    beforeFrameAgeMs: null,
    afterImageId: null,
  };
}
