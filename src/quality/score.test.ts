import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectorStrategies, wordsOf } from '../contract/vocabulary.ts';
import { seededRandom, shuffled } from '../lib/page/random.ts';
import type { Evidence, InteractionEvidence } from './evidence.ts';
import { scoreSession } from './score.ts';

type Fault = (evidence: Evidence, at: number) => Evidence;

const change =
  (edit: (action: InteractionEvidence) => Partial<InteractionEvidence>): Fault =>
  (evidence, at) => ({
    ...evidence,
    interactions: evidence.interactions.map((action, index) =>
      index === at ? { ...action, ...edit(action) } : action,
    ),
  });

const frames =
  (edit: (frame: Evidence['screenshots'][number]) => Evidence['screenshots']): Fault =>
  (evidence, at) => ({
    ...evidence,
    screenshots: evidence.screenshots.flatMap((frame) =>
      frame.id === evidence.interactions[at]?.beforeScreenshotId ? edit(frame) : [frame],
    ),
  });

/** One at a time, at the action of the given index. */
const faults: Record<string, Fault> = {
  'a lost interaction': (evidence, at) => ({
    ...evidence,
    interactions: evidence.interactions.filter((_, index) => index !== at),
  }),
  'a dropped interaction': (evidence, at) => ({
    ...evidence,
    interactions: evidence.interactions.filter((_, index) => index !== at),
    tombstones: [
      ...evidence.tombstones,
      { sequence: evidence.interactions[at]?.sequence ?? 1, reason: 'QUOTA' },
    ],
  }),
  'no selectors': change(() => ({ selectors: [] })),
  'one selector less': change(({ selectors }) => ({ selectors: selectors.slice(1) })),
  'selectors that find another': change(({ selectors }) => ({
    selectors: selectors.map((selector) => ({ ...selector, finds: 'OTHER' })),
  })),
  'a target that is not there': change(() => ({ targetResolves: false })),
  'a blank frame': frames((frame) => [{ ...frame, contentScore: 0.0001 }]),
  'a frame that was lost': (evidence, at) => {
    const left = frames(() => [])(evidence, at);
    const lost = evidence.screenshots.length - left.screenshots.length;
    const { stored, missing } = evidence.uploads;
    return {
      ...left,
      uploads: { ...left.uploads, stored: stored - lost, missing: missing + lost },
    };
  },
  'a stale frame': change(() => ({ frameAgeMs: 20_000 })),
  'a frame from after the action': change(() => ({ frameAgeMs: -300 })),
  'no frame at all': change(() => ({ beforeScreenshotId: null, frameAgeMs: null })),
};

/** These harm the session as a whole, whatever the action. */
const sessionFaults: Record<string, Fault> = {
  'an end that nobody asked for': (evidence) => ({
    ...evidence,
    session: { ...evidence.session, endedProperly: false },
  }),
  'an unknown duration': (evidence) => ({
    ...evidence,
    session: { ...evidence.session, durationMs: null },
  }),
  'a damaged upload': (evidence) => {
    const { stored, damaged } = evidence.uploads;
    if (stored === 0) return evidence;
    return {
      ...evidence,
      uploads: { ...evidence.uploads, stored: stored - 1, damaged: damaged + 1 },
    };
  },
};

const parts = ['score', 'completeness', 'reliability', 'accuracy'] as const;

const codesOf = (evidence: Evidence) => scoreSession(evidence).issues.map(({ code }) => code);

/** A session as a good recorder makes it: most selectors hold, most frames are fresh, none is perfect. */
function goodSession(seed: string): Evidence {
  const random = seededRandom(seed);
  const count = 4 + Math.floor(random() * 30);
  const kinds = ['TEST_ID', 'ROLE_NAME', 'ID', 'LABEL', 'TEXT', 'CSS', 'STRUCTURAL'] as const;
  const interactions = Array.from({ length: count }, (_, at): InteractionEvidence => {
    const chosen = kinds.filter((kind) => kind === 'STRUCTURAL' || random() < 0.5);
    return {
      sequence: at + 1,
      type: random() < 0.2 ? 'SCROLL' : random() < 0.3 ? 'INPUT' : 'CLICK',
      confidence: 0.8 + random() * 0.2,
      selectors: chosen.map((strategy) => ({
        strategy,
        matchCount: 1,
        finds: random() < 0.92 ? 'TARGET' : 'SEVERAL',
      })),
      snapshotId: `snapshot-${at}`,
      targetResolves: random() < 0.98,
      beforeScreenshotId: `before-${at}`,
      afterScreenshotId: `after-${at}`,
      frameAgeMs: Math.floor(random() * 700),
    };
  });
  const contentScore = () => (random() < 0.03 ? 0.004 : 0.02 + random() * 0.1);
  return {
    session: { durationMs: count * 4_000, endedProperly: true, expectedInteractions: count },
    tombstones: [],
    interactions,
    uploads: { stored: count * 3, dropped: 0, damaged: 0, missing: 0 },
    screenshots: interactions.flatMap(({ beforeScreenshotId, afterScreenshotId }) =>
      [beforeScreenshotId, afterScreenshotId].flatMap((id) =>
        id === null ? [] : [{ id, contentScore: contentScore() }],
      ),
    ),
  };
}

