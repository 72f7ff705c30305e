import * as z from 'zod';
import { defineEvent } from '../platform/queue.ts';
import { SessionIds } from '../sessions/events.ts';

/** Every step that can be an example is one. */
export const examplesBuilt = defineEvent({ name: 'datasets.examplesBuilt', payload: SessionIds });

/** The session's training data is made: it is READY. */
export const sessionReady = defineEvent({ name: 'datasets.sessionReady', payload: SessionIds });

/** Payload of every fact and job about one dataset. */
export const DatasetIds = z.object({ projectId: z.uuid(), datasetId: z.uuid() });

export type DatasetIds = z.infer<typeof DatasetIds>;

/** Somebody wants the dataset frozen, or a version of it was withdrawn and this one takes its place. */
export const datasetSubmitted = defineEvent({ name: 'datasets.submitted', payload: DatasetIds });

/** The dataset is FROZEN and never changes any more. */
export const datasetFrozen = defineEvent({ name: 'datasets.frozen', payload: DatasetIds });

/** Payload of every fact and job about one export. */
export const ExportIds = z.object({ projectId: z.uuid(), exportId: z.uuid() });

export type ExportIds = z.infer<typeof ExportIds>;

/** Somebody wants files. */
export const exportRequested = defineEvent({
  name: 'datasets.exportRequested',
  payload: ExportIds,
});
