import type { SyncItem } from './digest.ts';

/** What both the recorder and the server know of an interaction, as it was sent. */
export type SentInteraction = {
  sequence: number;
  id: string;
  type: string;
  occurredAt: string | Date;
  sessionTimeMs: number;
};

/**
 * An interaction, or why it was dropped, as an item of its session's digest. The body is none of it: the
 * server keeps that redacted, and tells another body under a used sequence by its MAC.
 */
export function interactionItem(
  item: SentInteraction | { sequence: number; dropped: string },
): SyncItem {
  const { sequence: key } = item;
  if ('dropped' in item) return { key, value: [item.dropped] };
  const { id, type, occurredAt, sessionTimeMs } = item;
  return {
    key,
    value: [id.toLowerCase(), type, new Date(occurredAt).toISOString(), sessionTimeMs],
  };
}
