import { InteractionRecord, type Tombstone } from '../../src/contract/interaction.ts';
import { limits } from '../../src/contract/limits.ts';
import { newId } from '../../src/lib/ids.ts';
import type { HeldDraft } from '../outbox/types.ts';
import type { Draft } from '../page.ts';
import type { Place } from './layout.ts';

/**
 * The interaction as the contract wants it; without its surroundings, or as a tombstone, when it is
 * too large.
 *
 * @param sessionStartedAt milliseconds since 1970
 */
export function recordOf(
  held: HeldDraft,
  sequence: number,
  sessionStartedAt: number,
): InteractionRecord | Tombstone {
  const { draft, frame, after, beforeImageId, beforeFrameAgeMs, afterImageId } = held;
  if (!draft) return { sequence, dropped: 'INVALID' };
  const { draftId: _, startedAt, endedAt: __, snapshotKey: ___, before, ...rest } = draft;
  const record = {
    ...rest,
    id: newId(),
    sequence,
    occurredAt: new Date(startedAt).toISOString(),
    sessionTimeMs: Math.max(0, Math.round(startedAt - sessionStartedAt)),
    frame,
    before: (before || beforeImageId) && {
      ...before,
      screenshotId: beforeImageId,
      frameAgeMs: beforeFrameAgeMs,
    },
    after: (after || afterImageId) && { ...after, screenshotId: afterImageId },
  };
  return fitted(record);
}

/** From the viewport of the frame to that of the tab. `null`: nobody knows where the frame stands. */
export function shifted(draft: Draft, place: Place | null): Draft {
  const { target, pointer } = draft;
  const box = target?.rectangle;
  const [x, y] = place ? [place.x, place.y] : [Number.NaN, Number.NaN];
  const add = (value: number | null | undefined, more: number) => {
    const sum = value == null ? Number.NaN : value + more;
    return Number.isNaN(sum) ? null : sum;
  };
  const rectangle = box && place ? { ...box, x: box.x + x, y: box.y + y } : null;
  return {
    ...draft,
    target: target && { ...target, rectangle },
    pointer: pointer && {
      ...pointer,
      clientX: add(pointer.clientX, x),
      clientY: add(pointer.clientY, y),
    },
  };
}

function fitted(record: { sequence: number }): InteractionRecord | Tombstone {
  const text = JSON.stringify(record, (_key, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value,
  );
  const parsed = InteractionRecord.safeParse(JSON.parse(text));
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    console.warn(`Interaction ${record.sequence} cannot be encoded: ${places.join('; ')}`);
    return { sequence: record.sequence, dropped: 'INVALID' };
  }
  if (JSON.stringify(parsed.data).length <= limits.interactionChars) return parsed.data;
  const bare = { ...parsed.data, context: { dropped: 'TOO_LARGE' } };
  if (JSON.stringify(bare).length <= limits.interactionChars) return bare;
  return { sequence: record.sequence, dropped: 'TOO_LARGE' };
}
