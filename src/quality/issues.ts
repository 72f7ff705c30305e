import type { Evidence, InteractionEvidence, QualityIssue } from './evidence.ts';
import {
  type Account,
  contentOf,
  contentSteps,
  ENOUGH_ACTIONS,
  freshMs,
  freshnessOf,
  reliabilityOf,
} from './measures.ts';

/** Interactions that an issue lists. */
const LISTED = 50;

/** From this share of the actions on an issue is the session's, not an accident. */
const OFTEN = 0.25;

/** Below this share, what is lost does not show in the score. */
const SELDOM = 0.05;

/** Below, a target has no selector to rely on; above, two fair kinds or one that is tried and good. */
const RELIABLE = 0.5;

/** The recorder itself doubts what it saw. */
const CONFIDENT = 0.5;

type Texts = Pick<QualityIssue, 'code' | 'message' | 'advice'>;

export function completenessIssues(
  { session, tombstones, uploads, interactions }: Evidence,
  { actions, missing, expected }: Account,
): QualityIssue[] {
  const issues: QualityIssue[] = [];
  const about = (severity: QualityIssue['severity'], count: number, texts: Texts) => {
    if (count > 0) issues.push({ ...texts, severity, sequences: [], count });
  };
  about(missing >= expected * 0.1 ? 'HIGH' : 'MEDIUM', missing, {
    code: 'INTERACTIONS_MISSING',
    message: `${missing} of ${expected} interactions never came and nobody says why.`,
    advice:
      'Reopen the browser that recorded it, so that its outbox sends the rest; then end again.',
  });
  if (tombstones.length > 0) {
    issues.push({
      code: 'INTERACTIONS_DROPPED',
      severity: tombstones.length >= expected * OFTEN ? 'HIGH' : 'MEDIUM',
      message: `The client gave up ${tombstones.length} interactions (${listOf(tombstones.map(({ reason }) => reason))}).`,
      advice: 'See the reasons: TOO_LARGE and QUOTA go away with smaller pages or more disk.',
      sequences: tombstones.map(({ sequence }) => sequence).slice(0, LISTED),
      count: tombstones.length,
    });
  }
  about('MEDIUM', session.endedProperly ? 0 : 1, {
    code: 'NOT_ENDED',
    message: 'The session was not ended by its client, so that its last steps may be missing.',
    advice: 'Stop the recording in the extension and wait until it says that all is sent.',
  });
  about('MEDIUM', session.expectedInteractions === null ? 1 : 0, {
    code: 'COUNT_UNKNOWN',
    message:
      'The client never said how many interactions there were, so that a lost end cannot be seen.',
    advice: 'Stop the recording in the extension and wait until it says that all is sent.',
  });
  about('LOW', session.durationMs !== null && session.durationMs > 0 ? 0 : 1, {
    code: 'DURATION_UNKNOWN',
    message: 'Nobody knows how long the session took.',
    advice: 'Record with a client that sends the instants of start and end.',
  });
  about(actions.length === 0 ? 'HIGH' : 'LOW', actions.length < ENOUGH_ACTIONS ? 1 : 0, {
    code: actions.length === 0 ? 'NO_ACTIONS' : 'TOO_FEW_ACTIONS',
    message: `${actions.length} of ${interactions.length} interactions act on an element.`,
    advice: 'Record a whole task, from its first page to its result.',
  });
  about('MEDIUM', uploads.missing, {
    code: 'UPLOADS_MISSING',
    message: `${uploads.missing} screenshots or snapshots were announced and never came.`,
    advice: 'Reopen the browser that recorded it, so that its outbox sends them.',
  });
  about('MEDIUM', uploads.dropped, {
    code: 'UPLOADS_DROPPED',
    message: `The client dropped ${uploads.dropped} screenshots or snapshots.`,
    advice: 'See the reasons at the session; QUOTA needs disk, CAPTURE_FAILED a visible tab.',
  });
  about('HIGH', uploads.damaged, {
    code: 'UPLOADS_DAMAGED',
    message: `${uploads.damaged} screenshots or snapshots cannot be read.`,
    advice: 'Check the store and the network between it and the client; the checksums differ.',
  });
  issues.push(
    ...issuesOf(actions)(
      ({ snapshotId }) => snapshotId === null,
      'SNAPSHOT_MISSING',
      'have no snapshot of the page before them',
      'Record with the extension; without the page an action cannot become an example.',
    ),
  );
  return issues;
}

export function reliabilityIssues({ actions }: Account): QualityIssue[] {
  const of = issuesOf(actions);
  return [
    ...of(
      ({ selectors }) => selectors.length === 0,
      'SELECTORS_MISSING',
      'have no selector',
      'Record with a client that sends several selectors for each target.',
    ),
    ...of(
      ({ selectors }) => selectors.length > 0 && selectors.every(({ finds }) => finds === null),
      'SELECTORS_UNTRIED',
      'have only selectors that could not be tried, and are scored low for that',
      'Send a snapshot before each action, so that selectors can be tried in it.',
    ),
    ...of(
      ({ selectors }) => selectors.some(({ finds }) => finds === 'OTHER'),
      'SELECTOR_FINDS_ANOTHER',
      'have a selector that finds another element',
      'Do not use positions on pages that move; give the elements test ids or names.',
    ),
    ...of(
      ({ selectors }) =>
        selectors.some(({ finds }) => finds !== null) && reliabilityOf(selectors) < RELIABLE,
      'SELECTORS_WEAK',
      'have no selector to rely on',
      'Give the elements test ids, labels or accessible names that are unique where they stand.',
    ),
  ];
}

