import { expect, test } from 'vitest';
import { limits } from '../../src/contract/limits.ts';
import type { HeldDraft } from '../outbox/types.ts';
import type { Draft } from '../page.ts';
import { draftOf, heldOf } from './draft.ts';
import { recordOf, shifted } from './record.ts';

const beforeImageId = '01890a5d-ac96-774b-bcce-b302099a8057';
const aHeld = (more: Partial<Draft> = {}): HeldDraft => ({
  ...heldOf('s', 'd', 1_500, { tabId: 1, frameId: 0, documentId: null, frame: [] }),
  draft: draftOf('CLICK', { draftId: 'd', at: 1_500, url: 'https://shop.example/', ...more }),
  beforeImageId,
  beforeFrameAgeMs: 120,
});

test('a draft becomes what the contract wants', () => {
  expect(recordOf(aHeld({ before: { title: 'Shop' } }), 7, 1_000)).toMatchObject({
    sequence: 7,
    type: 'CLICK',
    occurredAt: '1970-01-01T00:00:01.500Z',
    sessionTimeMs: 500,
    before: { title: 'Shop', screenshotId: beforeImageId, frameAgeMs: 120 },
    after: null,
  });
});

test('text that cannot be stored is mended', () => {
  const record = recordOf(aHeld({ value: 'a\0b\ud800' }), 1, 0);

  expect(record).toMatchObject({ value: 'a\ufffdb\ufffd' });
});

test('what is too large loses its surroundings, then itself', () => {
  const long = Array.from({ length: limits.interactionChars / 100 }, () => 'x'.repeat(120));

  expect(recordOf(aHeld({ context: { long } }), 1, 0)).toMatchObject({
    context: { dropped: 'TOO_LARGE' },
  });
  expect(recordOf(aHeld({ elementAnalysis: { long } }), 2, 0)).toEqual({
    sequence: 2,
    dropped: 'TOO_LARGE',
  });
});

test('what is no interaction leaves a tombstone', () => {
  expect(recordOf(aHeld({ confidence: 7 }), 3, 0)).toEqual({ sequence: 3, dropped: 'INVALID' });
});

test('what happened in a frame is told from the viewport of the tab, or not told', () => {
  const draft = draftOf('CLICK', {
    draftId: 'd',
    at: 0,
    url: '',
    target: { tag: 'a', rectangle: { x: 1, y: 2, width: 3, height: 4 } },
    pointer: { clientX: 5, clientY: 6, offsetX: 1, offsetY: 1 },
  });
  const clip = { x: 0, y: 0, width: 0, height: 0 };

  expect(shifted(draft, { steps: [], x: 100, y: 200, clip })).toMatchObject({
    target: { rectangle: { x: 101, y: 202 } },
    pointer: { clientX: 105, clientY: 206, offsetX: 1 },
  });
  expect(shifted(draft, null)).toMatchObject({
    target: { rectangle: null },
    pointer: { clientX: null, offsetX: 1 },
  });
});
