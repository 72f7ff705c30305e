import { defineEvent } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';

/** Every mask of every picture is painted over; the unmasked bytes are gone. */
export const pixelsRedacted = defineEvent({
  name: 'processing.pixelsRedacted',
  payload: SessionIds,
});

/** Every picture is WebP, measured and hashed, or marked as damaged. */
export const sessionCompressed = defineEvent({
  name: 'processing.sessionCompressed',
  payload: SessionIds,
});
