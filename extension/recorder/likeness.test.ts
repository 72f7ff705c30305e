import { expect, test } from 'vitest';
import { greyOf, isNearlySame, thumbHeight, thumbWidth } from './likeness.ts';

const plain = () => new Uint8Array(thumbWidth * thumbHeight).fill(200);
const withBox = (width: number, height: number, grey: number) => {
  const picture = plain();
  for (let y = 20; y < 20 + height; y++) {
    picture.fill(grey, y * thumbWidth + 20, y * thumbWidth + 20 + width);
  }
  return picture;
};

test('a caret that blinks makes no other picture, a word does', () => {
  const caret = withBox(1, 5, 150);
  const word = withBox(24, 8, 120);

  expect(isNearlySame(plain(), caret)).toBe(true);
  expect(isNearlySame(plain(), word)).toBe(false);
});

test('a tick in a box is an answer, and too little for anything else', () => {
  const tick = withBox(2, 2, 90);

  expect(isNearlySame(plain(), tick, true)).toBe(false);
  expect(isNearlySame(plain(), tick)).toBe(true);
  expect(isNearlySame(plain(), plain(), true)).toBe(true);
});

test('grey is as bright as the eye sees it', () => {
  expect([...greyOf(new Uint8ClampedArray([255, 255, 255, 255, 0, 255, 0, 255]))]).toEqual([
    255, 150,
  ]);
});
