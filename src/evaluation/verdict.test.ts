import { expect, test } from 'vitest';
import type { Answer } from '../training/answerer.ts';
import { verdictOf } from './verdict.ts';

const answer = (more: Partial<Answer> = {}): Answer => ({
  ranked: [
    { ref: 'e1', confidence: 0.7 },
    { ref: 'e2', confidence: 0.3 },
  ],
  operation: 'type',
  value: 'rain jacket',
  latencyMs: 1,
  costUsd: null,
  problem: null,
  ...more,
});
const right = { ref: 'e1', operation: 'type', value: 'Rain  Jacket' } as const;

test('case and white space of a value do not count, its words do', () => {
  expect(verdictOf(right, answer())).toEqual({
    isElementRight: true,
    isOperationRight: true,
    operationF1: 1,
    isStepRight: true,
    place: 1,
  });
  expect(verdictOf(right, answer({ value: 'rain' }))).toMatchObject({
    isOperationRight: true,
    operationF1: 0.8,
    isStepRight: false,
  });
  expect(verdictOf(right, answer({ operation: 'click', value: null }))).toMatchObject({
    isOperationRight: false,
    operationF1: 0,
  });
});

test('the place of the right candidate is told, and is unknown where it was not ranked', () => {
  const other = { ...right, ref: 'e2' };

  expect(verdictOf(other, answer())).toMatchObject({ isElementRight: false, place: 2 });
  expect(verdictOf({ ...right, ref: 'e9' }, answer())).toMatchObject({ place: null });
});

test('an answer that is none is wrong in everything', () => {
  expect(verdictOf(right, answer({ problem: 'no tool was called' }))).toEqual({
    isElementRight: false,
    isOperationRight: false,
    operationF1: 0,
    isStepRight: false,
    place: null,
  });
});
