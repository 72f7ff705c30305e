import type { InteractionType, SelectorStrategy } from '../contract/vocabulary.ts';
import type { Evidence, InteractionEvidence, SelectorEvidence } from './evidence.ts';

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

/** Worth of a selector that nobody could try: a quarter when it was unique on the day, else next to nothing. */
const UNTRIED_UNIQUE = 0.25;
const UNTRIED_UNKNOWN = 0.05;

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

/** What the evidence comes to, each step once. */
export function accountOf({ session, tombstones, interactions, screenshots }: Evidence): Account {
  const sequences = new Set(interactions.map(({ sequence }) => sequence));
  const dropped = new Set(
    tombstones.map(({ sequence }) => sequence).filter((sequence) => !sequences.has(sequence)),
  );
  const highest = [...sequences, ...dropped].reduce(
    (most, sequence) => Math.max(most, sequence),
    0,
  );
  const expected = Math.max(session.expectedInteractions ?? 0, highest);
  return {
    actions: interactions.filter(({ type }) => targeted.has(type)),
    missing: expected - sequences.size - dropped.size,
    expected,
    tombstones: dropped.size,
    content: new Map(screenshots.map(({ id, contentScore }) => [id, contentOf(contentScore)])),
  };
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
