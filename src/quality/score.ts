import type { DropReason, InteractionType, SelectorStrategy } from '../contract/vocabulary.ts';
import { completenessIssues, accuracyIssues, reliabilityIssues } from './issues.ts';

/** Version of the rules; a report keeps the one that made it. */
export const qualityRules = 1;

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

/** All 0 to 1. */
export type QualityScore = {
  score: number;
  completeness: number;
  reliability: number;
  accuracy: number;
  issues: QualityIssue[];
};

/**
 * Parts of completeness. Interactions weigh most, since a step that is gone cannot be had again; what
 * came after it is wrong history. Their sum is 1.
 */
export const completenessWeights = {
  interactions: 0.45,
  uploads: 0.2,
  snapshots: 0.15,
  ended: 0.1,
  length: 0.05,
  duration: 0.05,
} as const;

/** A step whose loss is admitted leaves a known gap, a silent one a false history. */
export const TOMBSTONE_WORTH = 0.5;

/** Fewer actions are no task: the shortest of Mind2Web have two, its mean is 7.3 (arXiv 2306.06070). */
export const ENOUGH_ACTIONS = 3;

/**
 * How far a unique selector of a kind can be trusted on a later day, 0 to 1. Role and name in a scope
 * survived all of three kinds of change, positions failed *wrong* (STACK.md, "Extension"); the order of
 * the others is that of the recorder. To be replaced by the survival that `SelectorStat` measures.
 */
export const strategyTrust: Record<SelectorStrategy, number> = {
  TEST_ID: 0.9,
  ROLE_NAME: 0.9,
  ID: 0.85,
  LABEL: 0.8,
  TEXT: 0.65,
  CSS: 0.6,
  XPATH: 0.4,
  STRUCTURAL: 0.25,
  OTHER: 0.2,
};

/** Worth of a selector that nobody could try: half when it was unique on the day, else nearly nothing. */
export const UNTRIED_UNIQUE = 0.5;
export const UNTRIED_UNKNOWN = 0.1;

/** Parts of one action's accuracy. Without its target an action teaches nothing. Their sum is 1. */
export const actionWeights = { target: 0.5, frame: 0.3, after: 0.1, confidence: 0.1 } as const;

/** Share of accuracy that all the session's frames have, beside the actions. */
export const CONTENT_SHARE = 0.25;

/** Shares of edge pixels and what they are worth (measured, STACK.md, "Images and text"). */
export const contentSteps = [
  { edges: 0.0003, worth: 0 }, // blank pages, spinners and skeletons show no more
  { edges: 0.0032, worth: 0.2 }, // an error page
  { edges: 0.019, worth: 1 }, // the emptiest real content
] as const;

/** What is not measured counts as a frame between blank and error page, so that it cannot help. */
export const UNMEASURED = 0.1;

/** A frame up to half a second old shows what the person saw; after five the page may be another. */
export const freshMs = { full: 500, none: 5_000 } as const;

/** The weakest part counts as much as the mean: a session without targets is not saved by its frames. */
const WEAKEST_SHARE = 0.5;

/** Kinds that act on an element, so that selectors, snapshot and frame matter. */
const targeted: ReadonlySet<InteractionType> = new Set([
  'CLICK',
  'DOUBLE_CLICK',
  'CONTEXT_MENU',
  'INPUT',
  'CHANGE',
  'SELECT',
  'KEY_PRESS',
  'HOVER',
  'FILE_SELECT',
  'DRAG',
  'DROP',
]);

/**
 * How useful a session is for training, and what would make it better. Pure.
 *
 * Monotone: to lose, blank, age, blur or misdirect something never raises any of the four. To that end
 * every mean runs over what should be there, not over what is; and what cannot be judged is worth next
 * to nothing and stated as an issue, never left out of the mean.
 */
export function scoreSession(evidence: Evidence): QualityScore {
  const account = accountOf(evidence);
  const completeness = completenessOf(evidence, account);
  const reliability = meanOf(account, ({ selectors }) => reliabilityOf(selectors));
  const accuracy = accuracyOf(evidence, account);
  const parts = [completeness, reliability, accuracy];
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  const score = WEAKEST_SHARE * Math.min(...parts) + (1 - WEAKEST_SHARE) * mean;
  return {
    score: rounded(score),
    completeness: rounded(completeness),
    reliability: rounded(reliability),
    accuracy: rounded(accuracy),
    issues: [
      ...completenessIssues(evidence, account),
      ...reliabilityIssues(account),
      ...accuracyIssues(evidence, account),
    ],
  };
}

/** What came and what should have come. */
export type Account = {
  actions: InteractionEvidence[];
  /** Sequences that neither came nor are accounted for. */
  missing: number;
  expected: number;
  tombstones: number;
  /** Content of each screenshot, 0 to 1. */
  content: ReadonlyMap<string, number>;
};

