import type { Answer, Question } from '../answerer.ts';
import { featuresOf } from './features.ts';
import { likelyKey, likelyOperation } from './operations.ts';
import { readQuestion } from './read.ts';
import { chancesOf } from './softmax.ts';
import type { RankerModel } from './train.ts';
import { possibleValues } from './values.ts';

/** Ranks the candidates of a question, and says what to do with the first. Pure; about a millisecond. */
export function answerWith(
  model: RankerModel,
  question: Question,
): Pick<Answer, 'ranked' | 'operation' | 'value'> {
  const read = readQuestion(question);
  const chances = chancesOf(model.rank, featuresOf(read));
  const order = chances
    .map((confidence, index) => ({ confidence, index }))
    .sort((a, b) => b.confidence - a.confidence || a.index - b.index);
  const ranked = order.flatMap(({ confidence, index }) => {
    const ref = read.candidates[index]?.ref;
    return ref === undefined ? [] : [{ ref, confidence }];
  });
  const first = read.candidates[order[0]?.index ?? 0];
  if (!first) return { ranked: [], operation: 'click', value: null };
  const operation = likelyOperation(model.operations, read, first);
  if (operation === 'press') return { ranked, operation, value: likelyKey(model.keys, first) };
  const values = possibleValues(read, first, operation);
  if (values.length === 0)
    return { ranked, operation, value: operation === 'type' || operation === 'select' ? '' : null };
  const worth = chancesOf(
    model.value,
    values.map(({ features }) => features),
  );
  return { ranked, operation, value: values[worth.indexOf(Math.max(...worth))]?.text ?? '' };
}
