import type { Evidence, InteractionEvidence, QualityIssue } from './evidence.ts';
import { accuracyIssues, completenessIssues, reliabilityIssues } from './issues.ts';
import { type Account, accountOf, ENOUGH_ACTIONS, freshnessOf, reliabilityOf } from './measures.ts';

/** Version of the rules; a report keeps the one that made it. */
export const qualityRules = 1;

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
const completenessWeights = {
  interactions: 0.45,
  uploads: 0.2,
  snapshots: 0.15,
  ended: 0.1,
  length: 0.05,
  duration: 0.05,
} as const;

/** A step whose loss is admitted leaves a known gap, a silent one a false history. */
const TOMBSTONE_WORTH = 0.5;

/** Nobody said how many there were, so that what is missing at the end cannot be seen. */
const UNTOLD = 0.7;

/**
 * Parts of one action's accuracy. That the target resolves and that the frame shows the moment count
 * alike, as DESIGN.md, section 7, names them; either alone teaches little. Their sum is 1.
 */
const actionWeights = { target: 0.4, frame: 0.4, after: 0.1, confidence: 0.1 } as const;

/** Share of accuracy that all the session's frames have, beside the actions. */
const CONTENT_SHARE = 0.25;

/** The weakest part counts as much as the mean: a session without targets is not saved by its frames. */
const WEAKEST_SHARE = 0.5;

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

function completenessOf({ session, interactions, uploads }: Evidence, account: Account): number {
  const weights = completenessWeights;
  const { expected, tombstones, missing, actions } = account;
  const came = expected - missing - tombstones;
  const told = session.expectedInteractions === null ? UNTOLD : 1;
  const announced = uploads.stored + uploads.dropped + uploads.damaged + uploads.missing;
  const snapshots = meanOf(account, ({ snapshotId }) => (snapshotId === null ? 0 : 1));
  const hasDuration = session.durationMs !== null && session.durationMs > 0;
  return (
    weights.interactions * told * share(came + TOMBSTONE_WORTH * tombstones, expected) +
    weights.uploads * share(uploads.stored, announced) +
    weights.snapshots * snapshots +
    weights.ended * (session.endedProperly ? 1 : 0) +
    weights.length * Math.min(1, actions.length / ENOUGH_ACTIONS) +
    weights.duration * (hasDuration && interactions.length > 0 ? 1 : 0)
  );
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

/** Mean over the actions that came and the steps that did not; those count 0. */
function meanOf(
  { actions, missing, tombstones }: Account,
  worthOf: (action: InteractionEvidence) => number,
): number {
  const sum = actions.reduce((total, action) => total + worthOf(action), 0);
  return share(sum, actions.length + missing + tombstones);
}

/** 0 when there is nothing to have a share of: what cannot be judged is not good. */
function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : part / whole;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
