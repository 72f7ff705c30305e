import { defineEvent } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';

/** Every step that can be an example is one. */
export const examplesBuilt = defineEvent({ name: 'datasets.examplesBuilt', payload: SessionIds });
