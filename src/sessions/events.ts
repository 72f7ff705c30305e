import * as z from 'zod';
import { defineEvent } from '../platform/queue.ts';

/** Payload of every fact and job about one session. */
export const SessionIds = z.object({ projectId: z.uuid(), sessionId: z.uuid() });

export type SessionIds = z.infer<typeof SessionIds>;

/** The session will receive nothing more: every interaction, screenshot, snapshot and audio clip is there or accounted for. */
export const sessionEnded = defineEvent({ name: 'session.ended', payload: SessionIds });

/** The participant has looked at a session that was held back and lets it go on. */
export const sessionReleased = defineEvent({ name: 'session.released', payload: SessionIds });

/** The session's key is gone and its data must follow. */
export const sessionRemoved = defineEvent({ name: 'session.removed', payload: SessionIds });
