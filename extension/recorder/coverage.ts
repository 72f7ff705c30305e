import type { CoverageAccount } from '../../src/contract/coverage.ts';
import type { Store } from '../outbox/types.ts';
import type { Draft } from '../page.ts';

type Counts = Omit<CoverageAccount, 'frames' | 'missedScreenshots' | 'notes'>;

/** Something that was not seen. */
export type Gap =
  | { count: keyof Counts; by?: number }
  | { frame: keyof CoverageAccount['frames']; by?: number }
  | { missed: keyof CoverageAccount['missedScreenshots']; by?: number }
  | { note: string };

const mostNotes = 50;
const longestNote = 300;
const writeAfterMs = 1_000;

/** The account with the gaps added. Pure. */
export function withGaps(account: CoverageAccount, gaps: Gap[]): CoverageAccount {
  const next = structuredClone(account);
  for (const gap of gaps) {
    // A session of an older version lacks the counts that came later.
    if ('count' in gap) next[gap.count] = (next[gap.count] ?? 0) + (gap.by ?? 1);
    if ('frame' in gap) next.frames[gap.frame] += gap.by ?? 1;
    if ('missed' in gap) next.missedScreenshots[gap.missed] += gap.by ?? 1;
    if ('note' in gap && next.notes.length < mostNotes) {
      const note = gap.note.slice(0, longestNote);
      if (!next.notes.includes(note)) next.notes.push(note);
    }
  }
  return next;
}

/**
 * What is missing of the page before an action. Pure.
 *
 * @param snapshotId `null` when no page could be kept
 */
export function pageGapsOf(
  { snapshotKey, context }: Pick<Draft, 'snapshotKey' | 'context'>,
  snapshotId: string | null,
): Gap[] {
  if (snapshotKey === null || snapshotId === null) return [{ count: 'missedSnapshots' }];
  const { snapshotAgeMs = 0 } = Object(context) as { snapshotAgeMs?: number };
  return snapshotAgeMs > 0 ? [{ count: 'lateSnapshots' }] : [];
}

/** Writes what was not seen into the session, a second's gaps at once; the worker's death costs those. */
export function openCoverage(store: Pick<Store, 'changeSession'>) {
  let waiting: { sessionId: string; gaps: Gap[] } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    const written = waiting;
    waiting = null;
    if (!written) return;
    await store.changeSession(written.sessionId, ({ coverage }) => ({
      coverage: withGaps(coverage, written.gaps),
    }));
  };

  return {
    add(sessionId: string, ...gaps: Gap[]): void {
      if (waiting && waiting.sessionId !== sessionId) void flush();
      waiting ??= { sessionId, gaps: [] };
      waiting.gaps.push(...gaps);
      clearTimeout(timer);
      timer = setTimeout(() => void flush(), writeAfterMs);
    },
    flush,
  };
}

export type Coverage = ReturnType<typeof openCoverage>;
