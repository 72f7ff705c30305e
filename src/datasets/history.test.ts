import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { interactionTypes, wordsOf } from '../contract/vocabulary.ts';
import { describeHistory, describeInteraction, History, type PastAction } from './history.ts';

const actions = fc
  .array(fc.constantFrom(...wordsOf(interactionTypes), 'HOVER' as const, 'HOVER' as const), {
    maxLength: 80,
  })
  .map((types) =>
    types.map(
      (type, at): PastAction => ({
        sequence: at + 1,
        type,
        url: 'https://shop.example/',
        target: { tag: 'button', name: `Button ${at}` },
      }),
    ),
  );

test('a history that grows tells what one of the whole past does', () => {
  fc.assert(
    fc.property(actions, (all) => {
      const history = new History();
      for (const action of all) {
        expect(history.past()).toEqual(describeHistory(all, action.sequence));
        expect(history.past()).toMatchObject(tellWhole(all, action.sequence));
        history.add(action);
      }
    }),
  );
});

/** As one reads the whole past, in so many words. */
function tellWhole(all: PastAction[], sequence: number) {
  const past = all.filter(
    (action) =>
      action.sequence < sequence &&
      !['FOCUS', 'BLUR', 'SUBMIT', 'OTHER', 'MODAL_CLOSE'].includes(action.type),
  );
  while (past.at(-1)?.type === 'HOVER') past.pop();
  return {
    words: past.slice(-20).map(describeInteraction),
    leftOut: past.length - Math.min(past.length, 20),
  };
}
