import { expect, test } from 'vitest';
import { greyOf, isNearlySame } from './likeness.ts';

const plain = () => new Uint8Array(640).fill(200);

test('a caret that blinks makes no other picture, a word does', () => {
  const caret = plain();
  caret[100] = 180;
  const word = plain();
  word.fill(190, 100, 140);

  expect(isNearlySame(plain(), caret)).toBe(true);
  expect(isNearlySame(plain(), word)).toBe(false);
});

test('one great difference counts, however small it is', () => {
  const spot = plain();
  spot[0] = 170;

  expect(isNearlySame(plain(), spot)).toBe(false);
});

test('grey is as bright as the eye sees it', () => {
  expect([...greyOf(new Uint8ClampedArray([255, 255, 255, 255, 0, 255, 0, 255]))]).toEqual([
    255, 150,
  ]);
});
