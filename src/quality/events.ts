import { defineEvent } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';

/** The session is good enough, or a person said so, and nobody holds it back: examples may be made of it. */
export const sessionScored = defineEvent({ name: 'quality.sessionScored', payload: SessionIds });