/** The fault at a share of the actions and at one at least; the later first, since indices move. */
function injected(evidence: Evidence, fault: Fault, rate: number, random: () => number): Evidence {
  const actions = evidence.interactions.flatMap(({ type }, at) => (type === 'SCROLL' ? [] : [at]));
  const count = Math.max(1, Math.round(actions.length * rate));
  const places = shuffled(actions, random)
    .slice(0, count)
    .sort((a, b) => a - b);
  return places.reduceRight((faulty, at) => fault(faulty, at), evidence);
}

/** Chance that a good session scores above a faulty one; ties count half. */
function auc(good: readonly number[], faulty: readonly number[]): number {
  const wins = good.flatMap((a) => faulty.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
  return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
}

const Any = fc.integer({ min: 1, max: 12 }).chain((count) => {
  const id = (kind: string) =>
    fc.option(fc.constantFrom(...Array.from({ length: 6 }, (_, at) => `${kind}${at}`)));
  const action = fc.record({
    type: fc.constantFrom('CLICK', 'INPUT', 'SCROLL', 'NAVIGATION', 'SELECT'),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    selectors: fc.array(
      fc.record({
        strategy: fc.constantFrom(...wordsOf(selectorStrategies)),
        matchCount: fc.option(fc.nat(3)),
        finds: fc.option(fc.constantFrom('TARGET', 'OTHER', 'SEVERAL', 'NONE')),
      }),
      { maxLength: 5 },
    ),
    snapshotId: id('s'),
    targetResolves: fc.option(fc.boolean()),
    beforeScreenshotId: id('f'),
    afterScreenshotId: id('f'),
    frameAgeMs: fc.option(fc.integer({ min: -1_000, max: 9_000 })),
  });
  return fc.record({
    session: fc.record({
      durationMs: fc.option(fc.nat()),
      endedProperly: fc.boolean(),
      expectedInteractions: fc.constant(count + 3),
    }),
    tombstones: fc.constant([{ sequence: count + 2, reason: 'QUOTA' as const }]),
    interactions: fc
      .array(action, { minLength: count, maxLength: count })
      .map((actions) => actions.map((rest, at) => ({ sequence: at + 1, ...rest }))),
    uploads: fc.record({
      stored: fc.integer({ min: 10, max: 30 }),
      dropped: fc.nat(3),
      damaged: fc.nat(3),
      missing: fc.nat(3),
    }),
    screenshots: fc
      .array(fc.option(fc.double({ min: 0, max: 0.2, noNaN: true })), { maxLength: 6 })
      .map((scores) => scores.map((contentScore, at) => ({ id: `f${at}`, contentScore }))),
  }) as fc.Arbitrary<Evidence>;
});

test('a good session scores high and its issues say what to do', () => {
  const { score, issues } = scoreSession(goodSession('a'));

  expect(score).toBeGreaterThan(0.85);
  for (const issue of issues) expect(issue.advice).not.toBe('');
});

test('every score is between 0 and 1, and the whole is between its weakest and its strongest part', () => {
  fc.assert(
    fc.property(Any, (evidence) => {
      const result = scoreSession(evidence);
      const inner = [result.completeness, result.reliability, result.accuracy];
      for (const part of parts) expect(result[part]).toBeGreaterThanOrEqual(0);
      for (const part of parts) expect(result[part]).toBeLessThanOrEqual(1);
      expect(result.score).toBeGreaterThanOrEqual(Math.min(...inner) - 0.0001);
      expect(result.score).toBeLessThanOrEqual(Math.max(...inner) + 0.0001);
    }),
  );
});

test.each(Object.entries({ ...faults, ...sessionFaults }))(
  '%s never raises a score',
  (_, fault) => {
    fc.assert(
      fc.property(Any, fc.nat(), (evidence, pick) => {
        const before = scoreSession(evidence);
        const after = scoreSession(fault(evidence, pick % evidence.interactions.length));
        for (const part of parts) expect(after[part]).toBeLessThanOrEqual(before[part]);
      }),
      { numRuns: 200 },
    );
  },
);

describe('injected faults are told from good sessions', () => {
  const seeds = Array.from({ length: 150 }, (_, at) => `session ${at}`);
  const scoresWith = (name: string, fault: Fault) =>
    seeds.map((seed) => {
      const random = seededRandom(`${name} ${seed}`);
      return scoreSession(injected(goodSession(seed), fault, 0.4, random)).score;
    });
  const good = seeds.map((seed) => scoreSession(goodSession(`good ${seed}`)).score);
  // One of several selectors less is a blemish that the good sessions have as well.
  const kinds = Object.entries(faults).filter(([name]) => name !== 'one selector less');

  test.each(kinds)('%s at four of ten actions gives an AUC above 0.95', (name, fault) => {
    const area = auc(good, scoresWith(name, fault));

    console.info(`AUC ${area.toFixed(3)}  ${name}`);
    expect(area).toBeGreaterThan(0.95);
  });

  test('all kinds together give an AUC above 0.95', () => {
    const area = auc(
      good,
      kinds.flatMap(([name, fault]) => scoresWith(name, fault)),
    );

    console.info(`AUC ${area.toFixed(3)}  all faults`);
    expect(area).toBeGreaterThan(0.95);
  });
});

describe('what cannot be judged is scored low and said', () => {
  const legacy: Evidence = {
    session: { durationMs: null, endedProperly: true, expectedInteractions: null },
    tombstones: [],
    interactions: Array.from({ length: 10 }, (_, at) => ({
      sequence: at + 1,
      type: 'CLICK',
      confidence: 1,
      selectors: [{ strategy: 'CSS', matchCount: null, finds: null }],
      snapshotId: null,
      targetResolves: null,
      beforeScreenshotId: null,
      afterScreenshotId: null,
      frameAgeMs: null,
    })),
    uploads: { stored: 0, dropped: 0, damaged: 0, missing: 0 },
    screenshots: [],
  };

  test('a legacy session without snapshots and screenshots', () => {
    const { score, accuracy, reliability } = scoreSession(legacy);

    expect(accuracy).toBeLessThan(0.1);
    expect(reliability).toBeLessThan(0.1);
    expect(score).toBeLessThan(0.3);
    expect(codesOf(legacy)).toEqual(
      expect.arrayContaining([
        'COUNT_UNKNOWN',
        'DURATION_UNKNOWN',
        'SNAPSHOT_MISSING',
        'SELECTORS_UNTRIED',
        'TARGET_UNJUDGED',
        'FRAME_MISSING',
        'NO_SCREENSHOTS',
      ]),
    );
  });

  test('a session in which nothing happened', () => {
    const empty = { ...legacy, interactions: [] };

    expect(scoreSession(empty)).toMatchObject({ reliability: 0, accuracy: 0 });
    expect(codesOf(empty)).toContain('NO_ACTIONS');
  });

  test('frames that nobody measured', () => {
    const evidence = goodSession('a');
    const unmeasured = evidence.screenshots.map(({ id }) => ({ id, contentScore: null }));

    expect(scoreSession({ ...evidence, screenshots: unmeasured }).accuracy).toBeLessThan(0.65);
    expect(codesOf({ ...evidence, screenshots: unmeasured })).toContain('FRAME_UNMEASURED');
  });
});

test('an issue names the interactions that show it, fifty at most, and counts all', () => {
  const evidence = goodSession('a');
  const [first] = evidence.interactions;
  const interactions = Array.from({ length: 80 }, (_, at) => ({
    ...(first as InteractionEvidence),
    type: 'CLICK' as const,
    sequence: at + 1,
    targetResolves: false,
  }));

  const issue = scoreSession({ ...evidence, interactions }).issues.find(
    ({ code }) => code === 'TARGET_NOT_FOUND',
  );

  expect(issue).toMatchObject({ severity: 'HIGH', count: 80 });
  expect(issue?.sequences).toHaveLength(50);
});

test.each<[string, string]>([
  ['a lost interaction', 'INTERACTIONS_MISSING'],
  ['a dropped interaction', 'INTERACTIONS_DROPPED'],
  ['no selectors', 'SELECTORS_MISSING'],
  ['selectors that find another', 'SELECTOR_FINDS_ANOTHER'],
  ['a target that is not there', 'TARGET_NOT_FOUND'],
  ['a blank frame', 'FRAME_BLANK'],
  ['a frame that was lost', 'UPLOADS_MISSING'],
  ['a stale frame', 'FRAME_STALE'],
  ['a frame from after the action', 'FRAME_AFTER_ACTION'],
  ['no frame at all', 'FRAME_MISSING'],
])('%s is an issue of its own', (name, code) => {
  const evidence = goodSession('b');
  const at = evidence.interactions.findIndex(({ type }) => type !== 'SCROLL');

  expect(codesOf(faults[name]?.(evidence, at) ?? evidence)).toContain(code);
});
