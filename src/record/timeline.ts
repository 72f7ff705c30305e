import { createHash } from 'node:crypto';
import type { Frame, Page } from 'playwright-core';
import type { ScriptedMessage } from '../../extension/capture/scripting.ts';
import type { Draft } from '../../extension/page.ts';
import { InteractionRecord, type PageState, type Tombstone } from '../contract/interaction.ts';
import { limits } from '../contract/limits.ts';
import type { InteractionType, ScreenshotTrigger } from '../contract/vocabulary.ts';
import { newId } from '../lib/ids.ts';
import { redactUrl } from '../lib/redact/url.ts';
import type { Shot } from './film.ts';
import { openFilm } from './film.ts';
import type { Place } from './frames.ts';
import type { Sink } from './sink.ts';

interface Heard {
  draft: Draft;
  page: Page;
  /** `null` when nobody knew where the frame stood. */
  place: Place | null;
}

interface HeldSnapshot {
  id: string;
  sha256: string;
  at: number;
  url: string;
  title: string;
  bytes: Buffer;
  isSent: boolean;
}

/**
 * Puts what the frames of a session tell into one order, and gives it numbers and images.
 *
 * An interaction gets its number when nothing that began before it is still open, and when the page
 * was seen after it.
 */
export function openTimeline(sink: Sink, startedAt: number) {
  const film = openFilm();
  const snapshots = new Map<string, HeldSnapshot>();
  const byHash = new Map<string, HeldSnapshot>();
  const open = new Map<string, number>();
  let heard: Heard[] = [];
  let sequence = 0;

  return {
    film,

    hear(message: ScriptedMessage, page: Page, place: Place | null): void {
      if (message.kind === 'open') open.set(message.draftId, message.at);
      if (message.kind === 'drop')
        heard = heard.filter(({ draft }) => draft.draftId !== message.draftId);
      if (message.kind === 'snapshot') keepSnapshot(message);
      if (message.kind === 'done') {
        open.delete(message.draft.draftId);
        heard.push({ draft: message.draft, page, place });
      }
    },

    /** Whether something of these types waits for its number. */
    isWaiting(types: readonly InteractionType[], page: Page): boolean {
      return heard.some((each) => each.page === page && types.includes(each.draft.type));
    },

    /** Sends what is complete; at the end, everything. */
    async drain(isEnd = false): Promise<void> {
      const horizon = isEnd ? Number.POSITIVE_INFINITY : Math.min(Date.now(), ...open.values());
      heard.sort((a, b) => a.draft.startedAt - b.draft.startedAt);
      while (heard[0] && heard[0].draft.startedAt < horizon) {
        const after = film.after(heard[0].draft.endedAt);
        if (!after && !isEnd) break;
        const next = heard.shift();
        if (next) await send(next, after);
      }
    },

    /** The earliest instant that an interaction to come can have begun at. */
    horizon(): number {
      return Math.min(Date.now(), ...open.values(), ...heard.map(({ draft }) => draft.startedAt));
    },

    sequence: () => sequence,
  };

  async function send({ draft, page, place }: Heard, after: Shot | null): Promise<void> {
    sequence += 1;
    const before = film.before(draft.startedAt);
    const frameAgeMs = before && draft.startedAt - before.at;
    if (before) {
      film.claim(before, sequence);
      before.picture.frameAgeMs ??= frameAgeMs;
    }
    if (after && belongsTo(draft.type, after.picture.trigger)) film.claim(after, sequence);
    if (after) after.picture.isReferred = true;
    const snapshot = draft.snapshotKey ? snapshots.get(draft.snapshotKey) : undefined;
    if (snapshot && !snapshot.isSent) await sendSnapshot(snapshot);

    const isTop = place?.steps.length === 0;
    const known = isTop ? draft.before : before?.state;
    const record = {
      ...draft,
      id: newId(),
      sequence,
      occurredAt: new Date(draft.startedAt).toISOString(),
      sessionTimeMs: Math.max(0, draft.startedAt - startedAt),
      url: isTop ? draft.url : (before?.state.url ?? redactUrl(page.url())),
      frame: place?.steps ?? [],
      before: {
        ...(known ?? before?.state),
        snapshotId: snapshot?.id ?? null,
        screenshotId: before?.picture.id ?? null,
        frameAgeMs,
      },
      after: after && { ...after.state, screenshotId: after.picture.id },
    };
    await sink.interaction(fitted(place ? shifted(record, place) : record));
  }

  function keepSnapshot({
    key,
    at,
    url,
    title,
    html,
  }: ScriptedMessage & { kind: 'snapshot' }): void {
    const bytes = Buffer.from(html.toWellFormed(), 'utf8');
    if (bytes.length > limits.snapshotBytes) return;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const held = byHash.get(sha256) ?? {
      id: newId(),
      sha256,
      at,
      url,
      title,
      bytes,
      isSent: false,
    };
    byHash.set(sha256, held);
    snapshots.set(key, held);
  }

  async function sendSnapshot(held: HeldSnapshot): Promise<void> {
    held.isSent = true;
    const { id, sha256, at, url, title, bytes } = held;
    const capturedAt = new Date(at).toISOString();
    const about = { id, interactionSequence: sequence, capturedAt, url, title };
    await sink.snapshot({ ...about, bytes: bytes.length, sha256 }, bytes);
    held.bytes = Buffer.alloc(0); // the hash is enough from here on
  }
}

export type Timeline = ReturnType<typeof openTimeline>;

/** A draft for what the recorder itself sees, such as a tab. */
export function draftOf(type: InteractionType, url: string, before: PageState | null): Draft {
  const now = Date.now();
  const draftId = newId();
  return {
    draftId,
    type,
    startedAt: now,
    endedAt: now,
    snapshotKey: null,
    url,
    before,
    confidence: 1,
    selectors: [],
  };
}

/** The place that was read last for the frame of a message. */
export function placeIn(places: WeakMap<Frame, Place>, frame: Frame): Place | null {
  if (!frame.parentFrame()) return { steps: [], x: 0, y: 0 };
  return places.get(frame) ?? null;
}

function belongsTo(type: InteractionType, trigger: ScreenshotTrigger): boolean {
  if (trigger === 'NAVIGATION') return type === 'NAVIGATION';
  if (trigger === 'MODAL') return type === 'MODAL_OPEN' || type === 'MODAL_CLOSE';
  return trigger === 'AFTER_ACTION';
}

/** From the viewport of the frame to that of the page. */
function shifted<T extends Pick<Draft, 'target' | 'pointer'>>(record: T, { x, y }: Place): T {
  const { target, pointer } = record;
  const box = target?.rectangle;
  const clientX = pointer?.clientX == null ? null : pointer.clientX + x;
  const clientY = pointer?.clientY == null ? null : pointer.clientY + y;
  return {
    ...record,
    target: box ? { ...target, rectangle: { ...box, x: box.x + x, y: box.y + y } } : target,
    pointer: pointer && { ...pointer, clientX, clientY },
  };
}

/** As the contract wants it; without its surroundings, or not at all, when it is too large. */
function fitted(record: { sequence: number }): InteractionRecord | Tombstone {
  const text = JSON.stringify(record, (_key, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value,
  );
  const parsed = InteractionRecord.parse(JSON.parse(text));
  if (JSON.stringify(parsed).length <= limits.interactionChars) return parsed;
  const bare = { ...parsed, context: { dropped: 'TOO_LARGE' } };
  if (JSON.stringify(bare).length <= limits.interactionChars) return bare;
  return { sequence: record.sequence, dropped: 'TOO_LARGE' };
}