function accountOf({ session, tombstones, interactions, screenshots }: Evidence): Account {
  const sequences = new Set(interactions.map(({ sequence }) => sequence));
  const dropped = new Set(
    tombstones.map(({ sequence }) => sequence).filter((sequence) => !sequences.has(sequence)),
  );
  const expected = Math.max(
    session.expectedInteractions ?? 0,
    sequences.size + dropped.size,
    ...sequences,
    ...dropped,
  );
  return {
    actions: interactions.filter(({ type }) => targeted.has(type)),
    missing: expected - sequences.size - dropped.size,
    expected,
    tombstones: dropped.size,
    content: new Map(screenshots.map(({ id, contentScore }) => [id, contentOf(contentScore)])),
  };
}

function completenessOf({ session, interactions, uploads }: Evidence, account: Account): number {
  const weights = completenessWeights;
  const { expected, tombstones, missing, actions } = account;
  const came = expected - missing - tombstones;
  const announced = uploads.stored + uploads.dropped + uploads.damaged + uploads.missing;
  const snapshots = meanOf(account, ({ snapshotId }) => (snapshotId === null ? 0 : 1));
  const hasDuration = session.durationMs !== null && session.durationMs > 0;
  return (
    weights.interactions * share(came + TOMBSTONE_WORTH * tombstones, expected) +
    weights.uploads * share(uploads.stored, announced) +
    weights.snapshots * snapshots +
    weights.ended * (session.endedProperly ? 1 : 0) +
    weights.length * Math.min(1, actions.length / ENOUGH_ACTIONS) +
    weights.duration * (hasDuration && interactions.length > 0 ? 1 : 0)
  );
}

/** Chance that at least one of the selectors still holds, as if they failed apart from each other. */
export function reliabilityOf(selectors: readonly SelectorEvidence[]): number {
  return 1 - selectors.reduce((fails, selector) => fails * (1 - trustOf(selector)), 1);
}

function trustOf({ strategy, matchCount, finds }: SelectorEvidence): number {
  const trust = strategyTrust[strategy];
  if (finds !== null) return finds === 'TARGET' ? trust : 0;
  if (matchCount === null) return trust * UNTRIED_UNKNOWN;
  return matchCount === 1 ? trust * UNTRIED_UNIQUE : 0;
}

function accuracyOf({ screenshots, uploads }: Evidence, account: Account): number {
  const actions = meanOf(account, (action) => actionAccuracy(action, account));
  // A frame that was lost shows nothing, and so does an upload of which nobody knows what it was.
  const frames = screenshots.length + uploads.dropped + uploads.damaged + uploads.missing;
  const shown = [...account.content.values()].reduce((sum, content) => sum + content, 0);
  return (1 - CONTENT_SHARE) * actions + CONTENT_SHARE * share(shown, frames);
}

function actionAccuracy(action: InteractionEvidence, { content }: Account): number {
  const { beforeScreenshotId, afterScreenshotId, targetResolves, frameAgeMs, confidence } = action;
  const before = beforeScreenshotId === null ? 0 : (content.get(beforeScreenshotId) ?? 0);
  const after = afterScreenshotId === null ? 0 : (content.get(afterScreenshotId) ?? 0);
  const weights = actionWeights;
  return (
    weights.target * (targetResolves === true ? 1 : 0) +
    weights.frame * before * freshnessOf(frameAgeMs) +
    weights.after * after +
    weights.confidence * confidence
  );
}

/** 0 for what shows nothing to 1 for content. */
export function contentOf(edges: number | null): number {
  if (edges === null) return UNMEASURED;
  const [blank, error, full] = contentSteps;
  if (edges <= blank.edges) return blank.worth;
  const [from, to] = edges <= error.edges ? [blank, error] : [error, full];
  const way = Math.min(1, (edges - from.edges) / (to.edges - from.edges));
  return from.worth + way * (to.worth - from.worth);
}

/** 0 for a frame of another moment to 1 for what the person saw. */
export function freshnessOf(ageMs: number | null): number {
  if (ageMs === null) return UNMEASURED;
  if (ageMs < 0) return 0;
  const { full, none } = freshMs;
  return Math.max(0, Math.min(1, (none - ageMs) / (none - full)));
}

/** Mean over the actions that came and the steps that did not; those count 0. */
function meanOf(
  { actions, missing, tombstones }: Account,
  valueOf: (action: InteractionEvidence) => number,
): number {
  const sum = actions.reduce((total, action) => total + valueOf(action), 0);
  return share(sum, actions.length + missing + tombstones);
}

/** 0 when there is nothing to have a share of: what cannot be judged is not good. */
function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : part / whole;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