export function accuracyIssues(
  { screenshots }: Evidence,
  { actions, content }: Account,
): QualityIssue[] {
  const of = issuesOf(actions);
  const hasFrame = ({ beforeScreenshotId }: InteractionEvidence) =>
    beforeScreenshotId !== null && content.has(beforeScreenshotId);
  return [
    ...of(
      ({ targetResolves }) => targetResolves === false,
      'TARGET_NOT_FOUND',
      'have a target that is not in the page before them',
      'The snapshot is from another moment; record with the newest extension.',
    ),
    ...of(
      ({ targetResolves }) => targetResolves === null,
      'TARGET_UNJUDGED',
      'have a target that could not be looked for, and are scored low for that',
      'Send a snapshot before each action and the ref of its target.',
    ),
    ...of(
      (action) => !hasFrame(action),
      'FRAME_MISSING',
      'have no screenshot from before them',
      'Keep the recorded tab in front; the browser captures no hidden tab.',
    ),
    ...of(
      (action) => hasFrame(action) && action.frameAgeMs === null,
      'FRAME_AGE_UNKNOWN',
      'have a screenshot of unknown age, and are scored low for that',
      'Record with a client that sends the age of its frames.',
    ),
    ...of(
      (action) => hasFrame(action) && (action.frameAgeMs ?? 0) > freshMs.full,
      'FRAME_STALE',
      `have a screenshot older than ${freshMs.full} ms`,
      'Act a little slower, or close other heavy tabs: the browser gives two frames a second.',
      ({ frameAgeMs }) => 1 - freshnessOf(frameAgeMs),
    ),
    ...of(
      (action) => hasFrame(action) && (action.frameAgeMs ?? 0) < 0,
      'FRAME_AFTER_ACTION',
      'have a screenshot before them that is from after them',
      'Record with the newest extension; such a frame shows the answer.',
    ),
    ...of(
      ({ confidence }) => confidence < CONFIDENT,
      'LOW_CONFIDENCE',
      'are doubted by the recorder itself',
      'Look at them in review, and drop what did not happen.',
    ),
    ...frameIssues(screenshots),
  ];
}

function frameIssues(screenshots: Evidence['screenshots']): QualityIssue[] {
  if (screenshots.length === 0) {
    return [
      {
        code: 'NO_SCREENSHOTS',
        severity: 'HIGH',
        message: 'There is no screenshot, so that nothing proves what the person saw.',
        advice: 'Record with the extension and keep the tab in front.',
        sequences: [],
        count: 1,
      },
    ];
  }
  const [blank, , full] = contentSteps;
  const of = (test: (edges: number | null) => boolean, texts: Texts): QualityIssue[] => {
    const count = screenshots.filter(({ contentScore }) => test(contentScore)).length;
    if (count === 0) return [];
    const severity = count >= screenshots.length * OFTEN ? 'HIGH' : 'LOW';
    const message = `${count} of ${screenshots.length} screenshots ${texts.message}`;
    return [{ ...texts, message, severity, sequences: [], count }];
  };
  return [
    ...of((edges) => edges !== null && edges <= blank.edges, {
      code: 'FRAME_BLANK',
      message: 'are blank or show a spinner.',
      advice: 'Wait until the page is there before acting on it.',
    }),
    ...of((edges) => edges !== null && edges > blank.edges && contentOf(edges) < 0.5, {
      code: 'FRAME_POOR',
      message: `show little, as error pages do (fewer edges than half-way to ${full.edges}).`,
      advice: 'See whether the site answered with an error, and record again if it did.',
    }),
    ...of((edges) => edges === null, {
      code: 'FRAME_UNMEASURED',
      message: 'were not measured and are scored low for that.',
      advice: 'Run the image stage of the session again.',
    }),
  ];
}

/**
 * Makes the issue of the actions that pass a test; none when none does.
 *
 * @param lossOf what an action loses by it, 0 to 1: many that lose next to nothing are no grave issue
 */
function issuesOf(actions: readonly InteractionEvidence[]) {
  return (
    test: (action: InteractionEvidence) => boolean,
    code: string,
    what: string,
    advice: string,
    lossOf?: (action: InteractionEvidence) => number,
  ): QualityIssue[] => {
    const found = actions.filter(test);
    const count = found.length;
    if (count === 0) return [];
    const lost = lossOf ? found.reduce((sum, action) => sum + lossOf(action), 0) : count;
    const severity =
      lost >= actions.length * OFTEN
        ? 'HIGH'
        : lossOf && lost < actions.length * SELDOM
          ? 'LOW'
          : 'MEDIUM';
    const message = `${count} of ${actions.length} actions ${what}.`;
    const sequences = found.map(({ sequence }) => sequence).slice(0, LISTED);
    return [{ code, severity, message, advice, sequences, count }];
  };
}

function listOf(words: readonly string[]): string {
  return [...new Set(words)].sort().join(', ');
}
