import type { ScreenshotRecord } from '../../src/contract/image.ts';
import type { InteractionRecord, Tombstone } from '../../src/contract/interaction.ts';
import type { ScreenshotTrigger } from '../../src/contract/vocabulary.ts';
import { interactionWords } from './step-words.ts';
import { clockWords } from './words.ts';

/** One line of the review: a step with its pictures, or pictures of no step. */
export type Moment = {
  key: string;
  /** `null` for pictures of no step. */
  sequence: number | null;
  /** Time since the start, as on a clock; empty for a step that was given up. */
  clock: string;
  words: string;
  /** Title and host of the page. */
  place: string;
  pictures: Picture[];
  /** The page before the step, as it was kept. */
  snapshotId: string | null;
};

export type Picture = { id: string; words: string; width: number; height: number };

const pictureWords: Record<ScreenshotTrigger, string> = {
  SESSION_START: 'At the start',
  SESSION_END: 'At the end',
  BEFORE_ACTION: 'Before',
  AFTER_ACTION: 'After',
  NAVIGATION: 'The page',
  MODAL: 'The dialog',
  ERROR: 'The error',
  MANUAL: 'Asked for',
};

/**
 * Steps and pictures in the order in which they happened. Pictures stand with their step; those of no
 * step stand alone, neighbours together. Pure.
 */
export function timelineOf(
  steps: (InteractionRecord | Tombstone)[],
  shots: ScreenshotRecord[],
  startedAt: string,
): Moment[] {
  const start = Date.parse(startedAt);
  const ordered = shots.toSorted((a, b) => Date.parse(a.capturedAt) - Date.parse(b.capturedAt));
  const known = new Set(steps.map(({ sequence }) => sequence));
  const hasStep = ({ interactionSequence: at }: ScreenshotRecord) => at != null && known.has(at);
  const bySequence = Map.groupBy(ordered.filter(hasStep), (shot) => shot.interactionSequence);
  const loose = ordered.filter((shot) => !hasStep(shot));
  const moments: Moment[] = [];

  /** The pictures of no step up to an instant. */
  const takeLoose = (until: number) => {
    const count = loose.findIndex(({ capturedAt }) => Date.parse(capturedAt) >= until);
    const taken = loose.splice(0, count < 0 ? loose.length : count);
    const [first] = taken;
    if (!first) return;
    moments.push({
      key: first.id,
      sequence: null,
      clock: clockWords(Date.parse(first.capturedAt) - start),
      words: looseWords(taken),
      place: hostOf(first.url),
      pictures: taken.map(pictureOf),
      snapshotId: null,
    });
  };

  for (const step of steps.toSorted((a, b) => a.sequence - b.sequence)) {
    const isThere = !('dropped' in step);
    if (isThere) takeLoose(Date.parse(step.occurredAt));
    moments.push({
      key: `step-${step.sequence}`,
      sequence: step.sequence,
      clock: isThere ? clockWords(Date.parse(step.occurredAt) - start) : '',
      words: interactionWords(step),
      place: isThere ? placeOf(step) : '',
      pictures: (bySequence.get(step.sequence) ?? []).map(pictureOf),
      snapshotId: isThere ? (step.before?.snapshotId ?? null) : null,
    });
  }
  takeLoose(Number.POSITIVE_INFINITY);
  return moments;
}

function placeOf({ type, pageTitle, url }: InteractionRecord): string {
  const host = type === 'NAVIGATION' ? null : hostOf(url); // its words name it already
  return [pageTitle, host].filter(Boolean).join(' · ');
}

function looseWords(shots: ScreenshotRecord[]): string {
  const triggers = new Set(shots.map(({ trigger }) => trigger));
  if (triggers.has('SESSION_START')) return 'The recording began';
  if (triggers.has('SESSION_END')) return 'The recording ended';
  return shots.length === 1 ? 'A picture of the page' : 'Pictures of the page';
}

function pictureOf({ id, trigger, width, height }: ScreenshotRecord): Picture {
  return { id, words: pictureWords[trigger], width, height };
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}
