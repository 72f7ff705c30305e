import { expect, test } from 'vitest';
import type { ScreenshotRecord } from '../../src/contract/image.ts';
import type { InteractionRecord } from '../../src/contract/interaction.ts';
import { timelineOf } from './review-timeline.ts';

const start = '2026-11-21T00:00:00.000Z';
const at = (seconds: number) => new Date(Date.parse(start) + seconds * 1000).toISOString();

function makeStep(sequence: number, seconds: number): InteractionRecord {
  return {
    id: `step-${sequence}`,
    sequence,
    type: 'CLICK',
    occurredAt: at(seconds),
    sessionTimeMs: seconds * 1000,
    url: 'https://shop.example/',
    frame: [],
    selectors: [],
    confidence: 1,
  };
}

function makeShot(
  id: string,
  seconds: number,
  change: Partial<ScreenshotRecord>,
): ScreenshotRecord {
  return {
    id,
    trigger: 'AFTER_ACTION',
    capturedAt: at(seconds),
    url: 'https://shop.example/',
    width: 1280,
    height: 800,
    devicePixelRatio: 1,
    scrollX: 0,
    scrollY: 0,
    mimeType: 'image/webp',
    bytes: 1,
    sha256: '',
    masks: [],
    ...change,
  };
}

test('pictures stand with their step in the order in which they were taken', () => {
  const moments = timelineOf(
    [makeStep(2, 9), makeStep(1, 5)],
    [
      makeShot('after', 6, { interactionSequence: 1 }),
      makeShot('before', 4, { interactionSequence: 1, trigger: 'BEFORE_ACTION' }),
    ],
    start,
  );

  expect(moments.map(({ sequence, clock }) => [sequence, clock])).toEqual([
    [1, '0:05'],
    [2, '0:09'],
  ]);
  expect(moments[0]?.pictures.map(({ words }) => words)).toEqual(['Before', 'After']);
});

test('no picture is left out: those of no step, or of a step that is not there, stand by their time', () => {
  const moments = timelineOf(
    [makeStep(1, 5), { sequence: 2, dropped: 'TOO_LARGE' }],
    [
      makeShot('start', 1, { trigger: 'SESSION_START', interactionSequence: null }),
      makeShot('burst', 6, { trigger: 'NAVIGATION' }),
      makeShot('lost', 7, { interactionSequence: 99 }),
    ],
    start,
  );

  expect(moments.map(({ words }) => words)).toEqual([
    'The recording began',
    'Clicked the page',
    'Given up: it was too large',
    'Pictures of the page',
  ]);
  expect(moments.flatMap(({ pictures }) => pictures.map(({ id }) => id))).toEqual([
    'start',
    'burst',
    'lost',
  ]);
});

test('a session without anything has no moments', () => {
  expect(timelineOf([], [], start)).toEqual([]);
});
