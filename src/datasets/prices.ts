/** What a provider asks for one base model, in US dollars per million tokens. */
export type ModelPrice = {
  /** Of the training file, once for each epoch. */
  training: number;
  /** Of a question to a model that was tuned from it. */
  input: number;
  /** Of an answer of such a model. */
  output: number;
  /** The same for the base model itself. */
  baseInput: number;
  baseOutput: number;
};

/** List prices of fine-tuning (openai.com/api/pricing, "Fine-tuning models", 2025; unchanged in 2026). */
const prices: [prefix: string, ModelPrice][] = [
  ['gpt-4.1-nano', { training: 1.5, input: 0.2, output: 0.8, baseInput: 0.1, baseOutput: 0.4 }],
  ['gpt-4.1-mini', { training: 5, input: 0.8, output: 3.2, baseInput: 0.4, baseOutput: 1.6 }],
  ['gpt-4.1', { training: 25, input: 3, output: 12, baseInput: 2, baseOutput: 8 }],
  ['gpt-4o-mini', { training: 3, input: 0.3, output: 1.2, baseInput: 0.15, baseOutput: 0.6 }],
  ['gpt-4o', { training: 25, input: 3.75, output: 15, baseInput: 2.5, baseOutput: 10 }],
];

/** Base models with a known price, cheapest training first. */
export const pricedModels: readonly string[] = prices
  .toSorted(([, a], [, b]) => a.training - b.training)
  .map(([prefix]) => prefix);

/** The price of a base model or of a dated version of it (`gpt-4.1-mini-2025-04-14`); `null` where none is known. */
export function priceOf(model: string): ModelPrice | null {
  const found = prices.find(
    ([prefix]) => model === prefix || (model.startsWith(`${prefix}-`) && isDate(model, prefix)),
  );
  return found?.[1] ?? null;
}

function isDate(model: string, prefix: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(model.slice(prefix.length + 1));
}
