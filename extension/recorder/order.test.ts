import { expect, test } from 'vitest';
import type { HeldDraft } from '../outbox/types.ts';
import { draftOf, heldOf } from './draft.ts';
import { lastOrderOf, orderOf } from './order.ts';

const aDraft = (draftId: string, at: number, more: Partial<HeldDraft> = {}): HeldDraft => ({
  ...heldOf('s', draftId, at, { tabId: 1, frameId: 0, documentId: 'd', frame: [] }),
  isOpen: false,
  heardAt: at,
  draft: draftOf('CLICK', { draftId, at, url: '' }),
  after: {},
  afterImageId: 'image',
  ...more,
});
const ids = (drafts: HeldDraft[]) => drafts.map(({ draftId }) => draftId);
const never = () => false;

test('an interaction waits for the second click that could take it back', () => {
  const drafts = [aDraft('a', 1_000)];

  expect(orderOf(drafts, 1_500, never)).toMatchObject({ ripe: [], againAt: 1_600 });
  expect(ids(orderOf(drafts, 1_600, never).ripe)).toEqual(['a']);
});

test('what began later waits for what is open', () => {
  const drafts = [aDraft('typing', 1_000, { isOpen: true }), aDraft('click', 1_100)];

  expect(orderOf(drafts, 10_000, never).ripe).toEqual([]);
  expect(ids(orderOf([aDraft('early', 500), ...drafts], 10_000, never).ripe)).toEqual(['early']);
});

test('an interaction waits for the picture from after it, and not for ever', () => {
  const drafts = [aDraft('a', 1_000, { afterImageId: null })];

  expect(orderOf(drafts, 2_000, () => true)).toMatchObject({ ripe: [], againAt: 4_000 });
  expect(ids(orderOf(drafts, 2_000, never).ripe)).toEqual(['a']);
  expect(ids(orderOf(drafts, 4_000, () => true).ripe)).toEqual(['a']);
});

test('an open one that is silent for half a minute is found', () => {
  const drafts = [aDraft('typing', 1_000, { isOpen: true, heardAt: 5_000 })];

  expect(orderOf(drafts, 34_000, never)).toMatchObject({ silent: [], againAt: 35_000 });
  expect(ids(orderOf(drafts, 35_000, never).silent)).toEqual(['typing']);
});

test('a clock that was set back holds nothing for ever', () => {
  expect(ids(orderOf([aDraft('a', 9_000_000)], 1_000, never).ripe)).toEqual(['a']);
});

test('in the end everything has its turn but what never was anything', () => {
  const drafts = [aDraft('open', 1, { isOpen: true }), aDraft('empty', 2, { draft: null })];

  const { whole, empty } = lastOrderOf(drafts);

  expect([ids(whole), ids(empty)]).toEqual([['open'], ['empty']]);
});
