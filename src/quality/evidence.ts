import type { DropReason, InteractionType, SelectorStrategy } from '../contract/vocabulary.ts';

export type SelectorEvidence = {
  strategy: SelectorStrategy;
  /** Elements that matched when it was recorded; `null` when nobody counted. */
  matchCount: number | null;
  /**
   * What it finds in the snapshot: the target alone, another element, several, none; `null` when that
   * cannot be told (no snapshot, XPath).
   */
  finds: 'TARGET' | 'OTHER' | 'SEVERAL' | 'NONE' | null;
};

export type InteractionEvidence = {
  sequence: number;
  type: InteractionType;
  selectors: readonly SelectorEvidence[];
  /** As the recorder stated it, 0 to 1. */
  confidence: number;
  /** The snapshot before the action, if it is stored. */
  snapshotId: string | null;
  /** Whether the target's ref stands in that snapshot; `null` when there is nothing to look in. */
  targetResolves: boolean | null;
  beforeScreenshotId: string | null;
  afterScreenshotId: string | null;
  /** Age of the frame at the action, in milliseconds; below 0 it is from after it. */
  frameAgeMs: number | null;
};

export type Evidence = {
  session: {
    /** From the first to the last instant; `null` when unknown. */
    durationMs: number | null;
    /** Whether its client ended it, rather than an operator or the time. */
    endedProperly: boolean;
    /** Last sequence that the client named at the end; `null` when it named none. */
    expectedInteractions: number | null;
  };
  tombstones: readonly { sequence: number; reason: DropReason }[];
  interactions: readonly InteractionEvidence[];
  /** Screenshots and snapshots: what became of them. Missing ones were announced and never came. */
  uploads: { stored: number; dropped: number; damaged: number; missing: number };
  /** `contentScore` is the share of edge pixels, 0 to 1; `null` when it was not measured. */
  screenshots: readonly { id: string; contentScore: number | null }[];
};

export type QualityIssue = {
  code: string;
  severity: 'HIGH' | 'MEDIUM' | 'LOW';
  /** What was found. */
  message: string;
  /** What to do better. */
  advice: string;
  /** Interactions that show it, at most 50; empty when it is about the session. */
  sequences: number[];
  /** How many interactions, uploads or frames show it in all. */
  count: number;
};
