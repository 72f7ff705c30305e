import { expect, test } from 'vitest';
import { afterPicture, afterRefusal, nextPictureAt, unpaced } from './pace.ts';
import { burstAtMs } from './schedule.ts';

test('the pictures of a burst are due when they are wanted', () => {
  let state = unpaced;
  for (const ms of burstAtMs) {
    expect(nextPictureAt(state, 5_000 + ms)).toBe(5_000 + ms);
    state = afterPicture(state, 5_000 + ms);
  }
});

test('a third picture in a second waits for the next one', () => {
  const state = afterPicture(afterPicture(unpaced, 5_000), 5_400);

  expect(nextPictureAt(state, 5_500)).toBe(6_010);
  expect(nextPictureAt(state, 6_010)).toBe(6_010);
});

test('a fresh frame leaves the second picture of a second to what is done', () => {
  const state = afterPicture(unpaced, 5_000);

  expect(nextPictureAt(state, 5_300, 1)).toBe(6_010);
  expect(nextPictureAt(state, 5_300)).toBe(5_300);
});

test('a refused picture waits for a whole second', () => {
  expect(nextPictureAt(afterRefusal(5_000), 5_001)).toBe(6_010);
});

test('a clock that was set back holds nothing up', () => {
  const state = afterPicture(afterPicture(unpaced, 9_000_000), 9_000_010);

  expect(nextPictureAt(state, 5_000)).toBe(5_000);
});
