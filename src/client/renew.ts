import { createHash } from 'node:crypto';
import type { InteractionRecord } from '../contract/interaction.ts';
import type { Source } from './source.ts';

/**
 * The same session under other ids, so that it is another one for the server. The same salt always gives
 * the same ids.
 */
export function renewed(source: Source, salt: string): Source {
  const idOf = (id: string): string => renewId(id, salt);
  const pageOf = (state: InteractionRecord['before']) =>
    state && {
      ...state,
      ...(state.snapshotId ? { snapshotId: idOf(state.snapshotId) } : {}),
      ...(state.screenshotId ? { screenshotId: idOf(state.screenshotId) } : {}),
    };
  const originals = new Map<string, string>();
  const renew = <T extends { id: string }>(record: T): T => {
    const id = idOf(record.id);
    originals.set(id, record.id);
    return { ...record, id };
  };
  return {
    head: { ...source.head, id: idOf(source.head.id) },
    async *interactions() {
      for await (const item of source.interactions())
        yield 'id' in item
          ? { ...item, id: idOf(item.id), before: pageOf(item.before), after: pageOf(item.after) }
          : item;
    },
    async *screenshots() {
      for await (const record of source.screenshots())
        yield { ...renew(record), burstId: record.burstId && idOf(record.burstId) };
    },
    async *snapshots() {
      for await (const record of source.snapshots()) yield renew(record);
    },
    bytesOf: (record) => source.bytesOf({ ...record, id: originals.get(record.id) ?? record.id }),
  };
}

/** Another UUIDv7 of the same instant, by RFC 9562, section 5.7. */
function renewId(id: string, salt: string): string {
  const hash = createHash('sha256').update(`${salt}\n${id}`).digest('hex');
  const variant = ((Number.parseInt(hash.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${id.slice(0, 14)}7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}
